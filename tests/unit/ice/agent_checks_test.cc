// What an agent sends and takes: checks, answers, errors, roles.
#include "tests/unit/ice/ice_harness.h"

namespace parley::ice {
namespace {

TEST(AgentChecks, theFirstGoesOutAtOnceAndSaysWhoWeAre) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  ASSERT_EQ(h.sent.size(), 1u);
  const IncomingCheck check = h.sent[0].check();
  EXPECT_EQ(h.sent[0].path.remote, at("198.51.100.7:2000"));
  EXPECT_EQ(check.localUfrag, h.remote.ufrag);
  EXPECT_EQ(check.remoteUfrag, h.agent.localCredentials().ufrag);
  EXPECT_EQ(check.role, Role::Controlling);
  EXPECT_EQ(check.priority.value_or(0) >> 24, 110u) << "of a peer-reflexive candidate";
  EXPECT_FALSE(check.useCandidate) << "regular nomination";
  EXPECT_TRUE(h.sent[0].message().verify(h.remoteKey));
}

TEST(AgentChecks, areNeverSentFasterThanThePaceWhateverMakesThem) {
  Harness h;
  h.addLink();
  h.setRemote();
  for (int i = 1; i <= 60; ++i)
    h.addRemote(("198.51.100.7:" + std::to_string(i)).c_str());
  // The other side's own checks trigger ours, again and again.
  Time last = Time{} - 1s;
  unsigned count = 0;
  for (int i = 0; i < 400; ++i) {
    h.giveCheck(("198.51.100.7:" + std::to_string(i % 60 + 1)).c_str(), {});
    h.runFor(1ms);
    for (const Sent& s : h.sent)
      count += s.isRequest() ? 1u : 0u;
    if (!h.sent.empty()) last = h.now;
    h.sent.clear();
  }
  EXPECT_LE(count, 400u / 5 + 1);
  EXPECT_GE(count, 70u);
  EXPECT_NE(last, Time{} - 1s);
}

TEST(AgentChecks, anAnswerMakesThePairValidAndDataGoesOut) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  EXPECT_FALSE(h.agent.selectedPath().has_value());
  EXPECT_FALSE(h.agent.isKnown(h.from("198.51.100.7:2000")));
  h.now += 30ms;
  h.answer(h.sent[0]);
  ASSERT_TRUE(h.agent.selectedPath().has_value());
  EXPECT_EQ(h.agent.selectedPath()->remote, at("198.51.100.7:2000"));
  EXPECT_EQ(h.agent.state(), State::Connected);
  EXPECT_EQ(h.agent.roundTrip(), 30ms);
  EXPECT_TRUE(h.agent.isKnown(h.from("198.51.100.7:2000")));
  EXPECT_FALSE(h.agent.isKnown(h.from("198.51.100.7:2001")));
  EXPECT_FALSE(h.agent.isKnown(h.from("198.51.100.7:2000", LinkId{2})));
}

TEST(AgentChecks, answersThatDoNotVerifyNeverCame) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  const Sent request = h.sent[0];
  std::vector<std::uint8_t> room(256);
  crypto::HmacKey wrong{crypto::HmacAlgorithm::Sha1, asBytes("wrong")};
  room.resize(writeCheckSuccess(room, request.message().transactionId(), h.local, wrong));
  h.give(request.path, room);
  EXPECT_FALSE(h.agent.selectedPath().has_value());
  EXPECT_EQ(h.agent.stats().unauthenticated, 1u);
  h.answer(request);
  EXPECT_TRUE(h.agent.selectedPath().has_value()) << "the check was still open";
}

TEST(AgentChecks, anAnswerFromElsewhereFailsThePair) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  Sent request = h.sent[0];
  request.path.remote = at("198.51.100.7:2001");
  h.answer(request);
  ASSERT_EQ(h.reports(PairNews::Failed).size(), 1u);
  EXPECT_EQ(h.reports(PairNews::Failed)[0].reason, FailReason::Asymmetric);
}

TEST(AgentChecks, aRefusalByTheNetworkFailsThePair) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.agent.handlePathEvent(h.sent[0].path, PathEvent::Icmp, h.now);
  h.drainAll();
  ASSERT_EQ(h.reports(PairNews::Failed).size(), 1u);
  EXPECT_EQ(h.reports(PairNews::Failed)[0].reason, FailReason::Icmp);
  // But its own check brings it back.
  h.giveCheck("198.51.100.7:2000", {.role = Role::Controlled});
  ASSERT_TRUE(h.requestTo("198.51.100.7:2000").has_value());
}

TEST(AgentChecks, anErrorCountsWhenItIsAuthentic) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.refuse(h.sent[0], 403, false);
  EXPECT_TRUE(h.reports(PairNews::Failed).empty()) << "anybody could have sent it";
  h.refuse(h.sent[0], 500, true);
  ASSERT_EQ(h.reports(PairNews::Failed).size(), 1u);
  EXPECT_EQ(h.reports(PairNews::Failed)[0].reason, FailReason::ErrorCode);
  EXPECT_EQ(h.reports(PairNews::Failed)[0].code, 500);
}

TEST(AgentChecks, silenceFailsThePairAfterFortySeconds) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.runFor(39'400ms);
  EXPECT_TRUE(h.reports(PairNews::Failed).empty());
  EXPECT_EQ(h.agent.state(), State::Checking);
  EXPECT_EQ(h.sent.size(), 14u);
  h.runFor(1s);
  ASSERT_EQ(h.reports(PairNews::Failed).size(), 1u);
  EXPECT_EQ(h.reports(PairNews::Failed)[0].reason, FailReason::TimedOut);
  EXPECT_EQ(h.reports(PairNews::Failed)[0].requestsSent, 14u);
  EXPECT_EQ(h.agent.state(), State::Failed);
  EXPECT_EQ(h.agent.nextTimeout(), kNever);
}

TEST(AgentChecks, patienceOutlastsPairsThatFailEarly) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.refuse(h.sent[0], 500, true);
  h.agent.setRemoteEnd(h.now);
  h.agent.endOfLocalCandidates(h.now);
  h.runFor(39s);
  EXPECT_EQ(h.agent.state(), State::Checking);
  h.giveCheck("203.0.113.77:1", {.role = Role::Controlled});
  const auto request = h.requestTo("203.0.113.77:1");
  ASSERT_TRUE(request.has_value()) << "the other side may reach us yet";
  h.answer(*request);
  EXPECT_TRUE(h.agent.selectedPath().has_value());
}

TEST(AgentChecks, checksThatComeInAreAnsweredWithWhatWeSee) {
  Harness h;
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.sent.clear();
  h.giveCheck("198.51.100.7:2000", {});
  const auto answer = h.nextAnswer();
  ASSERT_TRUE(answer.has_value());
  const auto message = answer->message();
  EXPECT_EQ(message.messageClass(), stun::Class::Success);
  crypto::HmacKey ours{crypto::HmacAlgorithm::Sha1, asBytes(h.agent.localCredentials().password)};
  EXPECT_TRUE(message.verify(ours));
  EXPECT_EQ(
      stun::decodeXorAddress(*message.find(stun::attr::kXorMappedAddress), message.transactionId()),
      at("198.51.100.7:2000"));
  EXPECT_TRUE(h.agent.isKnown(h.from("198.51.100.7:2000"))) << "its data may come now";
}

TEST(AgentChecks, onlyTheRightCredentialsAreTaken) {
  Harness h;
  h.addLink();
  h.setRemote();
  const std::string ufrag = h.agent.localCredentials().ufrag;
  for (const Harness::CheckOptions& o :
       std::initializer_list<Harness::CheckOptions>{{.password = "not the password at all"},
                                                    {.username = "wrong:remo"},
                                                    {.username = ufrag + ":wrong"}}) {
    h.giveCheck("203.0.113.66:1", o);
    const auto answer = h.nextAnswer();
    ASSERT_TRUE(answer.has_value());
    const auto error = answer->message().find(stun::attr::kErrorCode);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(stun::decodeErrorCode(*error)->code, 401);
    EXPECT_LT(answer->bytes.size(), h.check(o).size());
  }
  EXPECT_EQ(h.agent.stats().unauthenticated, 3u);
  EXPECT_TRUE(h.agent.stats().remoteCandidates.empty());
  EXPECT_FALSE(h.agent.isKnown(h.from("203.0.113.66:1")));
  EXPECT_FALSE(h.nextRequest().has_value());
}

TEST(AgentChecks, onlySoManyRefusalsAreSent) {
  Harness h;
  h.addLink();
  h.setRemote();
  const auto flood = [&] {
    for (int i = 0; i < 500; ++i)
      h.giveCheck("203.0.113.66:1", {.password = "not the password at all"});
    const std::size_t n = h.sent.size();
    h.sent.clear();
    return n;
  };
  EXPECT_EQ(flood(), Agent::kMaxRefusals);
  EXPECT_EQ(flood(), 0u);
  h.runFor(500ms);
  EXPECT_EQ(flood(), 10u);
}

TEST(AgentChecks, attributesThatMustBeKnownAreRefused) {
  Harness h;
  h.addLink();
  h.setRemote();
  const Credentials& ours = h.agent.localCredentials();
  crypto::HmacKey key{crypto::HmacAlgorithm::Sha1, asBytes(ours.password)};
  const std::string username = ours.ufrag + ":" + h.remote.ufrag;
  for (const stun::AttributeType type : {std::uint16_t{0x7abc}, std::uint16_t{0xC057}}) {
    std::vector<std::uint8_t> room(256);
    stun::MessageWriter w(room, stun::Method::Binding, stun::Class::Request,
                          stun::randomTransactionId(h.random));
    w.text(stun::attr::kUsername, username);
    w.u32(type, 1);
    w.integrity(key);
    w.fingerprint();
    room.resize(w.finish());
    h.give(h.from("198.51.100.7:2000"), room);
    const auto answer = h.nextAnswer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->message().messageClass(),
              type < 0x8000 ? stun::Class::Error : stun::Class::Success);
  }
}

TEST(AgentChecks, checksThatComeBeforeTheAnswerWaitForItsPassword) {
  Harness h(controlling());
  h.addLink();
  h.giveCheck("198.51.100.7:2000", {.role = Role::Controlled});
  ASSERT_TRUE(h.nextAnswer().has_value()) << "our own password is all it takes";
  EXPECT_FALSE(h.nextRequest().has_value());
  h.setRemote();
  const auto request = h.nextRequest();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->path.remote, at("198.51.100.7:2000"));
}

TEST(AgentChecks, earlyChecksOfAnotherUfragAreForgotten) {
  Harness h(controlling());
  h.addLink();
  h.giveCheck("198.51.100.7:2000",
              {.role = Role::Controlled, .username = h.agent.localCredentials().ufrag + ":other"});
  h.setRemote();
  EXPECT_FALSE(h.nextRequest().has_value());
}

// ---- roles (RFC 8445 section 7.3.1.1) ----

TEST(AgentChecks, theGreaterTieBreakerControls) {
  for (const Role role : {Role::Controlling, Role::Controlled}) {
    for (const bool theyAreGreater : {true, false}) {
      AgentConfig config;
      config.role = role;
      Harness h(config);
      h.addLink();
      h.setRemote();
      h.giveCheck("198.51.100.7:2000",
                  {.role = role, .tieBreaker = theyAreGreater ? UINT64_MAX : 0});
      const auto answer = h.nextAnswer();
      ASSERT_TRUE(answer.has_value());
      const auto error = answer->message().find(stun::attr::kErrorCode);
      const bool weChange = theyAreGreater == (role == Role::Controlling);
      EXPECT_EQ(error.has_value(), !weChange);
      if (error) {
        EXPECT_EQ(stun::decodeErrorCode(*error)->code, 487);
      }
      EXPECT_EQ(h.agent.role() != role, weChange);
      EXPECT_EQ(h.all<RoleChanged>().size(), weChange ? 1u : 0u);
    }
  }
}

TEST(AgentChecks, a487MakesUsChangeOnceAndAskAgain) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  const Sent first = h.sent[0];
  h.sent.clear();
  h.refuse(first, 487, false);
  EXPECT_EQ(h.agent.role(), Role::Controlling) << "not authentic";
  h.refuse(first, 487, true);
  EXPECT_EQ(h.agent.role(), Role::Controlled);
  const auto second = h.nextRequest();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->check().role, Role::Controlled);
  EXPECT_NE(second->check().id, first.check().id);
  EXPECT_NE(second->check().tieBreaker, first.check().tieBreaker);
  h.refuse(first, 487, true);
  EXPECT_EQ(h.agent.role(), Role::Controlled) << "of a request that was made in the old role";
}

TEST(AgentChecks, twoAgentsOfOneRoleNeverChangeBoth) {
  // Both ways of meeting: our check is refused before or after theirs reaches us.
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  const Sent first = h.sent[0];
  h.giveCheck("198.51.100.7:2000", {.role = Role::Controlling, .tieBreaker = UINT64_MAX});
  EXPECT_EQ(h.agent.role(), Role::Controlled);
  h.refuse(first, 487, true);
  EXPECT_EQ(h.agent.role(), Role::Controlled);
}

TEST(AgentChecks, rolesPersistOnceTheOtherSideIsKnown) {
  Harness h;
  h.agent.setRole(Role::Controlling, h.now);
  EXPECT_EQ(h.agent.role(), Role::Controlling);
  h.connect();
  h.agent.setRole(Role::Controlled, h.now);
  EXPECT_EQ(h.agent.role(), Role::Controlling);
  h.agent.restart(h.now);
  h.agent.setRole(Role::Controlled, h.now);
  EXPECT_EQ(h.agent.role(), Role::Controlling);
}

// ---- generations ----

TEST(AgentChecks, theOldGenerationIsAnsweredUntilTheNewOneStands) {
  Harness h(controlling());
  h.connect();
  const auto old = h.check({.role = Role::Controlled});
  h.agent.restart(h.now);
  h.drainAll();
  EXPECT_EQ(h.agent.state(), State::Connected);
  ASSERT_TRUE(h.agent.selectedPath().has_value());
  h.sent.clear();
  h.give(h.from("198.51.100.7:2000"), old);
  const auto answer = h.nextAnswer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->message().messageClass(), stun::Class::Success);
  h.give(h.from("203.0.113.66:1"), old);
  EXPECT_FALSE(h.nextAnswer().has_value()) << "only on its path";
  // Consent goes on with the old credentials.
  const auto consent = h.nextRequest(10s);
  ASSERT_TRUE(consent.has_value());
  EXPECT_TRUE(consent->message().verify(h.remoteKey));
  h.answer(*consent);
  EXPECT_EQ(h.agent.state(), State::Connected);
}

TEST(AgentChecks, aRestartAnnouncesEverythingAnewUnderNewCredentials) {
  Harness h(controlling());
  h.connect();
  h.addRelay();
  const std::string before = h.agent.localCredentials().ufrag;
  h.events.clear();
  h.agent.restart(h.now);
  h.drainAll();
  EXPECT_NE(h.agent.localCredentials().ufrag, before);
  EXPECT_EQ(h.agent.gatheringState(), GatheringState::Gathering);
  const auto candidates = h.all<LocalCandidate>();
  ASSERT_EQ(candidates.size(), 2u);
  for (const LocalCandidate& c : candidates)
    EXPECT_EQ(c.candidate.ufrag, h.agent.localCredentials().ufrag);
  EXPECT_TRUE(h.agent.stats().remoteCandidates.empty());
  h.agent.endOfLocalCandidates(h.now);
  h.drainAll();
  EXPECT_EQ(h.agent.gatheringState(), GatheringState::Complete);
}

TEST(AgentChecks, otherCredentialsOfTheOtherSideBeginAGeneration) {
  Harness h(controlling());
  h.connect();
  h.remote = {"anew", "anotherpasswordofthatlength"};
  h.remoteKey = crypto::HmacKey{crypto::HmacAlgorithm::Sha1, asBytes(h.remote.password)};
  h.setRemote();
  ASSERT_TRUE(h.agent.selectedPath().has_value());
  h.addRemote("198.51.100.8:2000");
  const auto request = h.requestTo("198.51.100.8:2000");
  ASSERT_TRUE(request.has_value());
  EXPECT_TRUE(request->message().verify(h.remoteKey));
  h.answer(*request);
  EXPECT_EQ(h.agent.selectedPath()->remote, at("198.51.100.8:2000"));
}

TEST(AgentChecks, aClosedAgentIsSilent) {
  Harness h(controlling());
  h.connect();
  h.agent.close();
  EXPECT_EQ(h.agent.nextTimeout(), kNever);
  EXPECT_FALSE(h.agent.selectedPath().has_value());
  h.giveCheck("198.51.100.7:2000", {.role = Role::Controlled});
  h.agent.restart(h.now);
  h.agent.addLink(LinkId{5}, at("192.0.2.9:1"), InterfaceKind::Wifi, h.now);
  h.runFor(10s);
  EXPECT_TRUE(h.sent.empty());
  EXPECT_EQ(h.agent.state(), State::Closed);
}

}  // namespace
}  // namespace parley::ice
