// Our session with plain OpenSSL on the other side: both roles, every cipher suite; and what our
// records use of sequence numbers and nonces behind OpenSSL's.
#include <gtest/gtest.h>

#include <set>

#include "openssl_peer.h"

namespace parley::dtls {
namespace {

using test::identity;
using test::Octets;
using test::OpenSslPeer;
using test::Pair;

// name by IANA, name of OpenSSL, overhead
struct Suite {
  const char* name;
  const char* openSslName;
  std::size_t overhead;
};

constexpr Suite kSuites[] = {
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", 37},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", 37},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", 29},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", 37},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", 37},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305", 29},
};

class OpenSslInterop : public testing::TestWithParam<std::tuple<Suite, Role>> {
 protected:
  void SetUp() override {
    const auto& [suite, role] = GetParam();
    const bool rsa = std::string(suite.name).find("_RSA_") != std::string::npos;
    const auto kind = rsa ? crypto::KeyKind::Rsa2048 : crypto::KeyKind::EcdsaP256;
    const auto& ours_ = identity(rsa ? "rsa ours" : "ours", kind);
    const auto& theirs = identity(rsa ? "rsa theirs" : "theirs", kind);
    peer.emplace(role == Role::Client ? Role::Server : Role::Client, theirs, suite.openSslName);
    ours.emplace(SessionConfig{.role = role,
                               .identity = ours_,
                               .remoteFingerprints = {theirs.fingerprint()},
                               .srtpProfiles = {SrtpProfile::AeadAes128Gcm}});
  }
  void carryOurs() {
    Octets room(2048);
    while (const std::size_t n = ours->session.pollDatagram(room, now)) {
      sent.emplace_back(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(n));
      peer->input(sent.back());
      peer->step();
      const Octets answer = peer->output();
      if (!answer.empty()) ours->receive(answer, now);
    }
    ours->takeEvents();
  }
  void connect() {
    ours->session.start(now, 0ms);
    peer->step();
    const Octets first = peer->output();
    if (!first.empty()) ours->receive(first, now);
    for (int i = 0; i < 5; ++i)
      carryOurs();
    ASSERT_EQ(ours->connected, 1);
    ASSERT_TRUE(peer->step());
  }

  std::optional<OpenSslPeer> peer;
  std::optional<test::Endpoint> ours;
  std::vector<Octets> sent;
  Time now{};
};

TEST_P(OpenSslInterop, carriesBothWays) {
  connect();
  EXPECT_EQ(ours->session.cipherSuite(), std::get<0>(GetParam()).name);
  EXPECT_EQ(ours->session.overhead(), std::get<0>(GetParam()).overhead);
  for (const std::size_t size : {1u, 15u, 16u, 17u, 1150u, 16'384u}) {
    const std::string text(size, 'o');
    EXPECT_EQ(peer->read(Pair::sealed(*ours, text)), text);
    ours->receive(peer->write(text), now);
    ASSERT_FALSE(ours->received.empty());
    EXPECT_EQ(ours->received.back(), text);
  }
  EXPECT_EQ(ours->session.stats().rejected, 0u);
}

TEST_P(OpenSslInterop, exportsTheSameSrtpKeys) {
  connect();
  std::array<std::uint8_t, 56> block{};  // two keys of 16, two salts of 12
  const std::string label = "EXTRACTOR-dtls_srtp";
  ASSERT_EQ(SSL_export_keying_material(peer->ssl(), block.data(), block.size(), label.data(),
                                       label.size(), nullptr, 0, 0),
            1);
  const auto keys = ours->session.exportSrtpKeys();
  ASSERT_TRUE(keys.has_value());
  const bool isClient = ours->session.role() == Role::Client;
  const std::uint8_t* client = block.data();
  EXPECT_TRUE(
      std::equal(client, client + 16, (isClient ? keys->localKey : keys->remoteKey).begin()));
  EXPECT_TRUE(std::equal(client + 44, client + 56,
                         (isClient ? keys->remoteSalt : keys->localSalt).begin()));
}

// What the header promises: sequence numbers go on behind OpenSSL's, and no explicit nonce of
// AES-GCM comes twice in all that we ever sent under the key.
TEST_P(OpenSslInterop, sequenceNumbersAndNoncesAreDisjointFromOpenSsls) {
  connect();
  std::set<std::uint64_t> sequences;
  std::set<std::uint64_t> nonces;
  std::size_t records = 0;
  std::uint64_t lastOfHandshake = 0;
  const bool gcm = ours->session.overhead() == 37;
  const auto note = [&](const Octets& datagram, bool handshake) {
    Octets copy = datagram;
    Bytes rest = copy;
    while (const auto r = firstRecord(rest)) {
      rest = rest.subspan(r->whole.size());
      if (r->epoch == 0) continue;
      ++records;
      sequences.insert(r->sequence);
      const std::uint64_t nonce = loadBe64(r->whole.data() + kRecordHeader);
      if (handshake) lastOfHandshake = nonce;
      if (gcm) nonces.insert(nonce);
    }
  };
  for (const Octets& d : sent)
    note(d, true);
  ASSERT_EQ(records, 1u) << "OpenSSL's Finished";
  for (int i = 0; i < 1000; ++i) {
    const Octets d = Pair::sealed(*ours, "data");
    if (gcm) {
      EXPECT_EQ(loadBe64(d.data() + kRecordHeader) - lastOfHandshake,
                static_cast<std::uint64_t>(i) + 1);
    }
    note(d, false);
    EXPECT_EQ(peer->read(d), "data");
  }
  EXPECT_EQ(sequences.size(), 1001u);
  EXPECT_EQ(*sequences.rbegin(), 1000u);
  EXPECT_EQ(nonces.size(), gcm ? 1001u : 0u);
}

TEST_P(OpenSslInterop, renegotiationIsRefused) {
  connect();
  SSL_renegotiate(peer->ssl());
  peer->step();
  const Octets hello = peer->output();
  ASSERT_FALSE(hello.empty());
  ours->receive(hello, now);
  Octets room(2048);
  room.resize(ours->session.pollDatagram(room, now));
  ASSERT_FALSE(room.empty());
  EXPECT_EQ(room[0], 21) << "an alert";
  EXPECT_EQ(ours->session.state(), State::Connected);
}

TEST_P(OpenSslInterop, closeNotifyBothWays) {
  connect();
  if (std::get<1>(GetParam()) == Role::Client) {
    SSL_shutdown(peer->ssl());
    ours->receive(peer->output(), now);
    ours->takeEvents();
    EXPECT_EQ(ours->closed, 1);
  } else {
    ours->session.close(now);
    Octets room(2048);
    room.resize(ours->session.pollDatagram(room, now));
    EXPECT_EQ(peer->read(room), "");
    EXPECT_EQ(peer->error, SSL_ERROR_ZERO_RETURN);
  }
}

INSTANTIATE_TEST_SUITE_P(Suites, OpenSslInterop,
                         testing::Combine(testing::ValuesIn(kSuites),
                                          testing::Values(Role::Client, Role::Server)));

class OpenSslServer : public OpenSslInterop {};

// RFC 6347 section 4.2.1: Pion and GnuTLS ask for a cookie first.
TEST_P(OpenSslServer, mayAskForACookie) {
  SSL_CTX* ctx = SSL_get_SSL_CTX(peer->ssl());
  SSL_CTX_set_cookie_generate_cb(ctx, [](SSL*, unsigned char* cookie, unsigned* size) {
    std::fill_n(cookie, 20, std::uint8_t{7});
    *size = 20;
    return 1;
  });
  SSL_CTX_set_cookie_verify_cb(ctx, [](SSL*, const unsigned char* cookie, unsigned size) {
    return size == 20 && cookie[19] == 7 ? 1 : 0;
  });
  SSL_set_options(peer->ssl(), SSL_OP_COOKIE_EXCHANGE);
  connect();
  EXPECT_EQ(peer->read(Pair::sealed(*ours, "after a cookie")), "after a cookie");
}

// RFC 7627 is new enough that not everybody has it.
TEST_P(OpenSslServer, mayHaveNoExtendedMasterSecret) {
  SSL_set_options(peer->ssl(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
  connect();
  ASSERT_EQ(SSL_get_extms_support(peer->ssl()), 0);
  EXPECT_EQ(peer->read(Pair::sealed(*ours, "there")), "there");
  ours->receive(peer->write("and back"), now);
  EXPECT_EQ(ours->received.back(), "and back");
}

INSTANTIATE_TEST_SUITE_P(Suites, OpenSslServer,
                         testing::Combine(testing::Values(kSuites[0]),
                                          testing::Values(Role::Client)));

TEST(OpenSslRefusal, aSuiteWithoutAeadIsNotShared) {
  OpenSslPeer peer(Role::Client, identity("theirs"), "ECDHE-ECDSA-AES128-SHA");
  test::Endpoint ours(SessionConfig{.role = Role::Server,
                                    .identity = identity("ours"),
                                    .remoteFingerprints = {identity("theirs").fingerprint()},
                                    .srtpProfiles = {}});
  ours.session.start(Time{}, 0ms);
  peer.step();
  ours.receive(peer.output(), Time{});
  ours.takeEvents();
  ASSERT_EQ(ours.failures.size(), 1u);
  EXPECT_EQ(describe(ours.failures[0]), "no shared cipher (our alert: handshake failure)");
}

// A client that shows no certificate is nobody (RFC 8827 section 6.5).
TEST(OpenSslRefusal, aClientWithoutACertificate) {
  OpenSslPeer peer(Role::Client, identity("theirs"), "ECDHE-ECDSA-AES128-GCM-SHA256");
  SSL_certs_clear(peer.ssl());
  test::Endpoint ours(SessionConfig{.role = Role::Server,
                                    .identity = identity("ours"),
                                    .remoteFingerprints = {identity("theirs").fingerprint()},
                                    .srtpProfiles = {}});
  ours.session.start(Time{}, 0ms);
  peer.step();
  Octets room(2048);
  ours.receive(peer.output(), Time{});
  for (int i = 0; i < 10; ++i) {
    const std::size_t n = ours.session.pollDatagram(room, Time{});
    if (n == 0) break;
    peer.input(Octets(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(n)));
    peer.step();
    const Octets answer = peer.output();
    if (!answer.empty()) ours.receive(answer, Time{});
  }
  ours.takeEvents();
  EXPECT_EQ(ours.connected, 0);
  ASSERT_EQ(ours.failures.size(), 1u);
  EXPECT_EQ(describe(ours.failures[0]),
            "peer did not return a certificate (our alert: handshake failure)");
}

}  // namespace
}  // namespace parley::dtls
