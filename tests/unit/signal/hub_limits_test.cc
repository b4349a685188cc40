// Every table has a limit, and a full one is an answer: docs/signalling.md section 13.
#include <gtest/gtest.h>

#include "world.h"

namespace parley::signal::test {
namespace {

const IpAddress kHere = IpAddress::v4(192, 0, 2, 1);
const IpAddress kThere = IpAddress::v4(192, 0, 2, 2);

class HubLimitsTest : public ::testing::Test {
 protected:
  std::string joinCode(const std::string& room, const IpAddress& from) {
    const auto j = w.join(room, "N", from);
    return j.welcome.value("code", "welcome");
  }
  World w;
};

TEST_F(HubLimitsTest, SocketsOfAnAddress) {
  w.config.connectionsPerSource = 2;
  const ConnectionId first = w.open(kHere);
  w.open(kHere);
  const ConnectionId third = w.open(kHere);
  EXPECT_EQ(w.take(third).at("code"), "too-many-sockets");
  EXPECT_EQ(w.closed(third)->code, 4429);
  EXPECT_FALSE(w.closed(w.open(kThere)));
  EXPECT_TRUE(w.closed(w.open(*IpAddress::parse("::ffff:192.0.2.1"))));
  w.drop(first);
  EXPECT_TRUE(w.closed(w.open(kHere))) << "those being closed still count";
  w.drop(third);
  w.drop(ConnectionId(5));
  w.drop(ConnectionId(6));
  EXPECT_FALSE(w.closed(w.open(kHere)));
}

TEST_F(HubLimitsTest, AnIpv6HouseholdIsOneAddress) {
  w.config.connectionsPerSource = 1;
  EXPECT_FALSE(w.closed(w.open(*IpAddress::parse("2001:db8:0:1200::1"))));
  EXPECT_TRUE(w.closed(w.open(*IpAddress::parse("2001:db8:0:12ff::2"))));
  EXPECT_FALSE(w.closed(w.open(*IpAddress::parse("2001:db8:0:1300::1"))));
}

TEST_F(HubLimitsTest, AllSockets) {
  w.config.maxConnections = 2;
  w.open(kHere);
  w.open(kThere);
  const ConnectionId third = w.open(IpAddress::v4(192, 0, 2, 3));
  EXPECT_EQ(w.take(third).at("code"), "server-full");
}

TEST_F(HubLimitsTest, MembersOfAnAddressCountWithoutSockets) {
  w.config.membersPerSource = 2;
  const auto a = w.join("r", "A", kHere);
  w.join("r", "B", kHere);
  w.drop(a.socket);
  EXPECT_EQ(joinCode("r", kHere), "too-many-members");
  EXPECT_EQ(joinCode("r", kThere), "welcome");
  w.advance(30s);
  EXPECT_EQ(joinCode("r", kHere), "welcome");
}

TEST_F(HubLimitsTest, RoomsOpenedFromAnAddress) {
  w.config.roomsPerSource = 2;
  const auto a = w.join("r1", "A", kHere);
  w.join("r2", "A", kHere);
  EXPECT_EQ(joinCode("r3", kHere), "too-many-rooms");
  EXPECT_EQ(joinCode("r2", kHere), "welcome");
  EXPECT_EQ(joinCode("r3", kThere), "welcome");
  EXPECT_EQ(joinCode("r3", kHere), "welcome") << "opened by another";
  w.send(a.socket, {{"type", "leave"}});
  EXPECT_EQ(joinCode("r4", kHere), "welcome");
}

TEST_F(HubLimitsTest, TheOpenerOfARoomIsChargedUntilItEnds) {
  w.config.roomsPerSource = 1;
  const auto a = w.join("r1", "A", kHere);
  const auto b = w.join("r1", "B", kThere);
  w.send(a.socket, {{"type", "leave"}});
  EXPECT_EQ(joinCode("r2", kHere), "too-many-rooms");
  w.send(b.socket, {{"type", "leave"}});
  EXPECT_EQ(joinCode("r2", kHere), "welcome");
}

TEST_F(HubLimitsTest, AllMembersAndAllRooms) {
  w.config.maxMembers = 3;
  w.config.maxRooms = 2;
  EXPECT_EQ(joinCode("r1", kHere), "welcome");
  EXPECT_EQ(joinCode("r2", kHere), "welcome");
  EXPECT_EQ(joinCode("r3", kHere), "server-full");
  EXPECT_EQ(joinCode("r2", kHere), "welcome");
  EXPECT_EQ(joinCode("r2", kHere), "server-full");
}

TEST_F(HubLimitsTest, ASocketThatHasNotJoinedMaySayLittle) {
  const ConnectionId c = w.open();
  for (int i = 0; i < 10; ++i)
    w.send(c, {{"type", "ping"}});
  EXPECT_FALSE(w.closed(c));
  w.send(c, {{"type", "ping"}});
  EXPECT_EQ(w.takeType(c, "error").at("code"), "rate-limited");
}

TEST_F(HubLimitsTest, AFloodHarmsNoOtherRoom) {
  const auto flooder = w.join("bad", "F");
  const auto a = w.join("good", "A", kThere);
  const auto b = w.join("good", "B", kThere);
  for (int i = 0; i < 2000; ++i)
    w.send(flooder.socket, {{"type", "ping"}});
  EXPECT_EQ(w.takeType(flooder.socket, "error").at("code"), "rate-limited");
  w.send(a.socket, {{"type", "signal"}, {"to", b.id()}, {"data", Json::object()}});
  EXPECT_EQ(w.take(b.socket).at("from"), a.id());
}

TEST_F(HubLimitsTest, ANewcomerToAFullMeshFitsIntoTheBurst) {
  std::vector<World::Joined> all;
  w.checkSchema = false;
  for (int i = 0; i < 16; ++i)
    all.push_back(w.join("r", "M"));
  // 15 offers of 8 KiB and 20 candidates to each, at once.
  const auto& last = all.back();
  for (int peer = 0; peer < 15; ++peer) {
    const std::string to = all[static_cast<std::size_t>(peer)].id();
    w.send(last.socket,
           {{"type", "signal"}, {"to", to}, {"data", {{"x", std::string(8000, 's')}}}});
    for (int i = 0; i < 20; ++i)
      w.send(last.socket,
             {{"type", "signal"}, {"to", to}, {"data", {{"x", std::string(200, 'c')}}}});
  }
  EXPECT_FALSE(w.closed(last.socket));
}

TEST_F(HubLimitsTest, NothingIsLeftBehind) {
  for (int i = 0; i < 50; ++i) {
    const auto j = w.join("r" + std::to_string(i % 7), "N");
    if (i % 3 == 0) w.send(j.socket, {{"type", "leave"}});
    w.drop(j.socket);
  }
  w.advance(31s);
  const HubStats s = w.hub().stats();
  EXPECT_EQ(s.connections, 0u);
  EXPECT_EQ(s.members, 0u);
  EXPECT_EQ(s.rooms, 0u);
  EXPECT_EQ(w.hub().nextTimeout(), kNever);
}

}  // namespace
}  // namespace parley::signal::test
