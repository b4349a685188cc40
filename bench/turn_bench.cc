// What the relay's decision costs, kernel not counted. Budgets: 60 ns a train and 5 ns a packet;
// with a thousand allocations in the tables, each train from another one.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "base/check.h"
#include "stun/attributes.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/message_writer.h"
#include "turn/server/server.h"

namespace {

using namespace parley;
using namespace parley::turn;

constexpr std::size_t kAllocations = 1000;
constexpr std::size_t kPayload = 1000;
const Address kPeer(IpAddress::v4(203, 0, 113, 5), 5000);

class Bench {
 public:
  Bench() {
    Config config;
    config.credentials.users = {{"u", "p"}};
    config.staticUserLimits.maxAllocations = 100'000;
    config.maxAllocationsPerSource = 100'000;
    config.relayAddresses = {{IpAddress::v4(192, 0, 2, 1), {}}};
    server_ = std::make_unique<Server>(config, random_);
    for (std::size_t i = 0; i < kAllocations; ++i)
      connect(i);
    PARLEY_CHECK(server_->allocationCount() == kAllocations);
  }
  Server& server() { return *server_; }
  const Path& client(std::size_t i) const { return clients_[i % kAllocations]; }
  Path relay(std::size_t i) const { return {relays_[i % kAllocations], Transport::Udp, {}, kPeer}; }
  Time now() const { return now_; }

 private:
  void connect(std::size_t i) {
    const Path path{LinkId{1}, Transport::Udp, Address(IpAddress::v4(192, 0, 2, 1), 3478),
                    Address(IpAddress::v4(static_cast<std::uint32_t>(0xc6336400 + i % 200)),
                            static_cast<std::uint16_t>(1024 + i))};
    clients_.push_back(path);
    nonce_.clear();
    request(path, stun::Method::Allocate,
            [](auto& w) { w.requestedTransport(stun::kTransportUdp); });
    request(path, stun::Method::Allocate,
            [](auto& w) { w.requestedTransport(stun::kTransportUdp); });
    request(path, stun::Method::ChannelBind, [](auto& w) {
      w.channelNumber(0x4000);
      w.xorAddress(stun::attr::kXorPeerAddress, kPeer);
    });
  }

  template <class Fill>
  void request(const Path& path, stun::Method method, Fill fill) {
    std::vector<std::uint8_t> out(512);
    stun::TransactionId id;
    storeBe32(id.bytes.data(), ++transaction_);
    stun::MessageWriter w(out, method, stun::Class::Request, id);
    fill(w);
    if (!nonce_.empty()) {
      w.text(stun::attr::kUsername, "u");
      w.text(stun::attr::kRealm, "parley");
      w.text(stun::attr::kNonce, nonce_);
      const stun::LongTermKey key(stun::PasswordAlgorithm::Md5, "u", "parley", "p");
      crypto::HmacKey hmac(crypto::HmacAlgorithm::Sha1, key.bytes());
      w.integrity(hmac);
    }
    out.resize(w.finish());
    server_->handleDatagrams(Train(path, out), now_);
    std::vector<std::uint8_t> arena(4096);
    std::vector<Transmit> items(4);
    TransmitBatch batch(arena, items);
    drain(
        *server_, batch, now_,
        [&](const TransmitBatch& b) {
          const auto m = stun::Message::parse(b.bytes(b.trains()[0]));
          if (const auto n = m->find(stun::attr::kNonce)) nonce_ = asText(*n);
        },
        [&](const Server::Event& e) {
          if (const auto* bind = std::get_if<BindRelay>(&e)) {
            relays_.push_back(LinkId{1000 + relays_.size()});
            server_->handleRelayBound(bind->relay, relays_.back(), now_);
          }
        });
  }

  SeededRandom random_{1};
  Time now_{std::chrono::hours{1}};
  std::unique_ptr<Server> server_;
  std::vector<Path> clients_;
  std::vector<LinkId> relays_;
  std::string nonce_;
  std::uint32_t transaction_ = 0;
};

Bench& shared() {
  static Bench bench;
  return bench;
}

// A train of ChannelData from the client; argument: packets.
void clientToPeer(benchmark::State& state) {
  Bench& b = shared();
  const auto packets = static_cast<std::size_t>(state.range(0));
  std::vector<std::uint8_t> bytes(packets * (kPayload + 4));
  for (std::size_t i = 0; i < packets; ++i) {
    writeChannelHeader(bytes.data() + i * (kPayload + 4), ChannelNumber{0x4000}, kPayload);
  }
  std::size_t i = 0;
  for (auto _ : state) {
    const Verdict v =
        b.server().routeFromClient(Train(b.client(i += 7), bytes, kPayload + 4), b.now());
    benchmark::DoNotOptimize(v.count);
    if (v.count != packets || v.kind != Verdict::Kind::Forward) state.SkipWithError("not routed");
  }
}
BENCHMARK(clientToPeer)->Name("relay/channel_data_to_peer")->Arg(1)->Arg(8)->Arg(32)->Arg(64);

void peerToClient(benchmark::State& state) {
  Bench& b = shared();
  const auto packets = static_cast<std::size_t>(state.range(0));
  std::vector<std::uint8_t> bytes(packets * kPayload);
  std::size_t i = 0;
  for (auto _ : state) {
    const Verdict v = b.server().routeFromPeer(Train(b.relay(i += 7), bytes, kPayload), b.now());
    benchmark::DoNotOptimize(v.count);
    if (v.count != packets || v.kind != Verdict::Kind::Forward) state.SkipWithError("not routed");
  }
}
BENCHMARK(peerToClient)->Name("relay/channel_data_to_client")->Arg(1)->Arg(8)->Arg(64);

void dataIndication(benchmark::State& state) {
  Bench& b = shared();
  std::vector<std::uint8_t> bytes(kPayload);
  std::size_t i = 0;
  for (auto _ : state) {
    Path path = b.relay(i += 7);
    path.remote = kPeer.withPort(777);
    const Verdict v = b.server().routeFromPeer(Train(path, bytes), b.now());
    if (v.kind != Verdict::Kind::Forward) state.SkipWithError("not routed");
  }
}
BENCHMARK(dataIndication)->Name("relay/data_indication_to_client");

void sendIndication(benchmark::State& state) {
  Bench& b = shared();
  std::vector<std::uint8_t> bytes(kPayload + 100);
  stun::MessageWriter w(bytes, stun::Method::Send, stun::Class::Indication, {});
  w.xorAddress(stun::attr::kXorPeerAddress, kPeer);
  w.attribute(stun::attr::kData, std::vector<std::uint8_t>(kPayload));
  bytes.resize(w.finish());
  std::size_t i = 0;
  for (auto _ : state) {
    const Verdict v = b.server().routeFromClient(Train(b.client(i += 7), bytes), b.now());
    if (v.kind != Verdict::Kind::Forward) state.SkipWithError("not routed");
  }
}
BENCHMARK(sendIndication)->Name("relay/send_indication_to_peer");

void dropUnknownClient(benchmark::State& state) {
  Bench& b = shared();
  std::vector<std::uint8_t> bytes(kPayload);
  writeChannelHeader(bytes.data(), ChannelNumber{0x4000}, kPayload - 4);
  Path stranger = b.client(0);
  for (auto _ : state) {
    stranger.remote = stranger.remote.withPort(static_cast<std::uint16_t>(60'000));
    benchmark::DoNotOptimize(b.server().routeFromClient(Train(stranger, bytes), b.now()).cause);
  }
}
BENCHMARK(dropUnknownClient)->Name("relay/drop_unknown_client");

}  // namespace

BENCHMARK_MAIN();
