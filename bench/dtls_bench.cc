// DTLS: what a handshake costs both ends together, and one record of 1,150 bytes (the payload of a
// datagram of 1,200) sealed and opened, ours beside OpenSSL's own SSL_write and SSL_read.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/check.h"
#include "dtls/session.h"

namespace {

using namespace parley;
using namespace parley::dtls;

constexpr std::size_t kPayload = 1150;

crypto::Identity makeIdentity() {
  return crypto::Identity::generate(crypto::KeyKind::EcdsaP256,
                                    wallTimeFromUnixSeconds(1'700'000'000),
                                    wallTimeFromUnixSeconds(1'900'000'000))
      .value();
}

struct World {
  crypto::Identity a = makeIdentity();
  crypto::Identity b = makeIdentity();
  Context context;
};

World& world() {
  static World w;
  return w;
}

void carry(Session& from, Session& to) {
  std::array<std::uint8_t, 2048> room;
  while (const std::size_t n = from.pollDatagram(room, Time{}))
    to.handleDatagram(Bytes(room).first(n), Time{});
}

struct Pair {
  Pair()
      : client({.role = Role::Client,
                .identity = world().a,
                .remoteFingerprints = {world().b.fingerprint()},
                .srtpProfiles = {}},
               world().context),
        server({.role = Role::Server,
                .identity = world().b,
                .remoteFingerprints = {world().a.fingerprint()},
                .srtpProfiles = {}},
               world().context) {
    server.start(Time{}, 0ms);
    client.start(Time{}, 0ms);
    for (int i = 0; i < 4 && client.state() != State::Connected; ++i) {
      carry(client, server);
      carry(server, client);
    }
    PARLEY_CHECK(client.state() == State::Connected && server.state() == State::Connected);
    while (client.pollEvent() || server.pollEvent()) {
    }
  }
  Session client;
  Session server;
};

void handshake(benchmark::State& state) {
  for (auto _ : state) {
    Pair p;
    benchmark::DoNotOptimize(p);
  }
}
BENCHMARK(handshake)->Name("dtls/handshake_both_ends")->Unit(benchmark::kMicrosecond);

void certificate(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(makeIdentity());
}
BENCHMARK(certificate)->Name("dtls/certificate")->Unit(benchmark::kMicrosecond);

// Heap bytes of a connected session, both of a pair divided by two.
void memory(benchmark::State& state) {
  constexpr std::size_t kPairs = 200;
  Pair warm;
  for (auto _ : state) {
    std::vector<std::unique_ptr<Pair>> all;
    all.reserve(kPairs);
    const auto before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < kPairs; ++i)
      all.push_back(std::make_unique<Pair>());
    state.counters["bytes_a_session"] =
        static_cast<double>(mallinfo2().uordblks - before) / (2 * kPairs);
  }
}
BENCHMARK(memory)->Name("dtls/memory")->Iterations(1)->Unit(benchmark::kMillisecond);

void sealOnly(benchmark::State& state) {
  Pair p;
  std::array<std::uint8_t, 2048> room{};
  const ConstBytes plaintext = ConstBytes(room).subspan(p.client.headroom(), kPayload);
  for (auto _ : state)
    benchmark::DoNotOptimize(p.client.seal(plaintext, room));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPayload));
}
BENCHMARK(sealOnly)->Name("dtls/seal_1150");

void sealAndOpen(benchmark::State& state) {
  Pair p;
  std::array<std::uint8_t, 2048> room{};
  const ConstBytes plaintext = ConstBytes(room).subspan(p.client.headroom(), kPayload);
  for (auto _ : state) {
    const auto n = p.client.seal(plaintext, room);
    p.server.handleDatagram(Bytes(room).first(*n), Time{});
    std::size_t got = 0;
    while (const auto data = p.server.nextApplicationData())
      got += data->size();
    PARLEY_CHECK(got == kPayload);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPayload));
}
BENCHMARK(sealAndOpen)->Name("dtls/seal_and_open_1150");

// OpenSSL alone, over memory BIOs.
struct OpenSslEnd {
  OpenSslEnd(SSL_CTX* ctx, bool server) : ssl(SSL_new(ctx)) {
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(ssl, 1200);
    if (server)
      SSL_set_accept_state(ssl);
    else
      SSL_set_connect_state(ssl);
  }
  ~OpenSslEnd() { SSL_free(ssl); }
  OpenSslEnd(const OpenSslEnd&) = delete;
  OpenSslEnd& operator=(const OpenSslEnd&) = delete;
  void carryTo(OpenSslEnd& other) {
    char* data = nullptr;
    const long n = BIO_get_mem_data(out, &data);
    BIO_write(other.in, data, static_cast<int>(n));
    (void)BIO_reset(out);
  }
  SSL* ssl;
  BIO* in;
  BIO* out;
};

void openSsl(benchmark::State& state) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> ctx(SSL_CTX_new(DTLS_method()),
                                                              SSL_CTX_free);
  SSL_CTX_use_certificate(ctx.get(), static_cast<X509*>(world().a.x509()));
  SSL_CTX_use_PrivateKey(ctx.get(), static_cast<EVP_PKEY*>(world().a.key()));
  SSL_CTX_set_cipher_list(ctx.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  OpenSslEnd client(ctx.get(), false);
  OpenSslEnd server(ctx.get(), true);
  for (int i = 0; i < 5; ++i) {
    SSL_do_handshake(client.ssl);
    client.carryTo(server);
    SSL_do_handshake(server.ssl);
    server.carryTo(client);
  }
  std::array<std::uint8_t, 2048> room{};
  for (auto _ : state) {
    SSL_write(client.ssl, room.data(), static_cast<int>(kPayload));
    client.carryTo(server);
    const int n = SSL_read(server.ssl, room.data(), static_cast<int>(room.size()));
    PARLEY_CHECK(n == static_cast<int>(kPayload));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kPayload));
}
BENCHMARK(openSsl)->Name("dtls/openssl_write_and_read_1150");

}  // namespace

BENCHMARK_MAIN();
