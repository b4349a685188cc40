// The server is started anew under a call: docs/signalling.md section 7.
#include <gtest/gtest.h>

#include "world.h"

namespace parley::signal::test {
namespace {

class HubRestartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    a = w.join("r", "A");
    b = w.join("r", "B");
  }
  World w;
  World::Joined a;
  World::Joined b;
};

TEST_F(HubRestartTest, ClientsComeBackUnderTheirIds) {
  w.restart();
  const auto b2 = w.come(World::resumeJoin(b, 0));
  EXPECT_EQ(b2.welcome.at("returned"), true);
  EXPECT_EQ(b2.welcome.at("resumed"), false);
  EXPECT_EQ(b2.id(), b.id());
  EXPECT_EQ(b2.welcome.at("ack"), 0);
  const auto a2 = w.come(World::resumeJoin(a, 0));
  EXPECT_EQ(a2.id(), a.id());
  EXPECT_EQ(a2.welcome.at("peers").at(0).at("id"), b.id());
  const Json told = w.take(b2.socket);
  EXPECT_EQ(told.at("type"), "peer-joined");
  EXPECT_EQ(told.at("returned"), true);
  EXPECT_EQ(told.at("seq"), 1);
  w.send(a2.socket, {{"type", "signal"}, {"seq", 1}, {"to", b.id()}, {"data", {{"n", 1}}}});
  EXPECT_EQ(w.take(b2.socket).at("from"), a.id());
  EXPECT_EQ(w.hub().stats().returns, 2u);
}

TEST_F(HubRestartTest, ReturnedMembersResumeAsUsual) {
  w.restart();
  const auto a2 = w.come(World::resumeJoin(a, 1));
  w.drop(a2.socket);
  EXPECT_EQ(w.come(World::resumeJoin(a2, 0)).welcome.at("resumed"), true);
}

TEST_F(HubRestartTest, AProofIsOfNoUseInItsOwnRun) {
  w.drop(a.socket);
  w.advance(31s);
  EXPECT_EQ(w.come(World::resumeJoin(a, 1)).welcome.at("code"), "resume-failed");
}

TEST_F(HubRestartTest, AProofWorksOnceARun) {
  w.restart();
  const auto a2 = w.come(World::resumeJoin(a, 0));
  EXPECT_EQ(w.come(World::resumeJoin(a, 0)).welcome.at("code"), "resume-failed")
      << "back already, and heard";
  EXPECT_FALSE(w.closed(a2.socket));
  w.send(a2.socket, {{"type", "leave"}});
  EXPECT_EQ(w.come(World::resumeJoin(a, 0)).welcome.at("code"), "resume-failed") << "left";
}

TEST_F(HubRestartTest, ALostWelcomeLocksNobodyOut) {
  w.restart();
  const auto b2 = w.come(World::resumeJoin(b, 0));
  ConnectionId c = w.open();
  w.send(c, World::resumeJoin(a, 0));
  EXPECT_EQ(w.take(c).at("returned"), true);
  w.send(b2.socket, {{"type", "signal"}, {"to", a.id()}, {"data", {{"n", 1}}}});
  w.drop(c);
  w.send(b2.socket, {{"type", "signal"}, {"to", a.id()}, {"data", {{"n", 2}}}});
  const auto a2 = w.come(World::resumeJoin(a, 0));
  EXPECT_EQ(a2.welcome.at("returned"), true);
  EXPECT_EQ(w.take(a2.socket).at("data").at("n"), 1);
  EXPECT_EQ(w.take(a2.socket).at("seq"), 2) << "nothing is lost to those who came back";
  EXPECT_EQ(w.hub().stats().members, 2u);
}

TEST_F(HubRestartTest, ProofsOfTheRunBeforeTheLastHoldToo) {
  w.restart();
  w.restart();
  EXPECT_EQ(w.come(World::resumeJoin(a, 0)).welcome.at("returned"), true);
}

TEST_F(HubRestartTest, ProofsExpireAndAreBoundToRoomNameAndServer) {
  w.restart();
  Json j = World::resumeJoin(a, 0);
  j["room"] = "s";
  EXPECT_EQ(w.come(j).welcome.at("code"), "resume-failed");
  j = World::resumeJoin(a, 0);
  j["name"] = "Eve";
  EXPECT_EQ(w.come(j).welcome.at("code"), "resume-failed");
  w.advance(2h);
  EXPECT_EQ(w.come(World::resumeJoin(a, 0)).welcome.at("code"), "resume-failed");
  w.config.serverKey.assign(32, 1);
  w.wall -= 2h;
  w.restart();
  EXPECT_EQ(w.come(World::resumeJoin(b, 0)).welcome.at("code"), "resume-failed");
}

TEST_F(HubRestartTest, AProofStandsForTheToken) {
  const TokenKey key = *TokenKey::hs256(asBytes(std::string(32, 'k')));
  std::vector<TokenKey> keys{key};
  w.tokens = std::make_unique<TokenVerifier>(keys);
  w.restart();
  TokenClaims claims;
  claims.room = "t";
  claims.rights = Rights().with(Right::Create);
  claims.expiry = w.wall + 5min;
  const Json join = {
      {"type", "join"}, {"room", "t"}, {"name", "A"}, {"token", *mintToken(key, claims, w.wall)}};
  const auto first = w.come(join);
  ASSERT_EQ(first.welcome.at("type"), "welcome");
  w.advance(1h);
  w.tokens = std::make_unique<TokenVerifier>(keys);
  w.restart();
  const auto back = w.come(World::resumeJoin(first, 0));
  EXPECT_EQ(back.welcome.at("returned"), true);
  EXPECT_EQ(back.welcome.at("rights"), Json{"create"}) << "the same rights, not more";
}

TEST_F(HubRestartTest, ALockedRoomStaysLocked) {
  w.send(a.socket, {{"type", "lock"}, {"locked", true}});
  w.restart();
  const auto stranger = w.join("r", "Eve");
  EXPECT_EQ(stranger.welcome.at("code"), "room-locked");
  const auto a2 = w.come(World::resumeJoin(a, 0));
  EXPECT_EQ(a2.welcome.at("locked"), true);
  EXPECT_EQ(w.join("r", "Eve").welcome.at("code"), "room-locked");
  EXPECT_EQ(w.come(World::resumeJoin(b, 0)).welcome.at("returned"), true);
  w.send(a2.socket, {{"type", "lock"}, {"locked", false}});
  EXPECT_EQ(w.join("r", "Eve").welcome.at("type"), "welcome");
}

TEST_F(HubRestartTest, ALockThatNobodyComesBackToIsForgotten) {
  w.send(a.socket, {{"type", "lock"}, {"locked", true}});
  w.restart();
  w.restart();
  w.advance(10min - 1s);
  EXPECT_EQ(w.join("r", "Eve").welcome.at("code"), "room-locked");
  w.locksChanged = 0;
  w.advance(1s);
  EXPECT_EQ(w.locksChanged, 1);
  EXPECT_TRUE(w.hub().lockDigests().empty());
  EXPECT_EQ(w.join("r", "Eve").welcome.at("type"), "welcome");
}

TEST_F(HubRestartTest, LockDigestsTellNoNames) {
  w.send(a.socket, {{"type", "lock"}, {"locked", true}});
  const auto digests = w.hub().lockDigests();
  ASSERT_EQ(digests.size(), 1u);
  EXPECT_EQ(digests[0].size(), 32u);
  EXPECT_EQ(digests[0].find("r"), std::string::npos) << "hexadecimal";
}

TEST_F(HubRestartTest, AFullRoomIsFullForThoseWhoReturnToo) {
  w.config.roomMembers = 2;
  w.restart();
  w.join("r", "X");
  EXPECT_EQ(w.come(World::resumeJoin(a, 0)).welcome.at("returned"), true);
  EXPECT_EQ(w.come(World::resumeJoin(b, 0)).welcome.at("code"), "room-full");
}

}  // namespace
}  // namespace parley::signal::test
