// Which pair is nominated, when, and which carries data.
#include "tests/unit/ice/ice_harness.h"

namespace parley::ice {
namespace {

TEST(AgentNomination, aDirectPairAtOnce) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.answer(h.sent[0]);
  h.sent.clear();
  EXPECT_TRUE(h.reports(PairNews::Nominated).empty());
  const auto nomination = h.nextRequest(20ms);
  ASSERT_TRUE(nomination.has_value());
  EXPECT_TRUE(nomination->check().useCandidate);
  h.answer(*nomination);
  ASSERT_EQ(h.reports(PairNews::Nominated).size(), 1u);
  const auto selected = h.all<SelectedPath>();
  ASSERT_EQ(selected.size(), 2u) << "valid, then nominated";
  EXPECT_FALSE(selected[0].nominated);
  EXPECT_TRUE(selected[1].nominated);
}

TEST(AgentNomination, completedNeedsBothEndsOfCandidates) {
  Harness h(controlling());
  h.connect();
  EXPECT_EQ(h.agent.state(), State::Connected);
  h.agent.endOfLocalCandidates(h.now);
  EXPECT_EQ(h.agent.state(), State::Connected);
  h.agent.setRemoteEnd(h.now);
  EXPECT_EQ(h.agent.state(), State::Completed);
}

// 2 round trips of 30 ms and 100 ms after it was valid.
TEST(AgentNomination, aRelayedPairWhenNothingBetterCame) {
  Harness h(controlling());
  h.addLink();
  h.addRelay();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  const auto relayed = [&] {
    while (auto s = h.nextRequest(50ms)) {
      if (s->path.link == Harness::kRelay) return s;
    }
    return std::optional<Sent>{};
  }();
  ASSERT_TRUE(relayed.has_value());
  h.now += 30ms;
  h.answer(*relayed);
  const Time valid = h.now;
  ASSERT_TRUE(h.agent.selectedPath().has_value()) << "data does not wait";
  EXPECT_EQ(h.agent.selectedPath()->link, Harness::kRelay);
  h.sent.clear();
  std::optional<Sent> nomination;
  while (auto s = h.nextRequest(2s)) {
    if (!s->check().useCandidate) continue;
    nomination = s;
    break;
  }
  ASSERT_TRUE(nomination.has_value());
  EXPECT_EQ(nomination->path.link, Harness::kRelay);
  EXPECT_GE(h.now - valid, 160ms);
  EXPECT_LE(h.now - valid, 170ms);
}

TEST(AgentNomination, aDirectPairThatComesInTimeIsPreferred) {
  Harness h(controlling());
  h.addLink();
  h.addRelay();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  std::optional<Sent> direct;
  std::optional<Sent> relayed;
  while (auto s = h.nextRequest(20ms)) {
    (s->path.link == Harness::kRelay ? relayed : direct) = s;
  }
  ASSERT_TRUE(direct && relayed);
  h.answer(*relayed);
  h.runFor(90ms);
  h.answer(*direct);
  EXPECT_EQ(h.agent.selectedPath()->link, Harness::kLink);
  auto nomination = h.nextRequest(20ms);
  while (nomination && !nomination->check().useCandidate)
    nomination = h.nextRequest(20ms);
  ASSERT_TRUE(nomination.has_value());
  EXPECT_EQ(nomination->path.link, Harness::kLink);
}

// A candidate that is only known by its checks may be the other side's relay.
TEST(AgentNomination, aPairOfUnknownKindWaitsUntilItIsKnown) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.giveCheck("203.0.113.9:3000", {.role = Role::Controlled});
  const auto request = h.requestTo("203.0.113.9:3000");
  ASSERT_TRUE(request.has_value());
  h.answer(*request);
  ASSERT_TRUE(h.agent.selectedPath().has_value());
  EXPECT_FALSE(h.nextRequest(50ms).has_value()) << "not nominated yet";
  h.addRemote("203.0.113.9:3000", CandidateType::ServerReflexive);
  const auto nomination = h.nextRequest(20ms);
  ASSERT_TRUE(nomination.has_value()) << "it is no relay";
  EXPECT_TRUE(nomination->check().useCandidate);
}

TEST(AgentNomination, aNominationThatIsLostIsRepeatedForAsLongAsThereIsConsent) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.answer(h.sent[0]);
  unsigned nominations = 0;
  while (h.now < Time{} + 20s) {
    const auto s = h.nextRequest(1s);
    ASSERT_TRUE(s.has_value());
    if (s->check().useCandidate) {
      ++nominations;
    } else {
      h.answer(*s);  // consent
    }
  }
  EXPECT_GT(nominations, 20u);
  EXPECT_TRUE(h.reports(PairNews::Failed).empty());
  auto last = h.nextRequest(1s);
  while (last && !last->check().useCandidate)
    last = h.nextRequest(1s);
  ASSERT_TRUE(last.has_value());
  h.answer(*last);
  EXPECT_EQ(h.reports(PairNews::Nominated).size(), 1u);
}

TEST(AgentNomination, afterItNothingElseIsChecked) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  for (int i = 1; i <= 20; ++i)
    h.addRemote(("198.51.100.7:" + std::to_string(i)).c_str());
  h.answer(h.sent[0]);
  h.sent.clear();
  std::optional<Sent> nomination;
  while (!nomination || !nomination->check().useCandidate)
    nomination = h.nextRequest();
  h.answer(*nomination);
  h.sent.clear();
  h.runFor(3s);
  EXPECT_TRUE(h.sent.empty());
}

// ---- controlled ----

TEST(AgentNomination, controlledTheFirstValidPairCarriesDataUntilOneIsNominated) {
  Harness h;
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:1");
  h.addRemote("198.51.100.7:2");
  const auto first = h.requestTo("198.51.100.7:1");
  const auto second = h.requestTo("198.51.100.7:2");
  ASSERT_TRUE(first && second);
  h.answer(*first);
  EXPECT_EQ(h.agent.selectedPath()->remote, at("198.51.100.7:1"));
  h.answer(*second);
  EXPECT_EQ(h.agent.selectedPath()->remote, at("198.51.100.7:1"));
  h.giveCheck("198.51.100.7:2", {.useCandidate = true});
  EXPECT_EQ(h.agent.selectedPath()->remote, at("198.51.100.7:2"));
  EXPECT_EQ(h.reports(PairNews::Nominated).size(), 1u);
}

TEST(AgentNomination, aNominationBeforeThePairIsValidCountsWhenItIs) {
  Harness h;
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:1");
  h.giveCheck("198.51.100.7:1", {.useCandidate = true});
  EXPECT_TRUE(h.reports(PairNews::Nominated).empty());
  const auto request = h.requestTo("198.51.100.7:1");
  ASSERT_TRUE(request.has_value());
  h.answer(*request);
  EXPECT_EQ(h.reports(PairNews::Nominated).size(), 1u);
}

TEST(AgentNomination, ofAnAggressiveNominatorTheBestPairIsMeant) {
  Harness h;
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:1");  // of higher priority
  h.addRemote("198.51.100.7:2");
  for (const char* address : {"198.51.100.7:1", "198.51.100.7:2"}) {
    const auto request = h.requestTo(address);
    ASSERT_TRUE(request.has_value());
    h.answer(*request);
  }
  h.giveCheck("198.51.100.7:2", {.useCandidate = true});
  EXPECT_EQ(h.agent.selectedPath()->remote, at("198.51.100.7:2"));
  h.giveCheck("198.51.100.7:1", {.useCandidate = true});
  EXPECT_EQ(h.agent.selectedPath()->remote, at("198.51.100.7:1")) << "better";
  h.runFor(500ms);
  h.giveCheck("198.51.100.7:2", {.useCandidate = true});
  EXPECT_EQ(h.agent.selectedPath()->remote, at("198.51.100.7:1")) << "stays";
}

TEST(AgentNomination, aControllingSideThatHasMovedIsFollowed) {
  Harness h;
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:1");
  const auto request = h.requestTo("198.51.100.7:1");
  h.answer(*request);
  h.giveCheck("198.51.100.7:1", {.useCandidate = true});
  h.runFor(3s);
  h.giveCheck("203.0.113.4:9", {.useCandidate = true, .priority = 1});
  const auto probe = h.requestTo("203.0.113.4:9");
  ASSERT_TRUE(probe.has_value());
  h.answer(*probe);
  h.giveCheck("203.0.113.4:9", {.useCandidate = true, .priority = 1});
  EXPECT_EQ(h.agent.selectedPath()->remote, at("203.0.113.4:9"));
}

// ---- what happens later ----

TEST(AgentNomination, consentIsLostAfterThirtySeconds) {
  Harness h(controlling());
  h.connect();
  h.runFor(31s);
  EXPECT_EQ(h.agent.state(), State::Failed);
  EXPECT_FALSE(h.agent.selectedPath().has_value());
  EXPECT_EQ(h.reports(PairNews::Unresponsive).size(), 1u);
  EXPECT_EQ(h.reports(PairNews::ConsentLost).size(), 1u);
  std::vector<State> states;
  for (const StateChanged& s : h.all<StateChanged>())
    states.push_back(s.state);
  EXPECT_EQ(states, (std::vector<State>{State::Checking, State::Connected, State::Disconnected,
                                        State::Failed}));
}

TEST(AgentNomination, silenceWhileDataGoesOutIsNoticedSooner) {
  Harness h(controlling());
  h.connect();
  const Time start = h.now;
  const Path path = *h.agent.selectedPath();
  while (h.sent.empty()) {
    h.runFor(100ms);
    h.agent.countSent(path, 1, 100, h.now);
    h.agent.handleTimeout(h.now);
    h.drainAll();
  }
  EXPECT_LE(h.now - start, 2700ms);
  // With data coming in there is no hurry.
  Harness quiet(controlling());
  quiet.connect();
  const Time begin = quiet.now;
  while (quiet.sent.empty()) {
    quiet.runFor(100ms);
    quiet.agent.countSent(path, 1, 100, quiet.now);
    quiet.agent.countReceived(path, 1, 100, quiet.now);
    quiet.drainAll();
  }
  EXPECT_GE(quiet.now - begin, 4s);
}

TEST(AgentNomination, aLinkThatGoesFreesItsPairsAndAnotherIsFound) {
  Harness h(controlling());
  h.connect();
  h.agent.addLink(LinkId{2}, at("192.0.2.2:1"), InterfaceKind::Wifi, h.now);
  h.agent.removeLink(Harness::kLink, h.now);
  h.drainAll();
  EXPECT_FALSE(h.agent.selectedPath().has_value());
  EXPECT_EQ(h.agent.state(), State::Disconnected);
  const auto request = h.nextRequest();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->path.link, LinkId{2});
  h.answer(*request);
  EXPECT_EQ(h.agent.state(), State::Connected);
  const auto nomination = h.nextRequest();
  ASSERT_TRUE(nomination.has_value());
  EXPECT_TRUE(nomination->check().useCandidate);
}

TEST(AgentNomination, withNoLinkLeftItFailsInTheEnd) {
  Harness h(controlling());
  h.connect();
  h.agent.removeLink(Harness::kLink, h.now);
  h.runFor(39s);
  EXPECT_EQ(h.agent.state(), State::Disconnected);
  h.runFor(1s);
  EXPECT_EQ(h.agent.state(), State::Failed);
}

TEST(AgentNomination, statisticsCountWhatHappened) {
  Harness h(controlling());
  h.connect();
  const Path path = *h.agent.selectedPath();
  h.agent.countSent(path, 3, 300, h.now);
  h.agent.countReceived(path, 2, 50, h.now);
  const AgentStats stats = h.agent.stats();
  ASSERT_EQ(stats.pairs.size(), 1u);
  const CandidatePairStats& pair = stats.pairs[0];
  EXPECT_TRUE(pair.selected);
  EXPECT_TRUE(pair.nominated);
  EXPECT_EQ(pair.state, PairState::Succeeded);
  EXPECT_EQ(pair.counters.packetsSent, 3u);
  EXPECT_EQ(pair.counters.bytesSent, 300u);
  EXPECT_EQ(pair.counters.packetsReceived, 2u);
  EXPECT_EQ(pair.counters.bytesReceived, 50u);
  EXPECT_EQ(pair.counters.requestsSent, 2u);
  EXPECT_EQ(pair.counters.responsesReceived, 2u);
  EXPECT_EQ(pair.counters.currentRoundTripTime, 10ms);
  EXPECT_EQ(pair.counters.totalRoundTripTime, 20ms);
  EXPECT_EQ(stats.selectedPairChanges, 1u);
  ASSERT_EQ(stats.localCandidates.size(), 1u);
  EXPECT_EQ(stats.localCandidates[0].id, pair.local);
  ASSERT_EQ(stats.remoteCandidates.size(), 1u);
  EXPECT_EQ(stats.remoteCandidates[0].id, pair.remote);
}

TEST(AgentNomination, anAddressThatOnlyTheOtherSideSeesIsPeerReflexive) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.answer(h.sent[0], at("198.51.100.200:77"));
  const AgentStats stats = h.agent.stats();
  ASSERT_EQ(stats.localCandidates.size(), 2u);
  EXPECT_EQ(stats.localCandidates[1].candidate.type, CandidateType::PeerReflexive);
  EXPECT_EQ(stats.pairs[0].local, stats.localCandidates[1].id);
  EXPECT_EQ(h.all<LocalCandidate>().size(), 1u) << "it is not signalled";
}

}  // namespace
}  // namespace parley::ice
