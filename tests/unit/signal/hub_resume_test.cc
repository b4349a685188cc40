// A lost socket keeps its place: docs/signalling.md section 6.
#include <gtest/gtest.h>

#include "world.h"

namespace parley::signal::test {
namespace {

class HubResumeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    a = w.join("r", "A");
    b = w.join("r", "B");
    w.takeType(a.socket, "peer-joined");  // a has received 1
  }
  void say(const World::Joined& from, const World::Joined& to, int n) {
    w.send(from.socket, {{"type", "signal"}, {"to", to.id()}, {"data", {{"n", n}}}});
  }
  World w;
  World::Joined a;
  World::Joined b;
};

TEST_F(HubResumeTest, NothingIsLostAndNobodyIsTold) {
  say(b, a, 1);
  w.drop(a.socket);  // whether it had arrived is not known to the server
  say(b, a, 2);
  w.advance(29s);
  say(b, a, 3);
  const auto again = w.come(World::resumeJoin(a, 1));
  EXPECT_EQ(again.welcome.at("resumed"), true);
  EXPECT_EQ(again.welcome.at("returned"), false);
  EXPECT_EQ(again.id(), a.id());
  EXPECT_EQ(again.welcome.at("order"), 1);
  EXPECT_NE(again.welcome.at("resume"), a.welcome.at("resume"));
  EXPECT_EQ(again.welcome.at("peers").size(), 1u);
  for (int n = 1; n <= 3; ++n) {
    const Json m = w.take(again.socket);
    EXPECT_EQ(m.at("seq"), n + 1);
    EXPECT_EQ(m.at("data").at("n"), n);
  }
  EXPECT_TRUE(w.takeType(b.socket, "peer-left").is_null());
  EXPECT_EQ(w.hub().stats().resumes, 1u);
}

TEST_F(HubResumeTest, TheWelcomeSaysWhatTheServerHas) {
  say(a, b, 1);
  say(a, b, 2);
  w.drop(a.socket);
  const auto again = w.come(World::resumeJoin(a, 1));
  EXPECT_EQ(again.welcome.at("ack"), 2);
  w.send(again.socket, {{"type", "signal"}, {"seq", 2}, {"to", b.id()}, {"data", {{"n", 2}}}});
  w.send(again.socket, {{"type", "signal"}, {"seq", 3}, {"to", b.id()}, {"data", {{"n", 3}}}});
  for (int n = 1; n <= 3; ++n)
    EXPECT_EQ(w.take(b.socket).at("data").at("n"), n);
  EXPECT_EQ(w.waiting(b.socket), 0u);
}

TEST_F(HubResumeTest, ThePlaceIsGivenUpAfterThirtySeconds) {
  w.drop(a.socket);
  w.advance(29999ms);
  EXPECT_EQ(w.waiting(b.socket), 0u);
  w.advance(1ms);
  EXPECT_EQ(w.take(b.socket),
            (Json{{"type", "peer-left"}, {"seq", 1}, {"id", a.id()}, {"reason", "timeout"}}));
  const auto late = w.come(World::resumeJoin(a, 1));
  EXPECT_EQ(late.welcome.at("code"), "resume-failed");
  EXPECT_FALSE(w.closed(late.socket)) << "the same socket may join anew";
  w.send(late.socket, {{"type", "join"}, {"room", "r"}, {"name", "A"}});
  const Json welcome = w.takeType(late.socket, "welcome");
  EXPECT_NE(welcome.at("self"), a.id());
  EXPECT_EQ(welcome.at("order"), 3);
  EXPECT_EQ(w.hub().stats().timeouts, 1u);
}

TEST_F(HubResumeTest, TheKeyIsBoundToItsRoom) {
  w.join("s", "S");
  w.drop(a.socket);
  Json j = World::resumeJoin(a, 1);
  j["room"] = "s";
  EXPECT_EQ(w.come(j).welcome.at("code"), "resume-failed");
  j["room"] = "nowhere";
  EXPECT_EQ(w.come(j).welcome.at("code"), "resume-failed");
  EXPECT_EQ(w.come(World::resumeJoin(a, 1)).welcome.at("resumed"), true);
}

TEST_F(HubResumeTest, AResumeEvictsTheOlderSocket) {
  const auto again = w.come(World::resumeJoin(a, 1));
  EXPECT_EQ(again.welcome.at("resumed"), true);
  EXPECT_EQ(w.take(a.socket).at("code"), "replaced");
  EXPECT_EQ(w.closed(a.socket)->code, 4409);
  say(a, b, 1);
  EXPECT_EQ(w.waiting(b.socket), 0u) << "nothing more is read there";
  w.drop(a.socket);
  say(b, a, 1);
  EXPECT_EQ(w.take(again.socket).at("data").at("n"), 1) << "its end harms nobody";
}

TEST_F(HubResumeTest, AnOldKeyIsDeadOnceTheNewOneArrived) {
  w.drop(a.socket);
  const auto second = w.come(World::resumeJoin(a, 1));  // come() acknowledges
  w.drop(second.socket);
  EXPECT_EQ(w.come(World::resumeJoin(a, 1)).welcome.at("code"), "resume-failed");
  EXPECT_EQ(w.come(World::resumeJoin(second, 1)).welcome.at("resumed"), true);
}

TEST_F(HubResumeTest, ALostWelcomeLocksNobodyOut) {
  w.drop(a.socket);
  for (int i = 0; i < 3; ++i) {
    const ConnectionId c = w.open();
    w.send(c, World::resumeJoin(a, 1));
    EXPECT_EQ(w.take(c).at("resumed"), true);
    w.drop(c);  // the welcome did not get through: the client knows the first key only
  }
  const auto last = w.come(World::resumeJoin(a, 1));
  EXPECT_EQ(last.welcome.at("resumed"), true);
  w.drop(last.socket);
  EXPECT_EQ(w.come(World::resumeJoin(a, 1)).welcome.at("code"), "resume-failed");
}

TEST_F(HubResumeTest, AnAckThatDoesNotFitFails) {
  say(b, a, 1);
  w.send(a.socket, {{"type", "ack"}, {"ack", 2}});
  w.drop(a.socket);
  EXPECT_EQ(w.come(World::resumeJoin(a, 1)).welcome.at("code"), "resume-failed") << "freed";
  EXPECT_EQ(w.come(World::resumeJoin(a, 3)).welcome.at("code"), "resume-failed") << "never sent";
  EXPECT_EQ(w.come(World::resumeJoin(a, 2)).welcome.at("resumed"), true);
}

TEST_F(HubResumeTest, JoiningAndLeavingDuringTheGapIsTold) {
  w.drop(a.socket);
  const auto c = w.join("r", "C");
  say(c, a, 7);
  w.send(c.socket, {{"type", "leave"}});
  const auto again = w.come(World::resumeJoin(a, 1));
  EXPECT_EQ(again.welcome.at("peers").size(), 1u) << "the room as it is now";
  EXPECT_EQ(w.take(again.socket).at("peer").at("id"), c.id());
  EXPECT_EQ(w.take(again.socket).at("data").at("n"), 7);
  EXPECT_EQ(w.take(again.socket).at("id"), c.id());
}

TEST_F(HubResumeTest, OverflowWhileAwayEndsTheMembership) {
  w.drop(a.socket);
  const Json big = {{"x", std::string(60000, 'x')}};
  for (int i = 0; i < 4; ++i) {
    w.send(b.socket, {{"type", "signal"}, {"to", a.id()}, {"data", big}});
    EXPECT_TRUE(w.takeType(b.socket, "peer-left").is_null());
  }
  w.send(b.socket, {{"type", "signal"}, {"to", a.id()}, {"data", big}});
  const Json left = w.takeType(b.socket, "peer-left");
  ASSERT_FALSE(left.is_null());
  EXPECT_EQ(left.at("reason"), "overflow");
  EXPECT_EQ(w.come(World::resumeJoin(a, 1)).welcome.at("code"), "resume-failed");
  EXPECT_EQ(w.hub().stats().overflows, 1u);
}

TEST_F(HubResumeTest, OverflowOfASocketThatNeverAcknowledges) {
  const Json big = {{"x", std::string(60000, 'x')}};
  for (int i = 0; i < 5; ++i)
    w.send(b.socket, {{"type", "signal"}, {"to", a.id()}, {"data", big}});
  EXPECT_EQ(w.takeType(a.socket, "error").at("code"), "overflow");
  EXPECT_EQ(w.closed(a.socket)->code, 4413);
  EXPECT_EQ(w.takeType(b.socket, "peer-left").at("reason"), "overflow");
  w.drop(a.socket);
  EXPECT_EQ(w.hub().stats().members, 1u);
}

TEST_F(HubResumeTest, OverflowsMayFollowEachOther) {
  // The news that one is gone is itself the drop too much for the next one.
  w.config.messageBytes = 1024;
  w.config.bufferBytes = 2048;
  w.restart();
  const auto sender = w.join("q", "S");
  std::vector<World::Joined> away;
  for (int i = 0; i < 4; ++i)
    away.push_back(w.join("q", "M"));
  const auto waits = [&] { return w.hub().stats().overflows; };
  for (const auto& m : away)
    w.drop(m.socket);
  for (int round = 0; round < 3; ++round) {
    for (const auto& m : away) {
      // 3 x 636 bytes of signals and some peer-joined of 100 bytes: nearly full.
      w.send(sender.socket,
             {{"type", "signal"}, {"to", m.id()}, {"data", {{"x", std::string(460, 'x')}}}});
    }
  }
  const std::uint64_t before = waits();
  for (int i = 0; i < 12 && waits() < before + away.size(); ++i) {
    w.send(sender.socket, {{"type", "lock"}, {"locked", i % 2 == 0}});
  }
  EXPECT_EQ(waits(), away.size());
  EXPECT_EQ(w.hub().stats().members, 1u);
}

TEST_F(HubResumeTest, RateIsTheMembersNotTheSockets) {
  w.config.messageBurst = 20;
  w.config.messagesPerSecond = 10;
  w.restart();
  a = w.join("r", "A");
  b = w.join("r", "B");
  for (int i = 0; i < 30; ++i)
    say(a, b, i);
  const Json error = w.takeType(a.socket, "error");
  EXPECT_EQ(error.at("code"), "rate-limited");
  EXPECT_EQ(w.closed(a.socket)->code, 4429);
  EXPECT_EQ(error.at("retryAfter"), 1000) << "until half full: 10 of 10 a second";
  w.drop(a.socket);
  const auto soon = w.come(World::resumeJoin(a, 1));
  EXPECT_EQ(w.take(soon.socket).at("code"), "rate-limited") << "a new socket fills no bucket";
  w.drop(soon.socket);
  w.advance(1s);
  // The old key: the welcome before was not confirmed by a message that was let through... but
  // anything heard confirms it, so the new key it is.
  const auto later = w.come(World::resumeJoin(soon, 1));
  EXPECT_EQ(later.welcome.at("resumed"), true);
  EXPECT_EQ(later.welcome.at("ack"), 19) << "the burst less the first ack";
}

TEST_F(HubResumeTest, BytesAreLimitedToo) {
  w.config.byteBurst = 200000;
  w.restart();
  a = w.join("r", "A");
  b = w.join("r", "B");
  for (int i = 0; i < 4; ++i) {
    w.send(a.socket,
           {{"type", "signal"}, {"to", b.id()}, {"data", {{"x", std::string(60000, 'x')}}}});
    w.send(b.socket, {{"type", "ack"}, {"ack", i + 1 > 3 ? 3 : i + 1}});
  }
  EXPECT_EQ(w.takeType(a.socket, "error").at("code"), "rate-limited");
  EXPECT_FALSE(w.closed(b.socket));
}

TEST_F(HubResumeTest, SilenceEndsASocketButNotThePlace) {
  w.advance(60s);
  w.hub().handleAlive(b.socket, w.now);
  w.advance(30s);
  EXPECT_EQ(w.takeType(a.socket, "error").at("code"), "idle");
  EXPECT_EQ(w.closed(a.socket)->code, 4408);
  EXPECT_FALSE(w.closed(b.socket)) << "a pong is life";
  w.drop(a.socket);
  w.advance(29s);
  EXPECT_EQ(w.come(World::resumeJoin(a, 1)).welcome.at("resumed"), true);
}

TEST_F(HubResumeTest, NoIceServersAreMintedForWhoIsAway) {
  w.iceTtl = 24s;
  w.restart();
  a = w.join("r", "A");
  w.advance(17s);
  w.drop(a.socket);
  w.advance(20s);  // 18 s after the welcome they would have been due
  const auto again = w.come(World::resumeJoin(a, 0));
  EXPECT_EQ(again.welcome.at("resumed"), true);
  EXPECT_EQ(w.waiting(again.socket), 0u) << "the welcome has new ones";
  w.advance(18s);
  EXPECT_EQ(w.take(again.socket).at("type"), "ice-servers");
}

TEST_F(HubResumeTest, AnEarlyOrLateTimeoutIsHarmless) {
  for (int i = 0; i < 100; ++i)
    w.hub().handleTimeout(w.now, w.wall);
  EXPECT_EQ(w.hub().stats().members, 2u);
  w.drop(a.socket);
  w.now += 5h;
  w.wall += 5h;
  w.hub().handleTimeout(w.now, w.wall);
  EXPECT_EQ(w.hub().stats().members, 1u) << "b was silent for 5 h: its place runs from now";
  w.advance(31s);
  EXPECT_EQ(w.hub().stats().members, 0u);
  EXPECT_EQ(w.hub().stats().rooms, 0u);
  w.drop(b.socket);
  EXPECT_EQ(w.hub().nextTimeout(), kNever) << "an empty hub is idle";
}

}  // namespace
}  // namespace parley::signal::test
