// Candidates: what is announced, what is taken, how much of it; and policies.
#include <set>

#include "tests/unit/ice/ice_harness.h"

namespace parley::ice {
namespace {

TEST(AgentCandidates, ofTheOtherSideThatCannotBeUsedAreRefused) {
  Harness h;
  h.addLink();
  h.setRemote();
  const auto refused = [&](Candidate c) { return !h.agent.addRemoteCandidate(c, h.now).ok(); };
  Candidate c = h.candidate("198.51.100.7:2000");
  c.protocol = Transport::Tcp;
  c.tcpType = TcpType::Active;
  EXPECT_TRUE(refused(c));
  c = h.candidate("198.51.100.7:2000");
  c.component = 2;
  EXPECT_TRUE(refused(c));
  c = h.candidate("198.51.100.7:2000");
  c.ufrag = "other";
  EXPECT_TRUE(refused(c));
  c.ufrag = h.remote.ufrag;
  EXPECT_FALSE(refused(c));
  EXPECT_TRUE(refused(h.candidate("224.0.0.1:2000")));
  c = h.candidate("0.0.0.0:2000");
  c.mdnsName = "not a name";
  EXPECT_TRUE(refused(c));
}

TEST(AgentCandidates, arePairedOnlyWithWhatCanReachThem) {
  Harness h;
  h.setRemote();
  std::uint64_t link = 0;
  for (const char* local : {"192.0.2.1:1", "127.0.0.1:1", "[2001:db8::1]:1", "[fe80::1]:1"})
    h.agent.addLink(LinkId{++link}, at(local), InterfaceKind::Ethernet, h.now);
  h.addRelay();
  for (const char* remote :
       {"198.51.100.7:1", "127.0.0.1:2", "[2001:db8::7]:1", "[fe80::7]:1", "[::1]:1"}) {
    h.addRemote(remote);
  }
  std::set<std::string> pairs;
  for (const CandidatePairStats& p : h.agent.stats().pairs)
    pairs.insert(p.path.local.toString() + " " + p.path.remote.toString());
  EXPECT_EQ(pairs,
            (std::set<std::string>{"192.0.2.1:1 198.51.100.7:1", "127.0.0.1:1 127.0.0.1:2",
                                   "[2001:db8::1]:1 [2001:db8::7]:1", "[fe80::1]:1 [fe80::7]:1",
                                   "203.0.113.5:50000 198.51.100.7:1"}));
}

TEST(AgentCandidates, pairsAreBounded) {
  Harness h;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const Address local{IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>(i)), 1};
    h.agent.addLink(LinkId{i}, local, InterfaceKind::Ethernet, h.now);
  }
  h.setRemote();
  for (int i = 1; i <= 40; ++i)
    h.addRemote(("198.51.100.7:" + std::to_string(i)).c_str());
  EXPECT_EQ(h.agent.stats().pairs.size(), Checklist::kMaxPairs);
  EXPECT_GT(h.agent.stats().overLimit, 0u);
}

TEST(AgentCandidates, tooManyOfTheOtherSideAreIgnored) {
  Harness h;
  h.addLink();
  h.setRemote();
  for (std::size_t i = 1; i <= Agent::kMaxRemoteCandidates; ++i)
    h.addRemote(("198.51.100.7:" + std::to_string(i)).c_str());
  EXPECT_FALSE(h.agent.addRemoteCandidate(h.candidate("198.51.100.8:1"), h.now).ok());
  for (std::size_t i = 1; i <= Agent::kMaxPeerReflexive + 10; ++i)
    h.giveCheck(("203.0.113.8:" + std::to_string(i)).c_str(), {});
  EXPECT_EQ(h.agent.stats().remoteCandidates.size(),
            Agent::kMaxRemoteCandidates + Agent::kMaxPeerReflexive);
}

TEST(AgentCandidates, whoMovesAboutIsFollowedHoweverOften) {
  Harness h;
  h.addLink();
  h.setRemote();
  for (int i = 1; i <= 100; ++i) {
    const std::string address = "203.0.113.8:" + std::to_string(i);
    h.giveCheck(address.c_str(), {.useCandidate = true});
    const auto request = h.requestTo(address.c_str());
    ASSERT_TRUE(request.has_value()) << address;
    h.answer(*request);
    h.runFor(3s);
    h.giveCheck(address.c_str(), {.useCandidate = true});
    ASSERT_EQ(h.agent.selectedPath()->remote, at(address.c_str()));
    // What is not answered any more fails, and its place is free.
    h.agent.handlePathEvent(h.from(address.c_str()), PathEvent::Icmp, h.now);
  }
}

TEST(AgentCandidates, permissionsAreAskedForAheadOfChecks) {
  Harness h;
  h.addLink();
  h.addRelay();
  h.addRemote("198.51.100.7:2000");
  const auto needed = h.all<NeedPermission>();
  ASSERT_EQ(needed.size(), 1u) << "before the credentials are known";
  EXPECT_EQ(needed[0].relayLink, Harness::kRelay);
  EXPECT_EQ(needed[0].peer, at("198.51.100.7:2000"));
}

TEST(AgentCandidates, withTheRelayPolicyNothingElseIsToldOrUsed) {
  AgentConfig config = controlling();
  config.policy = TransportPolicy::Relay;
  Harness h(config);
  h.addLink();
  h.agent.addStunServer(at("203.0.113.1:3478"), 0, h.now);
  h.addRelay();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  h.runFor(100ms);
  const auto candidates = h.all<LocalCandidate>();
  ASSERT_EQ(candidates.size(), 1u);
  EXPECT_EQ(candidates[0].candidate.type, CandidateType::Relayed);
  EXPECT_EQ(candidates[0].candidate.related, at("0.0.0.0:0")) << "our address is not told";
  for (const Sent& s : h.sent)
    EXPECT_EQ(s.path.link, Harness::kRelay);
  h.sent.clear();
  h.giveCheck("198.51.100.7:2000", {.role = Role::Controlled});
  h.runFor(100ms);
  for (const Sent& s : h.sent)
    EXPECT_EQ(s.path.link, Harness::kRelay) << "a check that found our socket is not answered";
}

TEST(AgentCandidates, hostAddressesMayBeHidden) {
  AgentConfig config;
  config.hideHostAddresses = true;
  Harness h(config);
  h.addLink();
  h.agent.addLink(LinkId{2}, at("192.0.2.1:1001"), InterfaceKind::Ethernet, h.now);
  h.drainAll();
  const auto published = h.all<PublishMdns>();
  ASSERT_EQ(published.size(), 1u) << "one name an address";
  EXPECT_EQ(published[0].address, at("192.0.2.1:1").ip());
  const auto candidates = h.all<LocalCandidate>();
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_EQ(candidates[0].candidate.mdnsName, published[0].name);
  EXPECT_EQ(candidates[0].candidate.address, at("0.0.0.0:1000"));
}

TEST(AgentCandidates, aLinkMayHaveANameOfItsOwnOrNotBeAnnounced) {
  Harness h;
  LinkOptions named;
  named.mdnsName = "given.local";
  h.agent.addLink(LinkId{2}, at("192.0.2.2:1"), named, h.now);
  LinkOptions silent;
  silent.announced = false;
  h.agent.addLink(LinkId{3}, at("192.0.2.3:1"), silent, h.now);
  h.drainAll();
  const auto candidates = h.all<LocalCandidate>();
  ASSERT_EQ(candidates.size(), 1u);
  EXPECT_EQ(candidates[0].candidate.mdnsName, "given.local");
  EXPECT_TRUE(h.all<PublishMdns>().empty()) << "whoever gave it answers for it";
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  EXPECT_EQ(h.agent.stats().pairs.size(), 2u) << "both are used";
}

TEST(AgentCandidates, namesOfTheOtherSideAreResolvedFirst) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  Candidate c = h.candidate("0.0.0.0:2000");
  c.mdnsName = "hidden.local";
  h.addRemote(c);
  ASSERT_EQ(h.all<ResolveMdns>().size(), 1u);
  EXPECT_TRUE(h.sent.empty());
  EXPECT_EQ(h.agent.state(), State::Checking);
  h.agent.handleMdnsResolved("hidden.local", at("198.51.100.7:1").ip(), h.now);
  h.drainAll();
  ASSERT_EQ(h.sent.size(), 1u);
  EXPECT_EQ(h.sent[0].path.remote, at("198.51.100.7:2000"));
}

TEST(AgentCandidates, gatheringIsCompleteWhenAllIsAnswered) {
  Harness h;
  EXPECT_EQ(h.agent.gatheringState(), GatheringState::New);
  h.addLink();
  h.agent.addStunServer(at("203.0.113.1:3478"), 3, h.now);
  h.agent.endOfLocalCandidates(h.now);
  EXPECT_EQ(h.agent.gatheringState(), GatheringState::Gathering);
  const auto request = h.nextRequest();
  ASSERT_TRUE(request.has_value());
  std::vector<std::uint8_t> room(128);
  stun::MessageWriter w(room, stun::Method::Binding, stun::Class::Success,
                        request->message().transactionId());
  w.xorAddress(stun::attr::kXorMappedAddress, at("198.51.100.1:77"));
  room.resize(w.finish());
  h.give(request->path, room);
  EXPECT_EQ(h.agent.gatheringState(), GatheringState::Complete);
  const auto candidates = h.all<LocalCandidate>();
  ASSERT_EQ(candidates.size(), 2u);
  EXPECT_EQ(candidates[1].candidate.type, CandidateType::ServerReflexive);
  EXPECT_EQ(candidates[1].candidate.address, at("198.51.100.1:77"));
  EXPECT_EQ(candidates[1].candidate.related, h.local);
  EXPECT_EQ(candidates[1].candidate.urlIndex, 3);
  EXPECT_EQ(candidates[1].candidate.ufrag, h.agent.localCredentials().ufrag);
  const auto changes = h.all<GatheringChanged>();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].state, GatheringState::Complete);
}

TEST(AgentCandidates, logEventsThatNobodyTakesAreBounded) {
  Harness h(controlling());
  h.addLink();
  h.setRemote();
  h.addRemote("198.51.100.7:2000");
  for (int i = 0; i < 1000; ++i) {
    h.agent.handlePathEvent(h.from("198.51.100.7:2000"), PathEvent::Icmp, h.now);
    auto bytes = h.check({.role = Role::Controlled});
    h.agent.handleDatagrams(Train{h.from("198.51.100.7:2000"), bytes}, h.now);
    h.now += 5ms;
    h.agent.handleTimeout(h.now);
  }
  EXPECT_GT(h.agent.stats().droppedReports, 500u);
  h.drainAll();
  EXPECT_LE(h.all<PairReport>().size(), Agent::kMaxQueuedReports);
}

TEST(AgentCandidates, rubbishIsCountedAndChangesNothing) {
  Harness h;
  h.addLink();
  h.setRemote();
  h.give(h.from("198.51.100.7:2000"), {0, 1, 2});
  h.give(h.from("198.51.100.7:2000"), std::vector<std::uint8_t>(200, 0));
  EXPECT_EQ(h.agent.stats().malformed, 2u);
  EXPECT_TRUE(h.sent.empty());
}

}  // namespace
}  // namespace parley::ice
