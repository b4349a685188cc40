// What the client says when, and what it makes of a server's worst.
#include "signal/client/client.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace parley::signal::test {
namespace {

using namespace client_event;
using Json = nlohmann::json;

constexpr const char* kWelcome =
    R"({"type":"welcome","protocol":1,"self":"S","name":"Ada","room":"r","order":2,"resumed":false,)"
    R"("returned":false,"resume":"K1","resumeWithin":30,"proof":"P1","ack":0,)"
    R"("peers":[{"id":"B","name":"Bo","order":1}],"locked":false,"rights":["lock"],)"
    R"("iceServers":[{"urls":["stun:h"]},{"urls":"turn:h","username":"u","credential":"c"}],)"
    R"("iceTtl":0,"pingEvery":25,"time":1,"limits":{"messageBytes":65536,"bufferBytes":262144,)"
    R"("members":16}})";

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() {
    client_.start({"r", "Ada \"x\"", "tok"}, now_);
    EXPECT_TRUE(std::holds_alternative<OpenSocket>(next()));
  }
  ClientEvent next() {
    auto event = client_.pollEvent();
    EXPECT_TRUE(event.has_value());
    return event ? std::move(*event) : ClientEvent{};
  }
  Json sent() {
    const ClientEvent event = next();
    const auto* text = std::get_if<SendText>(&event);
    EXPECT_NE(text, nullptr);
    return text != nullptr ? Json::parse(text->text) : Json{};
  }
  bool quiet() { return !client_.pollEvent().has_value(); }
  void join() {
    client_.handleOpened(now_);
    EXPECT_EQ(sent().at("type"), "join");
    client_.handleText(kWelcome, now_);
    EXPECT_EQ(sent(), Json::parse(R"({"type":"ack","ack":0})"));
    EXPECT_TRUE(std::holds_alternative<Joined>(next()));
  }

  SeededRandom random_{1};
  Client client_{random_};
  Time now_{100s};
};

TEST_F(ClientTest, JoinsAndTellsOfTheWelcome) {
  client_.handleOpened(now_);
  const Json join = sent();
  EXPECT_EQ(join.at("name"), "Ada \"x\"");
  EXPECT_EQ(join.at("token"), "tok");
  EXPECT_FALSE(join.contains("resume"));
  client_.handleText(kWelcome, now_);
  EXPECT_EQ(sent().at("type"), "ack");
  const ClientEvent event = next();
  const Welcomed& w = std::get<Joined>(event).welcome;
  EXPECT_EQ(w.self, "S");
  ASSERT_EQ(w.peers.size(), 1u);
  EXPECT_EQ(w.peers[0].name, "Bo");
  ASSERT_EQ(w.iceServers.size(), 2u);
  EXPECT_EQ(w.iceServers[1].urls, std::vector<std::string>{"turn:h"});
  EXPECT_TRUE(client_.canLock());
}

TEST_F(ClientTest, AcknowledgesWithinItsTimeAndAtOnceAfterSixteen) {
  join();
  client_.handleText(R"({"type":"lock","seq":1,"locked":true,"by":"B"})", now_);
  EXPECT_TRUE(std::get<Locked>(next()).locked);
  EXPECT_TRUE(quiet());
  now_ += Client::kAckDelay;
  client_.handleTimeout(now_);
  EXPECT_EQ(sent(), Json::parse(R"({"type":"ack","ack":1})"));
  for (int seq = 2; seq <= 17; ++seq)
    client_.handleText(R"({"type":"new-thing","seq":)" + std::to_string(seq) + "}", now_);
  EXPECT_EQ(sent(), Json::parse(R"({"type":"ack","ack":17})"));
}

TEST_F(ClientTest, ResumesWithEverythingUnacknowledged) {
  join();
  client_.sendSignal("B", R"({"n":1})", now_);
  client_.sendSignal("B", R"({"n":2})", now_);
  EXPECT_EQ(sent().at("seq"), 1);
  EXPECT_EQ(sent().at("data").at("n"), 2);
  client_.handleText(R"({"type":"ack","ack":1})", now_);
  client_.handleClosed(1006, now_);
  EXPECT_TRUE(std::holds_alternative<Interrupted>(next()));
  client_.handleTimeout(now_);  // the first attempt comes at once
  EXPECT_TRUE(std::holds_alternative<OpenSocket>(next()));
  client_.handleOpened(now_);
  const Json join = sent();
  EXPECT_EQ(join.at("resume"), "K1");
  EXPECT_EQ(join.at("proof"), "P1");
  Json welcome = Json::parse(kWelcome);
  welcome["resumed"] = true;
  welcome["ack"] = 1;
  client_.handleText(welcome.dump(), now_);
  EXPECT_EQ(sent().at("type"), "ack");
  EXPECT_EQ(sent().at("seq"), 2);
  EXPECT_TRUE(std::holds_alternative<Joined>(next()));
  EXPECT_TRUE(quiet());
}

TEST_F(ClientTest, JoinsAsSomebodyNewWhenResumingFails) {
  join();
  client_.handleClosed(1006, now_);
  next();
  client_.handleTimeout(now_);
  next();
  client_.handleOpened(now_);
  sent();
  client_.handleText(R"({"type":"error","code":"resume-failed","message":"","fatal":false})", now_);
  EXPECT_FALSE(sent().contains("resume"));
}

TEST_F(ClientTest, EndsWithTheServersReason) {
  client_.handleOpened(now_);
  sent();
  client_.handleText(R"({"type":"error","code":"room-full","message":"full","fatal":true})", now_);
  EXPECT_EQ(std::get<Complaint>(next()).code, "room-full");
  client_.handleClosed(4403, now_);
  EXPECT_TRUE(std::holds_alternative<CloseSocket>(next()));
  const ClientEvent event = next();
  EXPECT_EQ(std::get<Ended>(event).code, "room-full");
  EXPECT_EQ(client_.nextTimeout(), kNever);
}

TEST_F(ClientTest, ASilentSocketIsGivenUp) {
  join();
  now_ += 25s;
  client_.handleTimeout(now_);
  EXPECT_EQ(sent().at("type"), "ping");
  now_ += Client::kPongTimeout;
  client_.handleTimeout(now_);
  EXPECT_TRUE(std::holds_alternative<CloseSocket>(next()));
  EXPECT_TRUE(std::holds_alternative<Interrupted>(next()));
}

TEST_F(ClientTest, AnswersToAPingKeepTheSocket) {
  join();
  now_ += 25s;
  client_.handleTimeout(now_);
  sent();
  client_.handleText(R"({"type":"pong"})", now_);
  now_ += Client::kPongTimeout;
  client_.handleTimeout(now_);
  EXPECT_TRUE(quiet());
}

TEST_F(ClientTest, IgnoresRubbish) {
  join();
  for (const char* text : {"", "[]", "{", "null", R"({"type":7})", R"({"type":"signal"})",
                           R"({"type":"peer-left","id":1})", R"({"type":"ack","ack":-1})"}) {
    client_.handleText(text, now_);
    EXPECT_TRUE(quiet()) << text;
  }
  // One that is spoiled but numbered counts all the same.
  client_.handleText(R"({"type":"signal","seq":1,"from":"B","data":7})", now_);
  EXPECT_TRUE(quiet());
  now_ += Client::kAckDelay;
  client_.handleTimeout(now_);
  EXPECT_EQ(sent().at("ack"), 1);
}

TEST_F(ClientTest, ATextLongerThanAllowedEndsTheSocket) {
  join();
  client_.handleText(std::string(Client::kMaxServerMessage + 1, ' '), now_);
  EXPECT_TRUE(std::holds_alternative<CloseSocket>(next()));
  EXPECT_TRUE(std::holds_alternative<Interrupted>(next()));
}

TEST_F(ClientTest, GivesUpTheMembershipWhenItsStoreIsFull) {
  join();
  const std::string big = "{\"x\":\"" + std::string(60'000, 'x') + "\"}";
  bool over = false;
  for (int i = 0; i < 20 && !over; ++i) {
    client_.sendSignal("B", big, now_);
    while (auto event = client_.pollEvent())
      if (const auto* gone = std::get_if<Interrupted>(&*event)) over = gone->code == 4413;
  }
  EXPECT_TRUE(over);
}

TEST_F(ClientTest, LeavingSaysSoAndEnds) {
  join();
  client_.leave(now_);
  EXPECT_EQ(sent().at("type"), "leave");
  EXPECT_TRUE(std::holds_alternative<CloseSocket>(next()));
  const ClientEvent event = next();
  EXPECT_EQ(std::get<Ended>(event).code, "left");
  client_.handleClosed(1006, now_);
  EXPECT_TRUE(quiet());
}

}  // namespace
}  // namespace parley::signal::test
