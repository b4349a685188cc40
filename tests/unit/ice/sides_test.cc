#include <gtest/gtest.h>

#include "ice/local_side.h"
#include "ice/remote_side.h"

namespace parley::ice {
namespace {

Address at(const std::string& text) {
  return *Address::parse(text);
}

LinkOptions of(InterfaceKind kind) {
  LinkOptions o;
  o.kind = kind;
  return o;
}

TEST(LocalSide, familiesTakeTurnsAndBetterInterfacesGoFirst) {
  LocalSide side;
  std::uint64_t link = 0;
  const auto add = [&](const char* address, InterfaceKind kind) {
    return *side.addLink(LinkId{++link}, at(address), of(kind));
  };
  const auto wifi4 = add("192.0.2.1:1", InterfaceKind::Wifi);
  const auto wifi6 = add("[2001:db8::1]:1", InterfaceKind::Wifi);
  const auto other4 = add("192.0.2.2:1", InterfaceKind::Wifi);
  const auto other6 = add("[2001:db8::2]:1", InterfaceKind::Wifi);
  const auto cable = add("192.0.2.3:1", InterfaceKind::Ethernet);
  const auto vpn = add("192.0.2.4:1", InterfaceKind::Vpn);
  const auto linkLocal = add("[fe80::1]:1", InterfaceKind::Wifi);
  const BaseIndex order[] = {cable, wifi6, wifi4, other6, other4, linkLocal, vpn};
  for (std::size_t i = 1; i < std::size(order); ++i)
    EXPECT_GT(side.priority(order[i - 1]), side.priority(order[i])) << i;
}

TEST(LocalSide, foundationsTellKindBaseAndServer) {
  LocalSide side;
  const auto a = *side.addLink(LinkId{1}, at("192.0.2.1:1"), of(InterfaceKind::Ethernet));
  const auto b = *side.addLink(LinkId{2}, at("192.0.2.1:2"), of(InterfaceKind::Ethernet));
  const auto c = *side.addLink(LinkId{3}, at("192.0.2.9:1"), of(InterfaceKind::Ethernet));
  EXPECT_EQ(side.foundation(a), side.foundation(b));
  EXPECT_NE(side.foundation(a), side.foundation(c));
  const auto reflexive = [&](BaseIndex base, const char* mapped, const char* server) {
    return side.addReflexive(base, at(mapped), CandidateType::ServerReflexive, at(server), 0, "u")
        ->candidate.foundation;
  };
  const std::string one = reflexive(a, "198.51.100.1:1", "203.0.113.1:3478");
  EXPECT_EQ(one, reflexive(b, "198.51.100.1:2", "203.0.113.1:3479"));
  EXPECT_NE(one, reflexive(a, "198.51.100.1:3", "203.0.113.2:3478"));
  EXPECT_NE(one, side.foundation(a));
}

TEST(LocalSide, redundantCandidatesAreNone) {
  LocalSide side;
  const auto a = *side.addLink(LinkId{1}, at("192.0.2.1:1"), of(InterfaceKind::Ethernet));
  ASSERT_NE(side.addHost(a, "u"), nullptr);
  EXPECT_EQ(side.addReflexive(a, at("192.0.2.1:1"), CandidateType::ServerReflexive, {}, {}, "u"),
            nullptr)
      << "no NAT: the host candidate again";
  EXPECT_NE(side.addReflexive(a, at("192.0.2.7:1"), CandidateType::ServerReflexive, {}, {}, "u"),
            nullptr);
  EXPECT_EQ(side.addReflexive(a, at("192.0.2.7:1"), CandidateType::ServerReflexive, {}, {}, "u"),
            nullptr)
      << "from a second server";
}

TEST(LocalSide, tablesAreBoundedAndPlacesAreTakenAgain) {
  LocalSide side;
  for (std::size_t i = 0; i < LocalSide::kMaxBases; ++i) {
    const Address address{IpAddress::v4(192, 0, 2, 1), static_cast<std::uint16_t>(i + 1)};
    ASSERT_TRUE(side.addLink(LinkId{i}, address, {}).has_value());
  }
  EXPECT_FALSE(side.addLink(LinkId{99}, at("192.0.2.2:1"), {}).has_value());
  side.removeBase(5);
  EXPECT_EQ(side.addLink(LinkId{99}, at("192.0.2.2:1"), {}), BaseIndex{5});
  for (std::size_t i = 1; i <= LocalSide::kMaxCandidates; ++i) {
    const Address mapped{IpAddress::v4(198, 51, 100, 1), static_cast<std::uint16_t>(i)};
    ASSERT_NE(side.addReflexive(0, mapped, CandidateType::PeerReflexive, {}, {}, "u"), nullptr);
  }
  EXPECT_EQ(side.addReflexive(0, at("198.51.100.2:1"), CandidateType::PeerReflexive, {}, {}, "u"),
            nullptr);
}

TEST(LocalSide, aBaseIsFoundByLinkAndAddress) {
  LocalSide side;
  const auto a = side.addLink(LinkId{1}, at("192.0.2.1:1"), {});
  const auto b = side.addLink(LinkId{1}, at("192.0.2.2:1"), {});
  EXPECT_EQ(side.findBase(LinkId{1}, at("192.0.2.2:1")), b);
  EXPECT_EQ(side.findBase(LinkId{1}, at("0.0.0.0:1")), a) << "by the link alone";
  EXPECT_FALSE(side.findBase(LinkId{2}, at("192.0.2.1:1")).has_value());
}

Candidate host(const std::string& address) {
  Candidate c;
  c.address = at(address);
  c.priority = 100;
  c.foundation = "1";
  return c;
}

TEST(RemoteSide, whatWasLearntBecomesWhatIsSignalled) {
  RemoteSide side;
  const auto learnt = side.addPeerReflexive(at("192.0.2.1:1"), 7, "u", {});
  Candidate signalled = host("192.0.2.1:1");
  signalled.type = CandidateType::Relayed;
  const auto added = side.add(signalled);
  ASSERT_TRUE(added.ok());
  EXPECT_FALSE(added->isNew);
  EXPECT_EQ(added->index, learnt);
  EXPECT_EQ(side[*learnt].candidate.type, CandidateType::Relayed);
  EXPECT_TRUE(side[*learnt].signalled);
  EXPECT_EQ(side.entries().size(), 1u);
}

TEST(RemoteSide, tablesAreBounded) {
  RemoteSide side;
  for (std::size_t i = 1; i <= RemoteSide::kMaxSignalled; ++i)
    ASSERT_TRUE(side.add(host("192.0.2.1:" + std::to_string(i))).ok());
  EXPECT_FALSE(side.add(host("192.0.2.2:1")).ok());
  EXPECT_TRUE(side.add(host("192.0.2.1:1")).ok()) << "again";
  for (std::size_t i = 1; i <= RemoteSide::kMaxPeerReflexive; ++i) {
    const Address address{IpAddress::v4(192, 0, 2, 3), static_cast<std::uint16_t>(i)};
    ASSERT_TRUE(side.addPeerReflexive(address, 1, "u", {}).has_value());
  }
  EXPECT_FALSE(side.addPeerReflexive(at("192.0.2.4:1"), 1, "u", {}).has_value());
  const RemoteIndex spare = RemoteSide::kMaxSignalled;
  EXPECT_EQ(side.addPeerReflexive(at("192.0.2.4:1"), 1, "u", spare), spare);
  EXPECT_EQ(side.entries().size(), RemoteSide::kMaxEntries);
}

Candidate hidden(const std::string& name, std::uint16_t port) {
  Candidate c = host("0.0.0.0:" + std::to_string(port));
  c.mdnsName = name;
  return c;
}

TEST(RemoteSide, aNameIsAskedForOnceAndReadiesAllOfItsCandidates) {
  RemoteSide side;
  EXPECT_TRUE(side.add(hidden("A.local", 1))->resolve);
  EXPECT_FALSE(side.add(hidden("a.local", 2))->resolve);
  EXPECT_TRUE(side.add(hidden("b.local", 1))->resolve);
  EXPECT_TRUE(side.hasPending());
  const auto ready = side.resolve("a.LOCAL", *IpAddress::parse("192.0.2.1"));
  ASSERT_EQ(ready.size(), 2u);
  EXPECT_EQ(side[ready[0].index].candidate.address, at("192.0.2.1:1"));
  EXPECT_EQ(side[ready[1].index].candidate.address, at("192.0.2.1:2"));
  side.fail("b.local");
  EXPECT_FALSE(side.hasPending());
  EXPECT_TRUE(side.resolve("b.local", *IpAddress::parse("192.0.2.1")).empty());
}

TEST(RemoteSide, aNameWhoseChecksCameFirstIsMerged) {
  RemoteSide side;
  const auto learnt = side.addPeerReflexive(at("192.0.2.1:1"), 7, "u", {});
  ASSERT_TRUE(side.add(hidden("a.local", 1)).ok());
  const auto ready = side.resolve("a.local", *IpAddress::parse("192.0.2.1"));
  ASSERT_EQ(ready.size(), 1u);
  EXPECT_FALSE(ready[0].isNew);
  EXPECT_EQ(ready[0].index, learnt);
  EXPECT_EQ(side[*learnt].candidate.type, CandidateType::Host);
}

TEST(RemoteSide, namesToResolveAreBounded) {
  RemoteSide side;
  for (std::size_t i = 0; i < RemoteSide::kMaxNames; ++i)
    ASSERT_TRUE(side.add(hidden(std::to_string(i) + ".local", 1)).ok());
  EXPECT_FALSE(side.add(hidden("more.local", 1)).ok());
  EXPECT_TRUE(side.add(hidden("0.local", 2)).ok());
}

TEST(RemoteSide, othersGoWhenTheUfragIsKnown) {
  RemoteSide side;
  Candidate old = host("192.0.2.1:1");
  old.ufrag = "old";
  ASSERT_TRUE(side.add(old).ok());
  ASSERT_TRUE(side.add(host("192.0.2.1:2")).ok());
  side.dropOthers("new");
  EXPECT_TRUE(RemoteSide::isDropped(side[0]));
  EXPECT_FALSE(RemoteSide::isDropped(side[1]));
}

}  // namespace
}  // namespace parley::ice
