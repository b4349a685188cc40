// Joining, and being refused: docs/signalling.md sections 2 to 4, 8, 10, 14.
#include <gtest/gtest.h>

#include "world.h"

namespace parley::signal::test {
namespace {

class HubJoinTest : public ::testing::Test {
 protected:
  // The code of the error that a join gets, after checking how the socket ends.
  std::string refusal(const Json& join, const IpAddress& from = IpAddress::v4(192, 0, 2, 1)) {
    const auto j = w.come(join, from);
    if (j.welcome.value("type", "") != "error") return "welcome";
    const std::string code = j.welcome.at("code");
    const SignalErrorInfo& i = info(*signalErrorFromName(code));
    EXPECT_EQ(j.welcome.at("fatal"), i.fatal);
    EXPECT_EQ(w.closed(j.socket).has_value(), i.fatal);
    if (i.fatal) {
      EXPECT_EQ(w.closed(j.socket)->code, i.close);
      EXPECT_EQ(w.closed(j.socket)->reason, code);
    }
    return code;
  }
  static Json joinText(const std::string& room, const std::string& name) {
    return {{"type", "join"}, {"room", room}, {"name", name}};
  }
  void useTokens() {
    std::vector<TokenKey> keys;
    keys.push_back(key);
    w.tokens = std::make_unique<TokenVerifier>(std::move(keys));
  }
  std::string token(const std::string& room, std::optional<std::string> name, Rights rights,
                    Duration life = 1h) {
    TokenClaims c;
    c.room = room;
    c.name = std::move(name);
    c.rights = rights;
    c.expiry = w.wall + life;
    return *mintToken(key, c, w.wall);
  }

  World w;
  TokenKey key = *TokenKey::hs256(asBytes(std::string(32, 'k')));
};

TEST_F(HubJoinTest, WelcomeCarriesAllThatAPageNeeds) {
  const auto a = w.join("Blue-Fox", "  Ada ");
  EXPECT_EQ(a.welcome.at("room"), "blue-fox");
  EXPECT_EQ(a.welcome.at("name"), "Ada");
  EXPECT_EQ(a.welcome.at("order"), 1);
  EXPECT_EQ(a.welcome.at("resumed"), false);
  EXPECT_EQ(a.welcome.at("returned"), false);
  EXPECT_EQ(a.welcome.at("ack"), 0);
  EXPECT_EQ(a.welcome.at("peers"), Json::array());
  EXPECT_EQ(a.welcome.at("locked"), false);
  EXPECT_EQ(a.welcome.at("resumeWithin"), 30);
  EXPECT_EQ(a.welcome.at("pingEvery"), 25);
  EXPECT_EQ(a.welcome.at("iceTtl"), 3600);
  EXPECT_EQ(a.welcome.at("time"), 1'790'000'000'000);
  EXPECT_EQ(a.welcome.at("limits"),
            (Json{{"messageBytes", 65536}, {"bufferBytes", 262144}, {"members", 16}}));
  EXPECT_EQ(a.welcome.at("rights"), (Json{"create", "lock", "relay"}));
  const Json& turn = a.welcome.at("iceServers").at(1);
  EXPECT_EQ(turn.at("username"), "1790003600:" + a.id());
}

TEST_F(HubJoinTest, TheNewcomerSeesThoseThereAndTheyAreTold) {
  const auto a = w.join("r", "Ada");
  const auto b = w.join("r", "Bo", IpAddress::v4(192, 0, 2, 2));
  EXPECT_EQ(b.welcome.at("peers"),
            (Json::array({{{"id", a.id()}, {"name", "Ada"}, {"order", 1}}})));
  EXPECT_EQ(b.welcome.at("order"), 2);
  EXPECT_EQ(w.take(a.socket), (Json{{"type", "peer-joined"},
                                    {"seq", 1},
                                    {"peer", {{"id", b.id()}, {"name", "Bo"}, {"order", 2}}},
                                    {"returned", false}}));
  const auto elsewhere = w.join("s", "Cy");
  EXPECT_EQ(elsewhere.welcome.at("peers"), Json::array());
  EXPECT_EQ(w.waiting(a.socket), 0u);
}

TEST_F(HubJoinTest, IdsKeysAndProofsDiffer) {
  const auto a = w.join("r", "Ada");
  const auto b = w.join("r", "Ada");
  EXPECT_NE(a.id(), b.id());
  EXPECT_NE(a.welcome.at("resume"), b.welcome.at("resume"));
  EXPECT_NE(a.welcome.at("proof"), b.welcome.at("proof"));
  EXPECT_NE(a.welcome.at("resume"), a.welcome.at("self"));
}

TEST_F(HubJoinTest, NamesThatAreNotAllowed) {
  EXPECT_EQ(refusal(joinText("a b", "Ada")), "bad-room");
  EXPECT_EQ(refusal(joinText("", "Ada")), "bad-room");
  EXPECT_EQ(refusal(joinText(std::string(65, 'a'), "Ada")), "bad-room");
  EXPECT_EQ(refusal(joinText("r", "")), "bad-name");
  EXPECT_EQ(refusal(joinText("r", "a\tb")), "bad-name");
  EXPECT_EQ(refusal(joinText("r", std::string(65, 'a'))), "bad-name");
  Json j = joinText("r", "Ada");
  j["protocol"] = 2;
  EXPECT_EQ(refusal(j), "unsupported-protocol");
  j["protocol"] = 1;
  EXPECT_EQ(refusal(j), "welcome");
}

TEST_F(HubJoinTest, ARoomFillsUp) {
  w.config.roomMembers = 3;
  const auto a = w.join("r", "A");
  w.join("r", "B");
  w.join("r", "C");
  EXPECT_EQ(refusal(joinText("r", "D")), "room-full");
  EXPECT_EQ(refusal(joinText("s", "D")), "welcome");
  w.send(a.socket, {{"type", "leave"}});
  EXPECT_EQ(refusal(joinText("r", "D")), "welcome");
}

TEST_F(HubJoinTest, APlaceThatIsKeptCountsAsTaken) {
  w.config.roomMembers = 1;
  const auto a = w.join("r", "A");
  w.drop(a.socket);
  EXPECT_EQ(refusal(joinText("r", "B")), "room-full");
  w.advance(31s);
  EXPECT_EQ(refusal(joinText("r", "B")), "welcome");
}

TEST_F(HubJoinTest, ALockedRoomLetsNobodyNewIn) {
  const auto a = w.join("r", "A");
  const auto b = w.join("r", "B");
  w.takeType(a.socket, "peer-joined");
  w.send(b.socket, {{"type", "lock"}, {"seq", 1}, {"locked", true}});
  const Json told = w.take(a.socket);
  EXPECT_EQ(told.at("type"), "lock");
  EXPECT_EQ(told.at("locked"), true);
  EXPECT_EQ(told.at("by"), b.id());
  EXPECT_EQ(w.take(b.socket).at("locked"), true) << "the one who asked is told, too";
  EXPECT_EQ(refusal(joinText("r", "C")), "room-locked");

  w.send(a.socket, {{"type", "lock"}, {"seq", 1}, {"locked", true}});
  EXPECT_EQ(w.take(a.socket).at("type"), "lock") << "nothing changed: told alone";
  EXPECT_EQ(w.waiting(b.socket), 0u);

  w.send(a.socket, {{"type", "lock"}, {"seq", 2}, {"locked", false}});
  EXPECT_EQ(refusal(joinText("r", "C")), "welcome");
}

TEST_F(HubJoinTest, TheLockEndsWithTheRoom) {
  const auto a = w.join("r", "A");
  w.send(a.socket, {{"type", "lock"}, {"locked", true}});
  EXPECT_EQ(w.hub().lockDigests().size(), 1u);
  w.send(a.socket, {{"type", "leave"}});
  EXPECT_TRUE(w.hub().lockDigests().empty());
  EXPECT_EQ(w.locksChanged, 2);
  EXPECT_EQ(refusal(joinText("r", "B")), "welcome");
}

TEST_F(HubJoinTest, TokensWhereTheyAreRequired) {
  useTokens();
  Json j = joinText("r", "Ada");
  EXPECT_EQ(refusal(j), "token-required");
  j["token"] = "x";
  EXPECT_EQ(refusal(j), "bad-token");
  j["token"] = token("other", std::nullopt, Rights::all());
  EXPECT_EQ(refusal(j), "wrong-room");
  j["token"] = token("r", std::nullopt, Rights::all(), -2min);
  EXPECT_EQ(refusal(j), "token-expired");
  j["token"] = token("r", "Countess", Rights().with(Right::Create));
  const auto a = w.come(j);
  EXPECT_EQ(a.welcome.at("name"), "Countess") << "the token's name, whatever the join says";
  EXPECT_EQ(a.welcome.at("rights"), Json{"create"});
  EXPECT_EQ(a.welcome.at("iceServers").size(), 1u) << "no relay without the right";
}

TEST_F(HubJoinTest, RightsOfTokens) {
  useTokens();
  Json j = joinText("r", "Ada");
  j["token"] = token("r", std::nullopt, Rights().with(Right::Relay));
  EXPECT_EQ(refusal(j), "no-such-room") << "may not be the first";
  Json host = joinText("r", "Host");
  host["token"] = token("*", std::nullopt, Rights::all());
  w.come(host);
  const auto a = w.come(j);
  ASSERT_EQ(a.welcome.at("type"), "welcome");
  w.send(a.socket, {{"type", "lock"}, {"seq", 1}, {"locked", true}});
  const Json error = w.take(a.socket);
  EXPECT_EQ(error.at("code"), "not-allowed");
  EXPECT_EQ(error.at("fatal"), false);
  EXPECT_EQ(error.at("ref"), 1);
  EXPECT_EQ(error.at("seq"), 1);
}

TEST_F(HubJoinTest, OptionalTokens) {
  useTokens();
  w.config.tokenRequired = false;
  w.config.anonymousRights = Rights().with(Right::Create);
  const auto a = w.join("r", "Ada");
  EXPECT_EQ(a.welcome.at("rights"), Json{"create"});
  Json j = joinText("r", "Bo");
  j["token"] = "rubbish";
  EXPECT_EQ(refusal(j), "bad-token") << "a token that is there must hold";
}

TEST_F(HubJoinTest, JoinMustComeInTime) {
  const ConnectionId silent = w.open();
  w.advance(9s);
  EXPECT_FALSE(w.closed(silent));
  w.send(silent, {{"type", "ping"}});
  EXPECT_EQ(w.take(silent).at("type"), "pong");
  w.advance(1s);
  EXPECT_EQ(w.take(silent).at("code"), "join-timeout");
  EXPECT_EQ(w.closed(silent)->code, 4408);
}

TEST_F(HubJoinTest, WrongOrder) {
  const ConnectionId c = w.open();
  w.send(c, {{"type", "signal"}, {"to", "x"}, {"data", Json::object()}});
  EXPECT_EQ(w.take(c).at("code"), "not-joined");
  w.send(c, {{"type", "lock"}, {"locked", true}});
  EXPECT_EQ(w.take(c).at("code"), "not-joined");
  w.send(c, {{"type", "ack"}, {"ack", 1}});
  EXPECT_EQ(w.take(c).at("code"), "not-joined");
  w.send(c, joinText("r", "A"));
  EXPECT_EQ(w.take(c).at("type"), "welcome");
  w.send(c, joinText("s", "A"));
  const Json error = w.take(c);
  EXPECT_EQ(error.at("code"), "already-joined");
  EXPECT_EQ(error.at("seq"), 1);
  EXPECT_FALSE(w.closed(c));
}

TEST_F(HubJoinTest, LeaveTellsTheOthersAtOnce) {
  const auto a = w.join("r", "A");
  const auto b = w.join("r", "B");
  w.takeType(a.socket, "peer-joined");
  w.send(b.socket, {{"type", "leave"}});
  EXPECT_EQ(w.closed(b.socket)->code, 1000);
  EXPECT_EQ(w.take(a.socket),
            (Json{{"type", "peer-left"}, {"seq", 2}, {"id", b.id()}, {"reason", "left"}}));
  w.drop(b.socket);
  EXPECT_EQ(w.come(World::resumeJoin(b, 0)).welcome.at("code"), "resume-failed");
  const ConnectionId c = w.open();
  w.send(c, {{"type", "leave"}});
  EXPECT_EQ(w.closed(c)->code, 1000);
  EXPECT_EQ(w.hub().stats().members, 1u);
}

TEST_F(HubJoinTest, IceServersComeAgainBeforeTheyExpire) {
  const auto a = w.join("r", "A");
  const auto refresh = [&](Duration after) {
    const Time until = w.now + after;
    while (w.now + 20s < until) {  // keeps the socket alive
      w.advance(20s);
      w.send(a.socket, {{"type", "ping"}});
    }
    w.advance(until - w.now);
    return w.takeType(a.socket, "ice-servers");
  };
  EXPECT_TRUE(refresh(44min).is_null());
  const Json m = refresh(61s);
  ASSERT_FALSE(m.is_null());
  EXPECT_EQ(m.at("seq"), 1);
  EXPECT_EQ(m.at("iceServers").at(1).at("username"),
            std::to_string(1'790'000'000 + 45 * 60 + 3600) + ":" + a.id());
  EXPECT_NE(m.at("proof"), a.welcome.at("proof"));
  EXPECT_FALSE(refresh(45min + 1s).is_null());
}

TEST_F(HubJoinTest, AProofIsRenewedEvenWhenIceServersNeverExpire) {
  w.iceTtl = Duration::zero();
  const auto a = w.join("r", "A");
  Json m;
  for (int i = 0; i < 181 && m.is_null(); ++i) {
    w.advance(20s);
    w.send(a.socket, {{"type", "ping"}});
    m = w.takeType(a.socket, "ice-servers");
  }
  ASSERT_FALSE(m.is_null());
  EXPECT_EQ(m.at("iceTtl"), 0);
  EXPECT_EQ(w.now, Time(1000s) + 1h) << "half of the proof's life";
}

}  // namespace
}  // namespace parley::signal::test
