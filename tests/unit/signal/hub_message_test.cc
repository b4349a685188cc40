// What members say: docs/signalling.md sections 3, 5 and 11.
#include <gtest/gtest.h>

#include "world.h"

namespace parley::signal::test {
namespace {

class HubMessageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    a = w.join("r", "A");
    b = w.join("r", "B");
    w.takeType(a.socket, "peer-joined");
  }
  Json signalTo(const World::Joined& to, std::uint64_t seq, const Json& data = {{"x", 1}}) {
    return {{"type", "signal"}, {"seq", seq}, {"to", to.id()}, {"data", data}};
  }
  World w;
  World::Joined a;
  World::Joined b;
};

TEST_F(HubMessageTest, SignalReachesItsPeerAlone) {
  const auto c = w.join("r", "C");
  w.takeType(a.socket, "peer-joined");
  w.takeType(b.socket, "peer-joined");
  const Json data = {{"description", {{"type", "offer"}, {"sdp", "v=0\r\n"}}}, {"session", "k"}};
  w.send(a.socket, signalTo(b, 1, data));
  EXPECT_EQ(w.take(b.socket),
            (Json{{"type", "signal"}, {"seq", 2}, {"from", a.id()}, {"data", data}}));
  EXPECT_EQ(w.waiting(c.socket), 0u);
  EXPECT_EQ(w.waiting(a.socket), 0u);
}

TEST_F(HubMessageTest, DataIsPassedOnByteForByte) {
  w.sendText(a.socket, R"({"type":"signal","to":")" + b.id() +
                           R"(","data":{"n":1.000,"big":12345678901234567890123,"d":1,"d":2}})");
  w.hub();
  const Json m = w.take(b.socket);
  EXPECT_EQ(m.at("data").at("n").get<double>(), 1.0);
  EXPECT_EQ(m.at("data").at("d"), 2);
}

TEST_F(HubMessageTest, UnknownAndForeignIdsGetTheSameAnswer) {
  const auto stranger = w.join("other", "S");
  const auto answer = [&](const std::string& to, std::uint64_t seq) {
    w.send(a.socket, {{"type", "signal"}, {"seq", seq}, {"to", to}, {"data", Json::object()}});
    Json m = w.takeType(a.socket, "error");
    EXPECT_EQ(m.at("ref"), seq);
    m.erase("ref");
    m.erase("seq");
    m.erase("ack");
    return m;
  };
  const Json foreign = answer(stranger.id(), 1);
  EXPECT_EQ(foreign.at("code"), "no-such-peer");
  EXPECT_EQ(answer("AAAAAAAAAAAAAAAAAAAAAA", 2), foreign);
  EXPECT_EQ(answer("rubbish", 3), foreign);
  EXPECT_EQ(answer(a.id(), 4), foreign) << "nor to oneself";
  EXPECT_EQ(w.waiting(stranger.socket), 0u);
}

TEST_F(HubMessageTest, PingIsEchoed) {
  w.sendText(a.socket, R"({"type":"ping","t":12.50})");
  EXPECT_EQ(w.take(a.socket), (Json{{"type", "pong"}, {"t", 12.5}}));
  w.sendText(a.socket, R"({"type":"ping","t":"q\"x"})");
  EXPECT_EQ(w.take(a.socket).at("t"), "q\"x");
  w.sendText(a.socket, R"({"type":"ping"})");
  EXPECT_EQ(w.take(a.socket), (Json{{"type", "pong"}}));
}

TEST_F(HubMessageTest, ARepetitionIsIgnoredAndAGapIsFatal) {
  w.send(a.socket, signalTo(b, 1));
  w.send(a.socket, signalTo(b, 1));
  w.send(a.socket, signalTo(b, 2));
  EXPECT_EQ(w.waiting(b.socket), 2u);
  w.send(a.socket, signalTo(b, 4));
  const Json error = w.take(a.socket);
  EXPECT_EQ(error.at("code"), "bad-sequence");
  EXPECT_FALSE(error.contains("seq"));
  EXPECT_EQ(w.closed(a.socket)->code, 4400);
  EXPECT_EQ(w.hub().stats().members, 2u) << "the place is kept";
}

TEST_F(HubMessageTest, WithoutSeqTheNextIsMeant) {
  w.send(a.socket, {{"type", "signal"}, {"to", b.id()}, {"data", Json::object()}});
  w.send(a.socket, signalTo(b, 2));
  w.send(a.socket, {{"type", "signal"}, {"to", b.id()}, {"data", Json::object()}});
  EXPECT_EQ(w.waiting(b.socket), 3u);
}

TEST_F(HubMessageTest, ABadSequencedMessageUsesItsNumber) {
  w.send(a.socket, {{"type", "signal"}, {"seq", 1}, {"to", b.id()}, {"data", 5}});
  const Json error = w.take(a.socket);
  EXPECT_EQ(error.at("code"), "bad-message");
  EXPECT_EQ(error.at("ref"), 1);
  EXPECT_EQ(error.at("ack"), 1);
  w.send(a.socket, signalTo(b, 2));
  EXPECT_EQ(w.waiting(b.socket), 1u);
  w.send(a.socket, {{"type", "signal"}, {"seq", 2}, {"to", b.id()}, {"data", 5}});
  EXPECT_EQ(w.waiting(a.socket), 0u) << "a repeated one is not answered again";
}

TEST_F(HubMessageTest, AnAckOfWhatWasNeverSentIsFatal) {
  w.send(a.socket, {{"type", "ack"}, {"ack", 1}});
  EXPECT_FALSE(w.closed(a.socket));
  w.send(a.socket, {{"type", "ping"}, {"ack", 2}});
  EXPECT_EQ(w.take(a.socket).at("code"), "bad-sequence");
}

TEST_F(HubMessageTest, TheServerAcknowledgesWithinASecond) {
  w.send(a.socket, signalTo(b, 1));
  EXPECT_EQ(w.waiting(a.socket), 0u);
  w.advance(1s);
  EXPECT_EQ(w.take(a.socket), (Json{{"type", "ack"}, {"ack", 1}}));
  w.advance(20s);
  EXPECT_EQ(w.waiting(a.socket), 0u) << "once is enough";
}

TEST_F(HubMessageTest, TheServerAcknowledgesSixteenAtOnce) {
  for (std::uint64_t i = 1; i <= 16; ++i)
    w.send(a.socket, signalTo(b, i));
  EXPECT_EQ(w.take(a.socket), (Json{{"type", "ack"}, {"ack", 16}}));
  w.send(a.socket, signalTo(b, 17, {{"x", std::string(33000, 'x')}}));
  EXPECT_EQ(w.take(a.socket), (Json{{"type", "ack"}, {"ack", 17}})) << "or 32 KiB";
}

TEST_F(HubMessageTest, AnAckRidesOnTrafficThatIsDue) {
  w.send(a.socket, signalTo(b, 1));
  w.send(b.socket, signalTo(a, 1));
  const Json m = w.take(a.socket);
  EXPECT_EQ(m.at("type"), "signal");
  EXPECT_EQ(m.at("ack"), 1);
  w.advance(2s);
  EXPECT_EQ(w.waiting(a.socket), 0u);
}

TEST_F(HubMessageTest, FatalRubbishEndsItsSocketOnly) {
  const auto ends = [&](const std::string& text) {
    const auto v = w.join("victims", "V");
    w.sendText(v.socket, text);
    const Json error = w.take(v.socket);
    EXPECT_EQ(error.at("fatal"), true);
    EXPECT_TRUE(w.closed(v.socket));
    w.sendText(v.socket, R"({"type":"ping"})");
    EXPECT_EQ(w.waiting(v.socket), 0u) << "nothing is read after the close";
    w.drop(v.socket);
    return error.at("code").get<std::string>();
  };
  EXPECT_EQ(ends("{"), "bad-json");
  EXPECT_EQ(ends(""), "bad-json");
  EXPECT_EQ(ends("[1]"), "bad-json");
  EXPECT_EQ(ends(std::string(65537, ' ')), "too-large");
  EXPECT_EQ(ends("{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}"), "bad-json");
  EXPECT_EQ(ends("{\"type\":\"ping\",\"type\":\"ping\"}"), "bad-json");
  EXPECT_EQ(ends("{\"type\":\"p\xff\"}"), "bad-json");

  auto v = w.join("victims", "V");
  w.hub().handleBinary(v.socket, w.now);
  w.advance(0s);
  EXPECT_EQ(w.closed(v.socket)->code, 1003);
  v = w.join("victims", "V");
  w.hub().handleTooLarge(v.socket, w.now);
  w.advance(0s);
  EXPECT_EQ(w.closed(v.socket)->code, 1009);

  w.send(a.socket, signalTo(b, 1));
  EXPECT_EQ(w.waiting(b.socket), 1u) << "other rooms go on";
}

TEST_F(HubMessageTest, OtherRubbishIsAnswered) {
  const auto code = [&](const std::string& text) {
    w.sendText(a.socket, text);
    const Json m = w.takeType(a.socket, "error");
    return m.is_null() ? "" : m.at("code").get<std::string>();
  };
  EXPECT_EQ(code("{}"), "bad-message");
  EXPECT_EQ(code(R"({"type":"dance"})"), "unknown-type");
  EXPECT_EQ(code(R"({"type":"welcome"})"), "unknown-type");
  EXPECT_EQ(code(R"({"type":"ack"})"), "bad-message");
  EXPECT_EQ(code(R"({"type":"signal","seq":-1,"to":"","data":{}})"), "bad-message");
  EXPECT_FALSE(w.closed(a.socket));
  w.send(a.socket, signalTo(b, 1));
  EXPECT_EQ(w.waiting(b.socket), 1u);
}

TEST_F(HubMessageTest, LargestMessagePasses) {
  Json m = signalTo(b, 1, {{"x", ""}});
  m["data"]["x"] = std::string(65536 - m.dump().size(), 'x');
  ASSERT_EQ(m.dump().size(), 65536u);
  w.send(a.socket, m);
  EXPECT_EQ(w.take(b.socket).at("data"), m["data"]);
  m["seq"] = 2;
  m["data"]["x"] = m["data"]["x"].get<std::string>() + "x";
  w.send(a.socket, m);
  EXPECT_EQ(w.takeType(a.socket, "error").at("code"), "too-large");
}

TEST_F(HubMessageTest, ShutdownTellsEverySocket) {
  const ConnectionId lobby = w.open();
  w.hub().shutdown(w.now);
  w.advance(0s);
  for (const ConnectionId c : {a.socket, b.socket, lobby}) {
    EXPECT_EQ(w.takeType(c, "error").at("code"), "shutdown");
    EXPECT_EQ(w.closed(c)->code, 1001);
  }
  const ConnectionId late = w.open();
  EXPECT_EQ(w.closed(late)->code, 1001);
}

}  // namespace
}  // namespace parley::signal::test
