// The client's half of authentication, against answers written by hand: RFC 8489 section 9.2.5.
#include "client_harness.h"

namespace parley::turn {
namespace {

using client::Failed;
using client::Remedy;
using stun::PasswordAlgorithm;
using test::AllocationConfig;
using test::Octets;
using test::ScriptedServer;
namespace attr = stun::attr;

const Octets kBoth = {0, 2, 0, 0, 0, 1, 0, 0};
const Octets kMd5Only = {0, 1, 0, 0};
const Octets kUnknownThenSha256 = {0, 9, 0, 2, 1, 2, 0, 0, 0, 2, 0, 0};
const Octets kUnknownOnly = {0, 9, 0, 0};
constexpr std::string_view kAlgorithmsBit = "obMatJos2gAAAnonce";  // 0x800000
constexpr std::string_view kAnonymityBit = "obMatJos2QAAAnonce";   // 0x400000
constexpr std::string_view kBothBits = "obMatJos2wAAAnonce";       // 0xC00000

std::string text(const stun::Message& m, stun::AttributeType type) {
  const auto value = m.find(type);
  return value ? std::string(asText(*value)) : std::string("(none)");
}

TEST(TurnClientAuth, TheFirstRequestCarriesNoCredentials) {
  ScriptedServer s;
  const auto m = s.request();
  EXPECT_EQ(m.method(), stun::Method::Allocate);
  EXPECT_FALSE(m.has(attr::kUsername));
  EXPECT_EQ(m.integrity(), stun::Integrity::None);
  EXPECT_EQ(stun::decodeRequestedTransport(*m.find(attr::kRequestedTransport)), 17);
  EXPECT_FALSE(m.has(attr::kRequestedAddressFamily));
}

TEST(TurnClientAuth, AnOldServerGetsMd5AndSha1) {
  ScriptedServer s;
  s.request();
  s.challenge(401, "n1");
  const auto m = s.request();
  EXPECT_EQ(text(m, attr::kUsername), "alice");
  EXPECT_EQ(text(m, attr::kRealm), "example.org");
  EXPECT_EQ(text(m, attr::kNonce), "n1");
  EXPECT_FALSE(m.has(attr::kPasswordAlgorithms));
  EXPECT_EQ(m.integrity(), stun::Integrity::Sha1);
  auto key = ScriptedServer::md5();
  EXPECT_TRUE(m.verify(key));
  s.success("192.0.2.1:50000", 600, &key);
  s.drainClient();
  EXPECT_EQ(s.only<client::Allocated>().relayed, test::addr("192.0.2.1:50000"));
}

TEST(TurnClientAuth, ANewServerGetsSha256AndItsListBack) {
  ScriptedServer s;
  s.request();
  s.challenge(401, kAlgorithmsBit, kBoth);
  const auto m = s.request();
  EXPECT_EQ(m.integrity(), stun::Integrity::Sha256);
  EXPECT_TRUE(std::ranges::equal(*m.find(attr::kPasswordAlgorithms), kBoth));
  EXPECT_EQ(stun::decodePasswordAlgorithm(*m.find(attr::kPasswordAlgorithm)), 2);
  auto key = ScriptedServer::key(PasswordAlgorithm::Sha256, crypto::HmacAlgorithm::Sha256);
  EXPECT_TRUE(m.verify(key));
  s.success("192.0.2.1:50000", 600, &key);
  s.drainClient();
  EXPECT_TRUE(s.has<client::Allocated>());
}

TEST(TurnClientAuth, TheFirstKnownAlgorithmOfTheListIsTaken) {
  ScriptedServer md5;
  md5.request();
  md5.challenge(401, kAlgorithmsBit, kMd5Only);
  // A key of MD5, and all the same SHA-256 over the message.
  auto key = ScriptedServer::key(PasswordAlgorithm::Md5, crypto::HmacAlgorithm::Sha256);
  EXPECT_TRUE(md5.request().verify(key));

  ScriptedServer skipping;
  skipping.request();
  skipping.challenge(401, kAlgorithmsBit, kUnknownThenSha256);
  const auto m = skipping.request();
  EXPECT_EQ(stun::decodePasswordAlgorithm(*m.find(attr::kPasswordAlgorithm)), 2);
}

TEST(TurnClientAuth, NobodyOnTheWayTalksItDownToMd5) {
  ScriptedServer s;
  s.request();
  s.challenge(401, kAlgorithmsBit);  // the list was taken out
  EXPECT_TRUE(s.drainClient().empty());
  const auto failed = s.only<Failed>();
  EXPECT_EQ(failed.code, 401);
  EXPECT_EQ(failed.remedy, Remedy::OtherServer);
}

TEST(TurnClientAuth, AlgorithmsThatNobodyKnowsAreTheEnd) {
  ScriptedServer s;
  s.request();
  s.challenge(401, kAlgorithmsBit, kUnknownOnly);
  EXPECT_TRUE(s.drainClient().empty());
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::OtherServer);
}

TEST(TurnClientAuth, TheNameGoesOutHashedWhereThatIsOffered) {
  for (const auto nonce : {kAnonymityBit, kBothBits}) {
    ScriptedServer s;
    s.request();
    s.challenge(401, nonce, nonce == kBothBits ? kBoth : Octets{});
    const auto m = s.request();
    EXPECT_FALSE(m.has(attr::kUsername));
    EXPECT_TRUE(
        std::ranges::equal(*m.find(attr::kUserhash), stun::userhash("alice", "example.org")));
  }
}

TEST(TurnClientAuth, AWrongPasswordIsTriedOnce) {
  ScriptedServer s;
  s.request();
  s.challenge(401, "n1");
  s.request();
  s.challenge(401, "n2");
  EXPECT_TRUE(s.drainClient().empty());
  const auto failed = s.only<Failed>();
  EXPECT_EQ(failed.code, 401);
  EXPECT_EQ(failed.remedy, Remedy::CheckCredentials);
  EXPECT_EQ(failed.reason, "401 Unauthorized");
}

TEST(TurnClientAuth, AStaleNonceIsReplacedAndNotForEver) {
  ScriptedServer s;
  s.request();
  s.challenge(401, "n1");
  for (int i = 0; i < client::kMaxChallenges - 1; ++i) {
    s.request();
    s.challenge(438, "next");
  }
  EXPECT_EQ(text(s.request(), attr::kNonce), "next");
  s.challenge(438, "and next");
  EXPECT_TRUE(s.drainClient().empty());
  EXPECT_EQ(s.only<Failed>().code, 438);
}

TEST(TurnClientAuth, EachTryIsATransactionOfItsOwn) {
  ScriptedServer s;
  const auto first = s.request().transactionId();
  s.challenge(401, "n1");
  const auto second = s.request().transactionId();
  EXPECT_NE(first, second);
}

TEST(TurnClientAuth, AnswersThatDoNotVerifyAreAsIfTheyHadNotCome) {
  ScriptedServer s;
  s.request();
  s.challenge(401, "n1");
  s.request();
  auto wrong = ScriptedServer::md5("other");
  s.success("192.0.2.1:50000", 600, &wrong);
  s.success("192.0.2.1:50000", 600, nullptr);
  EXPECT_TRUE(s.drainClient().empty());
  EXPECT_TRUE(s.events.empty());
  auto right = ScriptedServer::md5();
  s.success("192.0.2.1:50000", 600, &right);
  s.drainClient();
  EXPECT_TRUE(s.has<client::Allocated>());
}

TEST(TurnClientAuth, WhenAllAnswersAreForgedItSaysSo) {
  ScriptedServer s;
  s.request();
  s.challenge(401, "n1");
  s.request();
  auto wrong = ScriptedServer::md5("other");
  s.success("192.0.2.1:50000", 600, &wrong);
  s.runOut();
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::CheckCredentials);
}

TEST(TurnClientAuth, OverAStreamAForgedAnswerEndsIt) {
  ScriptedServer s({.username = "alice", .password = "secret"}, Transport::Tls);
  s.request();
  s.challenge(401, "n1");
  s.request();
  auto wrong = ScriptedServer::md5("other");
  s.success("192.0.2.1:50000", 600, &wrong);
  s.drainClient();
  EXPECT_TRUE(s.has<Failed>());
}

TEST(TurnClientAuth, AnErrorWithoutIntegrityCountsWhenNothingBetterComes) {
  ScriptedServer s;
  s.request();
  s.challenge(401, "n1");
  s.request();
  s.error(486);
  EXPECT_TRUE(s.drainClient().empty());
  EXPECT_FALSE(s.has<Failed>());
  const Time asked = s.now;
  s.runOut();
  EXPECT_EQ(s.only<Failed>().code, 486);
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::TryLater);
  EXPECT_LT(s.now - asked, 5s);  // not the whole 39.5 s of silence
}

TEST(TurnClientAuth, HostileChallengesAreBounded) {
  const std::string longText(client::kMaxRealm + 1, 'x');
  ScriptedServer nonce;
  nonce.request();
  nonce.challenge(401, longText);
  nonce.drainClient();
  EXPECT_TRUE(nonce.has<Failed>());
  ScriptedServer realm;
  realm.request();
  realm.challenge(401, "n", {}, longText);
  realm.drainClient();
  EXPECT_TRUE(realm.has<Failed>());
  ScriptedServer empty;
  empty.request();
  empty.error(401);
  empty.drainClient();
  EXPECT_TRUE(empty.has<Failed>());
  // The longest allowed fit a request.
  ScriptedServer most({.username = std::string(client::kMaxUsername, 'u'), .password = "p"});
  most.request();
  most.challenge(401, longText.substr(1), kBoth, longText.substr(1));
  EXPECT_GT(most.request().bytes().size(), 2000u);
  ScriptedServer tooLong({.username = std::string(client::kMaxUsername + 1, 'u'), .password = "p"});
  tooLong.drainClient();
  EXPECT_EQ(tooLong.only<Failed>().remedy, Remedy::CheckCredentials);
}

TEST(TurnClientRedirect, TheOtherServerIsNamedOnceAndNeverInACircle) {
  const auto alternate = [](const char* to, const char* domain = nullptr) {
    return [=](stun::MessageWriter& w) {
      w.address(attr::kAlternateServer, test::addr(to));
      if (domain != nullptr) w.text(attr::kAlternateDomain, domain);
    };
  };
  ScriptedServer s;
  s.request();
  s.error(300, alternate("192.0.2.9:3478", "turn2.example.org"));
  s.drainClient();
  EXPECT_EQ(s.only<client::Redirected>().server, test::addr("192.0.2.9:3478"));
  EXPECT_EQ(s.only<client::Redirected>().domain, "turn2.example.org");

  AllocationConfig next = s.allocation.redirected();
  EXPECT_EQ(next.redirectedFrom, std::vector<Address>{s.path.remote});
  EXPECT_EQ(next.username, "alice");
  // Back to where it came from.
  next.redirectedFrom = {test::addr("192.0.2.9:3478")};
  ScriptedServer circle(next);
  circle.request();
  circle.error(300, alternate("192.0.2.9:3478"));
  circle.drainClient();
  EXPECT_EQ(circle.only<Failed>().code, 300);
  ScriptedServer self;
  self.request();
  self.error(300, alternate("192.0.2.1:3478"));
  self.drainClient();
  EXPECT_EQ(self.only<Failed>().code, 300);
  // On and on.
  next.redirectedFrom.clear();
  for (std::uint16_t i = 0; i < client::kMaxRedirects; ++i)
    next.redirectedFrom.push_back(test::addr("192.0.2.20:1000").withPort(i));
  ScriptedServer far(next);
  far.request();
  far.error(300, alternate("192.0.2.9:3478"));
  far.drainClient();
  EXPECT_EQ(far.only<Failed>().code, 300);
}

TEST(TurnClientFailure, EachCodeHasItsRemedy) {
  const std::vector<std::pair<std::uint16_t, Remedy>> cases = {
      {437, Remedy::NewSocket},   {440, Remedy::OtherFamily}, {441, Remedy::CheckCredentials},
      {442, Remedy::OtherServer}, {403, Remedy::OtherServer}, {486, Remedy::TryLater},
      {508, Remedy::OtherServer}, {400, Remedy::OtherServer}, {500, Remedy::OtherServer}};
  for (const auto& [code, remedy] : cases) {
    ScriptedServer s;
    s.request();
    s.error(code);
    s.drainClient();
    const auto failed = s.only<Failed>();
    EXPECT_EQ(failed.code, code);
    EXPECT_EQ(failed.remedy, remedy) << code;
    EXPECT_NE(client::describe(failed).find(std::to_string(code)), std::string::npos);
    EXPECT_EQ(s.allocation.nextTimeout(), kNever);
    EXPECT_EQ(s.allocation.state(), client::Allocation::State::Done);
  }
}

TEST(TurnClientFailure, AServersWordsAreNotTrusted) {
  EXPECT_EQ(client::errorText(486, "a\x1b[31m\n"), "486 a?[31m?");
  EXPECT_EQ(client::errorText(486, ""), "486 Allocation Quota Reached");
  EXPECT_EQ(client::errorText(600, ""), "600");
  EXPECT_EQ(client::errorText(600, std::string(1000, 'x')).size(), 4 + client::kMaxReason);
}

TEST(TurnClientFailure, SilenceFailsAfterRfc8489sTime) {
  ScriptedServer s;
  const Time start = s.now;
  s.request();
  s.runOut();
  EXPECT_EQ(s.now - start, 39'500ms);
  EXPECT_EQ(s.sends + 1, 7u);
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::OtherTransport);
}

TEST(TurnClientFailure, AnIncompleteSuccessIsAFailure) {
  ScriptedServer s;
  s.request();
  s.success("192.0.2.1:50000", 0);
  s.drainClient();
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::OtherServer);
  ScriptedServer family;
  family.request();
  family.success("[2001:db8::1]:50000");
  family.drainClient();
  EXPECT_EQ(family.only<Failed>().remedy, Remedy::OtherServer);
}

TEST(TurnClientFailure, IcmpErrorsForASilentServerEndItEarly) {
  ScriptedServer s;
  s.request();
  s.allocation.handlePathEvent(s.path, PathEvent::Icmp, s.now);
  EXPECT_FALSE(s.has<Failed>());
  Path other = s.path;
  other.remote = test::addr("192.0.2.77:1");
  for (int i = 0; i < 9; ++i)
    s.allocation.handlePathEvent(other, PathEvent::Icmp, s.now);
  s.drainClient();
  EXPECT_FALSE(s.has<Failed>());
  s.allocation.handlePathEvent(s.path, PathEvent::Icmp, s.now);
  s.drainClient();
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::OtherTransport);
}

}  // namespace
}  // namespace parley::turn
