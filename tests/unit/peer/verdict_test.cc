#include "peer/verdict.h"

#include <gtest/gtest.h>

namespace parley::peer {
namespace {

TEST(Verdict, noPairAnswered) {
  FailureEvidence e;
  e.pairsTried = 3;
  const Verdict v = judge(e, "bob");
  EXPECT_EQ(v.cause, FailureCause::NoPairAnswered);
  EXPECT_EQ(v.text(),
            "No path to bob. 3 pairs were tried and none answered. One of the two networks blocks "
            "the way. Try another network, or ask the host to open the relay on TCP or TLS.");
}

TEST(Verdict, aRelayThatRefusedIsNamedWithItsCode) {
  FailureEvidence e;
  e.relayErrors = {{"turn:relay.example:3478", 701, ""},
                   {"turns:relay.example", 401, "Unauthorized"}};
  const Verdict v = judge(e, "bob");
  EXPECT_EQ(v.cause, FailureCause::RelayRefused);
  ASSERT_EQ(v.evidence.size(), 3u);
  EXPECT_EQ(v.evidence[1], "The relay did not take the password.");
  EXPECT_EQ(v.evidence[2], "Answers: relay.example:3478 701, relay.example 401 (Unauthorized).");
  EXPECT_NE(v.remedy.find("clock"), std::string::npos);
}

// The rule of the call page: with pairs tried the relay alone is not to blame, unless only it was
// allowed.
TEST(Verdict, pairsTriedMakeItNoPair) {
  FailureEvidence e;
  e.relayErrors = {{"turn:r", 486, ""}};
  e.pairsTried = 1;
  EXPECT_EQ(judge(e, "b").cause, FailureCause::NoPairAnswered);
  EXPECT_NE(judge(e, "b").remedy.find("quota"), std::string::npos);
  e.relayOnly = true;
  EXPECT_EQ(judge(e, "b").cause, FailureCause::RelayRefused);
}

TEST(Verdict, aPathWithoutAnAgreement) {
  FailureEvidence e;
  e.pairsTried = 1;
  e.pairsAnswered = 1;
  e.setupError = "DTLS: the certificate is not the announced one";
  const Verdict v = judge(e, "bob");
  EXPECT_EQ(v.cause, FailureCause::SetupFailed);
  EXPECT_EQ(v.evidence[0], "It said: DTLS: the certificate is not the announced one.");
}

TEST(Verdict, lostAfterItStood) {
  FailureEvidence e;
  e.everConnected = true;
  e.silence = 31s;
  e.restarts = 1;
  const Verdict v = judge(e, "bob");
  EXPECT_EQ(v.cause, FailureCause::ConnectionLost);
  EXPECT_EQ(v.evidence[0], "It has been silent for 31 s.");
  EXPECT_EQ(v.evidence[1], "A new path was looked for 1 time.");
}

TEST(Verdict, codesOfRelays) {
  EXPECT_EQ(whyRefused(401), RelayRefusal::Credentials);
  EXPECT_EQ(whyRefused(441), RelayRefusal::Credentials);
  EXPECT_EQ(whyRefused(403), RelayRefusal::Forbidden);
  EXPECT_EQ(whyRefused(486), RelayRefusal::Quota);
  EXPECT_EQ(whyRefused(508), RelayRefusal::Quota);
  EXPECT_EQ(whyRefused(701), RelayRefusal::Unreachable);
  EXPECT_EQ(whyRefused(500), RelayRefusal::Other);
}

}  // namespace
}  // namespace parley::peer
