#include "signal/message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace parley::signal {
namespace {

using Json = nlohmann::json;

constexpr const char* kId = "AAECAwQFBgcICQoLDA0ODw";

TEST(MessageParseTest, Join) {
  const auto m = parseClientMessage(
      R"({"type":"join","room":"A","name":"\u00e9","token":"t","resume":"r","ack":3,"proof":"p","x":[]})");
  ASSERT_TRUE(m.ok());
  const auto& join = std::get<JoinMessage>(m->body);
  EXPECT_EQ(join.room, "A");
  EXPECT_EQ(join.name, "\xc3\xa9");
  EXPECT_EQ(join.protocol, 1u);
  EXPECT_EQ(join.token, "t");
  EXPECT_EQ(join.resume, "r");
  EXPECT_EQ(join.ack, 3u);
  EXPECT_EQ(join.proof, "p");
  EXPECT_FALSE(m->sequenced());
}

TEST(MessageParseTest, SignalPassesDataAsWritten) {
  const std::string text =
      std::string(R"({"data": { "a" : 1.0e0 , "a":2 },"type":"signal","seq":7,"ack":2,"to":")") +
      kId + "\"}";
  const auto m = parseClientMessage(text);
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(m->seq, 7u);
  EXPECT_EQ(m->ack, 2u);
  EXPECT_TRUE(m->sequenced());
  const auto& signal = std::get<SignalMessage>(m->body);
  EXPECT_EQ(signal.to->toString(), kId);
  EXPECT_EQ(signal.data, R"({ "a" : 1.0e0 , "a":2 })");
}

TEST(MessageParseTest, AnIdMayBeEscapedAndNeedNotBeOne) {
  auto m = parseClientMessage(R"({"type":"signal","to":"\u0041AECAwQFBgcICQoLDA0ODw","data":{}})");
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(std::get<SignalMessage>(m->body).to->toString(), kId);
  m = parseClientMessage(R"({"type":"signal","to":"nobody","data":{}})");
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(std::get<SignalMessage>(m->body).to, std::nullopt);
}

struct Bad {
  const char* text;
  SignalError code;
  bool sequenced;
};

TEST(MessageParseTest, WrongTypesAreNamed) {
  using enum SignalError;
  const Bad cases[] = {
      {"{", BadJson, false},
      {"[]", BadJson, false},
      {"{}", BadMessage, false},
      {R"({"type":1})", BadMessage, false},
      {R"({"type":"nonsense"})", UnknownType, false},
      {R"({"type":"join"})", BadMessage, false},
      {R"({"type":"join","room":1,"name":"a"})", BadMessage, false},
      {R"({"type":"join","room":"a","name":null})", BadMessage, false},
      {R"({"type":"join","room":"a","name":"a","protocol":"1"})", BadMessage, false},
      {R"({"type":"join","room":"a","name":"a","token":{}})", BadMessage, false},
      {R"({"type":"join","room":"a","name":"a","resume":7})", BadMessage, false},
      {R"({"type":"join","room":"a","name":"a","proof":[]})", BadMessage, false},
      {R"({"type":"join","room":"a","name":"a","ack":-1})", BadMessage, false},
      {R"({"type":"signal","data":{}})", BadMessage, true},
      {R"({"type":"signal","to":5,"data":{}})", BadMessage, true},
      {R"({"type":"signal","to":"a"})", BadMessage, true},
      {R"({"type":"signal","to":"a","data":[]})", BadMessage, true},
      {R"({"type":"signal","to":"a","data":"x"})", BadMessage, true},
      {R"({"type":"signal","seq":"1","to":"a","data":{}})", BadMessage, false},
      {R"({"type":"signal","seq":0,"to":"a","data":{}})", BadMessage, false},
      {R"({"type":"signal","seq":1.5,"to":"a","data":{}})", BadMessage, false},
      {R"({"type":"signal","seq":1,"ack":"x","to":"a","data":{}})", BadMessage, true},
      {R"({"type":"lock"})", BadMessage, true},
      {R"({"type":"lock","locked":1})", BadMessage, true},
      {R"({"type":"ack"})", BadMessage, false},
      {R"({"type":"ping","t":[]})", BadMessage, false},
      {R"({"type":"ping","t":true})", BadMessage, false},
  };
  for (const Bad& c : cases) {
    const auto m = parseClientMessage(c.text);
    ASSERT_FALSE(m.ok()) << c.text;
    EXPECT_EQ(m.error().code, c.code) << c.text;
    EXPECT_EQ(m.error().sequenced, c.sequenced) << c.text;
  }
}

TEST(MessageParseTest, LongStringsAreRefused) {
  const auto join = [](const char* field, std::size_t n) {
    return parseClientMessage(std::string(R"({"type":"join","room":"a","name":"a",")") + field +
                              "\":\"" + std::string(n, 'x') + "\"}");
  };
  EXPECT_TRUE(join("token", 4096).ok());
  EXPECT_FALSE(join("token", 4097).ok());
  EXPECT_TRUE(join("proof", 512).ok());
  EXPECT_FALSE(join("proof", 513).ok());
  const auto ping = [](std::size_t n) {
    return parseClientMessage(R"({"type":"ping","t":")" + std::string(n, 'x') + "\"}");
  };
  EXPECT_TRUE(ping(64).ok());
  EXPECT_FALSE(ping(65).ok());
}

TEST(MessageWriteTest, EscapesWhatPeopleChose) {
  SeededRandom random(1);
  const Seat seat{MemberId::random(random), 4, "a\"b\\c"};
  const Json m = Json::parse(writePeerJoined({9, 2}, seat, true));
  EXPECT_EQ(m, (Json{{"type", "peer-joined"},
                     {"seq", 9},
                     {"ack", 2},
                     {"peer", {{"id", seat.id.toString()}, {"name", "a\"b\\c"}, {"order", 4}}},
                     {"returned", true}}));
}

TEST(MessageWriteTest, ErrorHasWhatBelongsToIt) {
  EXPECT_EQ(Json::parse(writeError({SignalError::RoomFull, {}, {}, {}, {}})),
            (Json{{"type", "error"},
                  {"code", "room-full"},
                  {"message", "the room is full"},
                  {"fatal", true}}));
  const Json m = Json::parse(
      writeError({SignalError::NoSuchPeer, "why", 3, Envelope{5, std::nullopt}, Duration(1500us)}));
  EXPECT_EQ(m.at("seq"), 5);
  EXPECT_EQ(m.at("ref"), 3);
  EXPECT_EQ(m.at("fatal"), false);
  EXPECT_EQ(m.at("message"), "why");
  EXPECT_EQ(m.at("retryAfter"), 2) << "rounded up";
}

}  // namespace
}  // namespace parley::signal
