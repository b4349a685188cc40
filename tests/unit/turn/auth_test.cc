// Who may speak to the server: nonces, users, REST credentials, algorithms, limits on answers.
#include <gtest/gtest.h>

#include "base/base64.h"
#include "turn/server/authenticator.h"
#include "turn_harness.h"

namespace parley::turn {
namespace {

using test::addr;
using test::Client;
using test::Harness;
using test::Octets;
using test::Reply;
namespace attr = stun::attr;

constexpr std::int64_t kWallStart = 1'800'000'000;

std::string restPassword(const std::string& secret, const std::string& user) {
  return base64Encode(crypto::hmacSha1(asBytes(secret), asBytes(user)));
}

Config restConfig() {
  Config config = test::defaultConfig();
  config.credentials.secrets = {"old-secret", "new-secret"};
  return config;
}

TEST(Auth, challengesWhoBringsNoCredentials) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  const Reply r = c.challenge();
  EXPECT_EQ(r.code(), 401);
  EXPECT_EQ(r.text(attr::kRealm), "example.org");
  EXPECT_EQ(r.text(attr::kNonce).substr(0, 9), "obMatJos2");
  EXPECT_TRUE(r.message().has(attr::kPasswordAlgorithms));
  EXPECT_FALSE(r.message().has(attr::kSoftware));
  EXPECT_FALSE(r.message().has(attr::kUsername));
  EXPECT_EQ(h.server->allocationCount(), 0u);
}

TEST(Auth, aChallengeStaysUnder128BytesWithTheLongestRealm) {
  Config config = test::defaultConfig();
  config.realm = std::string(kMaxRealmLength, 'r');
  Harness h(config);
  Client c(h, "198.51.100.7:4000");
  c.fingerprint = true;
  EXPECT_LE(c.challenge().bytes.size(), 136u);  // with the FINGERPRINT it asked for
  c.fingerprint = false;
  EXPECT_LE(c.challenge().bytes.size(), 128u);
}

TEST(Auth, letsInWhoKnowsThePassword) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Auth, answersInTheAlgorithmOfTheRequest) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.sha256 = true;
  const Reply r = c.allocate();
  ASSERT_EQ(r.code(), 0);
  EXPECT_EQ(r.message().integrity(), stun::Integrity::Sha256);
  EXPECT_EQ(c.permit({"203.0.113.5:1"}).code(), 0);
  c.sha256 = false;  // the same user by the older algorithm is still the same user
  EXPECT_EQ(c.permit({"203.0.113.5:1"}).code(), 0);
}

TEST(Auth, refusesWrongPasswordUnknownUserAndWrongRealm) {
  Harness h;
  for (const auto& [user, password, realm] :
       std::vector<std::tuple<std::string, std::string, std::string>>{
           {"alice", "wrong", ""},
           {"carol", "secret", ""},
           {"alice", "secret", "other.org"},
           {"", "secret", ""},
           {std::string(600, 'a'), "secret", ""}}) {
    Client c(h, "198.51.100.7:4000");
    c.challenge();
    c.user = user;
    c.password = password;
    if (!realm.empty()) c.realm = realm;
    const Reply r = c.allocate();
    EXPECT_EQ(r.code(), 401) << user;
    EXPECT_FALSE(r.text(attr::kNonce).empty());
  }
  EXPECT_EQ(h.server->allocationCount(), 0u);
}

TEST(Auth, aRequestThatIsIncompleteIs400) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  for (const stun::AttributeType missing : {attr::kUsername, attr::kRealm, attr::kNonce}) {
    Octets out(512);
    stun::MessageWriter w(out, stun::Method::Allocate, stun::Class::Request,
                          {{static_cast<std::uint8_t>(missing)}});
    Client::udp(w);
    if (missing != attr::kUsername) w.text(attr::kUsername, c.user);
    if (missing != attr::kRealm) w.text(attr::kRealm, c.realm);
    if (missing != attr::kNonce) w.text(attr::kNonce, c.nonce);
    auto key = c.key();
    w.integrity(key);
    out.resize(w.finish());
    EXPECT_EQ(c.exchange(out).code(), 400) << missing;
  }
}

TEST(Auth, nonceIsBoundToAddressPortTransportAndTime) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  for (const char* other : {"198.51.100.8:4000", "198.51.100.7:4001"}) {
    Client thief(h, other);
    thief.nonce = c.nonce;
    thief.realm = c.realm;
    EXPECT_EQ(thief.allocate().code(), 438) << other;
  }
  Client tcp(h, "198.51.100.7:4000", Transport::Tcp);
  tcp.nonce = c.nonce;
  tcp.realm = c.realm;
  EXPECT_EQ(tcp.allocate().code(), 438);
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Auth, aStaleNonceIs438WithAFreshOne) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  h.advance(kNonceLifetime + 2s);
  const Reply stale = c.allocate();
  EXPECT_EQ(stale.code(), 438);
  EXPECT_EQ(stale.text(attr::kRealm), "example.org");
  c.nonce = stale.text(attr::kNonce);
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Auth, aNonceServesUpToItsLifetime) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  h.advance(kNonceLifetime - 1s);
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Auth, anyChangedByteOfANonceMakesItStale) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  const std::string good = c.nonce;
  for (std::size_t i = 0; i < good.size(); ++i) {
    c.nonce = good;
    c.nonce[i] = c.nonce[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(c.allocate().code(), 438) << i;
  }
  c.nonce = good + "A";
  EXPECT_EQ(c.allocate().code(), 438);
  c.nonce = std::string(700, 'x');
  EXPECT_EQ(c.allocate().code(), 438);
}

TEST(Auth, noncesDifferBetweenClients) {
  Harness h;
  Client a(h, "198.51.100.7:4000");
  Client b(h, "198.51.100.7:4001");
  a.challenge();
  b.challenge();
  EXPECT_NE(a.nonce, b.nonce);
}

// RFC 8489 section 9.2.4: both attributes, ours unchanged, one of them chosen; else bid down.
TEST(Auth, passwordAlgorithmsMustComeBackUnchanged) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  struct Case {
    Octets list;
    std::uint32_t chosen;
    bool sha256Integrity;
  };
  const Octets ours{0, 2, 0, 0, 0, 1, 0, 0};
  for (const Case& bad : {Case{{0, 1, 0, 0}, 1, true}, Case{ours, 3, true}, Case{ours, 1, false},
                          Case{{}, 1, true}, Case{ours, 0, true}}) {
    Octets out(512);
    stun::MessageWriter w(out, stun::Method::Allocate, stun::Class::Request, {});
    Client::udp(w);
    w.text(attr::kUsername, c.user);
    w.text(attr::kRealm, c.realm);
    w.text(attr::kNonce, c.nonce);
    if (!bad.list.empty()) w.attribute(attr::kPasswordAlgorithms, bad.list);
    if (bad.chosen != 0) w.u32(attr::kPasswordAlgorithm, bad.chosen << 16);
    const stun::LongTermKey longTerm(stun::PasswordAlgorithm::Md5, c.user, c.realm, c.password);
    crypto::HmacKey key(
        bad.sha256Integrity ? crypto::HmacAlgorithm::Sha256 : crypto::HmacAlgorithm::Sha1,
        longTerm.bytes());
    w.integrity(key);
    out.resize(w.finish());
    EXPECT_EQ(c.exchange(out).code(), 400) << bad.chosen;
  }
}

TEST(Auth, md5CanBeChosenWithSha256Integrity) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  Octets out(512);
  stun::MessageWriter w(out, stun::Method::Allocate, stun::Class::Request, {});
  Client::udp(w);
  w.text(attr::kUsername, c.user);
  w.text(attr::kRealm, c.realm);
  w.text(attr::kNonce, c.nonce);
  w.attribute(attr::kPasswordAlgorithms, Authenticator::passwordAlgorithms());
  w.u32(attr::kPasswordAlgorithm, 1u << 16);
  const stun::LongTermKey longTerm(stun::PasswordAlgorithm::Md5, c.user, c.realm, c.password);
  crypto::HmacKey key(crypto::HmacAlgorithm::Sha256, longTerm.bytes());
  w.integrity(key);
  out.resize(w.finish());
  h.deliver(c.path, out);
  ASSERT_EQ(h.sent.size(), 1u);
  const auto reply = stun::Message::parse(h.sent[0].bytes);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply->messageClass(), stun::Class::Success);
  EXPECT_TRUE(reply->verify(key));
}

TEST(Auth, userhashStandsForTheNameWhereNamesCanBeListed) {
  for (const bool rest : {false, true}) {
    Harness h(rest ? restConfig() : test::defaultConfig());
    Client c(h, "198.51.100.7:4000");
    c.challenge();
    // Feature bit 1, the second from the left: offered or not.
    const auto features = base64Decode(c.nonce.substr(9, 4));
    ASSERT_TRUE(features);
    EXPECT_EQ((*features)[0], rest ? 0x80 : 0xC0);
    Octets out(512);
    stun::MessageWriter w(out, stun::Method::Allocate, stun::Class::Request, {});
    Client::udp(w);
    w.attribute(attr::kUserhash, stun::userhash(c.user, c.realm));
    w.text(attr::kRealm, c.realm);
    w.text(attr::kNonce, c.nonce);
    auto key = c.key();
    w.integrity(key);
    out.resize(w.finish());
    EXPECT_EQ(c.exchange(out).code(), rest ? 401 : 0);
  }
}

TEST(Rest, letsInByAnySecretUntilTheExpiry) {
  Harness h(restConfig());
  int port = 4000;
  for (const char* secret : {"old-secret", "new-secret"}) {
    Client c(h, "198.51.100.7:" + std::to_string(port++));
    c.user = std::to_string(kWallStart + 60) + ":member";
    c.password = restPassword(secret, c.user);
    EXPECT_EQ(c.allocate().code(), 0) << secret;
  }
  Client wrong(h, "198.51.100.7:5000");
  wrong.user = std::to_string(kWallStart + 60) + ":member";
  wrong.password = restPassword("unknown-secret", wrong.user);
  EXPECT_EQ(wrong.allocate().code(), 401);
}

TEST(Rest, refusesExpiredAndMalformedNames) {
  Harness h(restConfig());
  const std::string expired = std::to_string(kWallStart - 1) + ":member";
  for (const std::string& user :
       {expired, std::string("member"), std::string(":member"), std::string("12a:member"),
        std::string("-1:member"), std::string("99999999999:member")}) {
    Client c(h, "198.51.100.7:4000");
    c.user = user;
    c.password = restPassword("new-secret", user);
    EXPECT_EQ(c.allocate().code(), 401) << user;
  }
}

TEST(Rest, takesTheExpiryAloneAndTheFarthestOne) {
  Harness h(restConfig());
  int port = 4000;
  for (const std::string& user : {std::to_string(kWallStart + 5), std::string("9999999999:m")}) {
    Client c(h, "198.51.100.7:" + std::to_string(port++));
    c.user = user;
    c.password = restPassword("new-secret", user);
    EXPECT_EQ(c.allocate().code(), 0) << user;
  }
}

TEST(Rest, expiryCountsAtAllocateOnly) {
  Harness h(restConfig());
  Client c(h, "198.51.100.7:4000");
  c.user = std::to_string(kWallStart + 60) + ":member";
  c.password = restPassword("new-secret", c.user);
  ASSERT_EQ(c.allocate().code(), 0);
  h.advance(120s);
  EXPECT_EQ(c.refresh(600).code(), 0);
  EXPECT_EQ(c.permit({"203.0.113.5:1"}).code(), 0);
  EXPECT_EQ(c.bind(0x4000, "203.0.113.5:5000").code(), 0);
  Client late(h, "198.51.100.7:4001");
  late.user = c.user;
  late.password = c.password;
  EXPECT_EQ(late.allocate().code(), 401);
}

TEST(Rest, anAllocationEndsADayAfterItsStart) {
  Harness h(restConfig());
  Client c(h, "198.51.100.7:4000");
  c.user = std::to_string(kWallStart + 60) + ":member";
  c.password = restPassword("new-secret", c.user);
  ASSERT_EQ(c.allocate().code(), 0);
  const Time end = h.now + kMaxExpiringUse;
  while (h.now + 500s < end) {
    h.advance(500s);
    Reply r = c.refresh(600);
    if (r.code() == 438) {
      c.nonce = r.text(attr::kNonce);
      r = c.refresh(600);
    }
    ASSERT_EQ(r.code(), 0);
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(end - h.now).count();
    EXPECT_EQ(*r.lifetime(), std::min<std::int64_t>(600, left));
  }
  EXPECT_EQ(h.server->allocationCount(), 1u);
  h.advance(end - h.now);
  EXPECT_EQ(h.server->allocationCount(), 0u);
}

TEST(Rest, nothingExpiringIsTakenBeforeTheWallTimeIsKnown) {
  Harness h;
  h.server = std::make_unique<Server>(restConfig(), h.random);
  Client c(h, "198.51.100.7:4000");
  c.user = std::to_string(kWallStart + 60) + ":member";
  c.password = restPassword("new-secret", c.user);
  EXPECT_EQ(c.allocate().code(), 401);
  Client fixed(h, "198.51.100.7:4001");
  EXPECT_EQ(fixed.allocate().code(), 0);
  h.server->setWallTime(wallTimeFromUnixSeconds(kWallStart), h.now);
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Rest, wallTimeRunsOnWithTheEnginesTime) {
  Harness h(restConfig());
  h.advance(3600s);  // no setWallTime() since
  Client c(h, "198.51.100.7:4000");
  c.user = std::to_string(kWallStart + 1800) + ":member";
  c.password = restPassword("new-secret", c.user);
  EXPECT_EQ(c.allocate().code(), 401);
}

TEST(Credentials, aRemovedSecretEndsItsAllocationsWithinTheGrace) {
  Harness h(restConfig());
  Client kept(h, "198.51.100.7:4000");
  Client gone(h, "198.51.100.7:4001");
  Client fixed(h, "198.51.100.7:4002");
  for (Client* c : {&kept, &gone}) {
    c->user = std::to_string(kWallStart + 7200) + ":member";
    c->password = restPassword(c == &kept ? "new-secret" : "old-secret", c->user);
    ASSERT_EQ(c->allocate([](stun::MessageWriter& w) { w.u32(attr::kLifetime, 3600); }).code(), 0);
  }
  ASSERT_EQ(fixed.allocate().code(), 0);
  Credentials now = restConfig().credentials;
  now.secrets = {"new-secret"};
  h.server->setCredentials(now, h.now);
  h.drainAll();
  EXPECT_EQ(kept.refresh(3600).code(), 0);
  EXPECT_EQ(gone.refresh(3600).code(), 401);
  EXPECT_EQ(fixed.refresh(3600).code(), 0);
  h.advance(kRevocationGrace);
  EXPECT_EQ(h.server->allocationCount(), 2u);
  const auto ended = h.eventsOf<AllocationEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].reason, EndReason::Revoked);
  EXPECT_EQ(ended[0].client, gone.path);
}

TEST(Credentials, aChangedPasswordRevokesToo) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  Credentials changed = test::defaultConfig().credentials;
  changed.users[0].password = "changed";
  h.server->setCredentials(changed, h.now);
  EXPECT_EQ(c.refresh(600).code(), 401);
}

TEST(Limits, answersToUnprovenSourcesAreLimitedByNetwork) {
  Config config = test::defaultConfig();
  config.errorBurst = 5;
  config.errorsPerSecond = 1;
  Harness h(config);
  int answered = 0;
  for (int i = 0; i < 50; ++i) {
    Client c(h, "198.51.100." + std::to_string(i) + ":4000");
    if (c.challenge().received()) ++answered;
  }
  EXPECT_EQ(answered, 5);
  EXPECT_EQ(h.server->counters().limitedErrors, 45u);
  Client elsewhere(h, "198.51.101.1:4000");
  EXPECT_EQ(elsewhere.challenge().code(), 401);
  h.advance(2s);
  Client again(h, "198.51.100.1:4000");
  EXPECT_EQ(again.challenge().code(), 401);
}

TEST(Limits, aV6NetworkIsA56) {
  Config config = test::defaultConfig();
  config.errorBurst = 1;
  config.errorsPerSecond = 0.001;
  Harness h(config);
  Client a(h, "[2001:db8:1:100::1]:4000");
  Client same(h, "[2001:db8:1:1ff::2]:4000");
  Client other(h, "[2001:db8:1:200::1]:4000");
  EXPECT_EQ(a.challenge().code(), 401);
  EXPECT_FALSE(same.challenge().received());
  EXPECT_EQ(other.challenge().code(), 401);
}

TEST(Limits, aValidNonceIsNeverLimited) {
  Config config = test::defaultConfig();
  config.errorBurst = 1;
  config.errorsPerSecond = 0.001;
  Harness h(config);
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.challenge().code(), 401);
  c.password = "wrong";
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(c.allocate().code(), 401);
  c.password = "secret";
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Limits, streamsAndLoopbackAreNotLimited) {
  Config config = test::defaultConfig();
  config.errorBurst = 1;
  config.errorsPerSecond = 0.001;
  Harness h(config);
  Client tcp(h, "198.51.100.7:4000", Transport::Tcp);
  Client local(h, "127.0.0.1:4000");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(tcp.challenge().code(), 401);
    EXPECT_EQ(local.challenge().code(), 401);
  }
}

TEST(Binding, saysTheSourceAddressInLittle) {
  Harness h;
  for (const char* source : {"198.51.100.7:4000", "[2001:db8::7]:4000"}) {
    Client c(h, source);
    const Octets request = c.request(stun::Method::Binding);
    const Reply r = c.exchange(request);
    ASSERT_EQ(r.code(), 0);
    EXPECT_EQ(r.xorAddress(attr::kXorMappedAddress), addr(source));
    EXPECT_LE(static_cast<double>(r.bytes.size()), 2.2 * static_cast<double>(request.size()));
  }
}

TEST(Binding, mirrorsTheFingerprint) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.fingerprint = true;  // the client checks that the answer has one
  EXPECT_EQ(c.call(stun::Method::Binding).code(), 0);
}

TEST(Binding, unknownRequiredAttributesAre420) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  const Reply r = c.call(stun::Method::Binding, [](stun::MessageWriter& w) {
    w.u32(attr::kChangeRequest, 4);  // RFC 5780 is not offered
    w.flag(0x7777);
  });
  ASSERT_EQ(r.code(), 420);
  EXPECT_EQ(r.text(attr::kUnknownAttributes), std::string("\x00\x03\x77\x77", 4));
}

TEST(Binding, responsesIndicationsAndUnknownMethodsAreSilent) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  for (const std::uint16_t type : std::initializer_list<std::uint16_t>{
           0x0101, 0x0111, 0x0011, 0x0017,
           stun::encodeType(static_cast<stun::Method>(0x0bb), stun::Class::Request)}) {
    Octets out(64);
    stun::MessageWriter w(out, type, {});
    out.resize(w.finish());
    h.deliver(c.path, out);
  }
  EXPECT_TRUE(h.sent.empty());
}

TEST(Binding, malformedMessagesAreCountedAndSilent) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  const Octets good = c.request(stun::Method::Binding,
                                [](stun::MessageWriter& w) { w.text(attr::kSoftware, "xyz"); });
  for (std::size_t n = 4; n < good.size(); ++n)
    h.deliver(c.path, {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)});
  EXPECT_TRUE(h.sent.empty());
  EXPECT_EQ(h.server->counters().malformedMessages, good.size() - 4);
  h.deliver(c.path, Octets{0x16, 0xfe, 0xfd, 0, 0});  // DTLS, where none is spoken
  h.deliver(c.path, Octets{});
  EXPECT_EQ(h.drops(DropCause::NotTurn), 2u);
}

}  // namespace
}  // namespace parley::turn
