// Perfect negotiation between two connections, by what each says to the other. Nothing is
// connected: descriptions alone are exchanged.
#include "room/negotiation.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace parley::room {
namespace {

using Json = nlohmann::json;

struct Side {
  explicit Side(bool polite)
      : pc(make()),
        negotiation(*api::ConnectionHandle::of(pc), polite, "s1",
                    [this](const std::string& data) { said.push_back(Json::parse(data)); }),
        channel(pc.createDataChannel("parley").value()) {}
  ~Side() { pc.close(); }

  static PeerConnection make() {
    Configuration c;
    c.interfaces = {"127.0.0.1"};
    c.loopback = LoopbackMode::Always;
    return PeerConnection::create(c).value();
  }
  // The next thing said, which is a description.
  Json take() {
    if (said.empty()) return Json::object();
    Json first = said.front();
    said.erase(said.begin());
    return first.value("description", Json::object());
  }
  bool hear(const Json& description) {
    return negotiation.receiveDescription(
        description.value("type", "") == "offer" ? SdpType::Offer : SdpType::Answer,
        description.value("sdp", ""));
  }

  PeerConnection pc;
  std::vector<Json> said;
  Negotiation negotiation;
  DataChannel channel;
};

TEST(RoomNegotiationTest, AnOfferIsAnswered) {
  Side a(false), b(true);
  EXPECT_FALSE(a.negotiation.begun());
  a.negotiation.offer();
  EXPECT_TRUE(a.negotiation.begun());
  ASSERT_EQ(a.said.size(), 1u);
  EXPECT_EQ(a.said[0].value("session", ""), "s1");
  EXPECT_EQ(a.said[0]["description"].value("type", ""), "offer");
  b.negotiation.adoptSession("s2");
  EXPECT_TRUE(b.hear(a.take()));
  ASSERT_EQ(b.said.size(), 1u);
  EXPECT_EQ(b.said[0].value("session", ""), "s2");
  EXPECT_EQ(b.said[0]["description"].value("type", ""), "answer");
  EXPECT_TRUE(a.hear(b.take()));
  EXPECT_TRUE(a.said.empty());
  EXPECT_EQ(a.pc.signalingState(), SignalingState::Stable);
  EXPECT_EQ(b.pc.signalingState(), SignalingState::Stable);
}

TEST(RoomNegotiationTest, WhenOffersCrossThePoliteSideGivesWay) {
  Side impolite(false), polite(true);
  impolite.negotiation.offer();
  polite.negotiation.offer();
  const Json first = impolite.take();
  EXPECT_TRUE(impolite.hear(polite.take()));
  EXPECT_TRUE(impolite.said.empty());
  EXPECT_EQ(impolite.pc.signalingState(), SignalingState::HaveLocalOffer);
  EXPECT_TRUE(polite.hear(first));
  const Json answer = polite.take();
  EXPECT_EQ(answer.value("type", ""), "answer");
  EXPECT_TRUE(impolite.hear(answer));
  EXPECT_EQ(impolite.pc.signalingState(), SignalingState::Stable);
  EXPECT_EQ(polite.pc.signalingState(), SignalingState::Stable);
}

TEST(RoomNegotiationTest, APendingOfferIsRepeatedAsItIs) {
  Side a(false), b(true);
  a.negotiation.repeatOffer();
  EXPECT_TRUE(a.said.empty());
  a.negotiation.offer();
  const Json offer = a.take();
  a.negotiation.repeatOffer();
  const Json again = a.take();
  EXPECT_EQ(again.value("type", ""), "offer");
  // Candidates may have joined it; it is still the same offer.
  const auto origin = [](const Json& d) {
    const std::string sdp = d.value("sdp", "");
    return sdp.substr(0, sdp.find("\r\ns="));
  };
  EXPECT_EQ(origin(again), origin(offer));
  EXPECT_TRUE(b.hear(offer));
  EXPECT_TRUE(a.hear(b.take()));
  a.negotiation.repeatOffer();
  EXPECT_TRUE(a.said.empty());
}

TEST(RoomNegotiationTest, WhatHasNoPlaceIsPassedOver) {
  Side a(false), b(true);
  a.negotiation.offer();
  const Json offer = a.take();
  EXPECT_TRUE(b.hear(offer));
  const Json answer = b.take();
  // Answers that nobody waits for, texts too long, types that nobody sends.
  EXPECT_TRUE(b.hear(answer));
  EXPECT_TRUE(a.negotiation.receiveDescription(SdpType::Answer,
                                               std::string(Negotiation::kMaxSdpBytes + 1, 'x')));
  EXPECT_TRUE(a.negotiation.receiveDescription(SdpType::Rollback, ""));
  EXPECT_TRUE(a.negotiation.receiveDescription(SdpType::Pranswer, answer.value("sdp", "")));
  EXPECT_EQ(a.pc.signalingState(), SignalingState::HaveLocalOffer);
  EXPECT_TRUE(a.hear(answer));
  EXPECT_EQ(a.pc.signalingState(), SignalingState::Stable);
  EXPECT_TRUE(a.said.empty());
  EXPECT_TRUE(b.said.empty());
}

TEST(RoomNegotiationTest, WhatCannotBeAppliedIsSaidSo) {
  Side a(false), b(true);
  EXPECT_FALSE(b.negotiation.receiveDescription(SdpType::Offer, "v=0\r\nnonsense"));
  a.negotiation.offer();
  EXPECT_FALSE(a.negotiation.receiveDescription(SdpType::Answer, ""));
  EXPECT_TRUE(b.said.empty());
}

TEST(RoomNegotiationTest, EarlyCandidatesWaitForTheDescription) {
  Side a(false), b(true);
  a.negotiation.offer();
  const auto candidate = [](std::size_t i) {
    return IceCandidateInit{.candidate = "candidate:1 1 udp 2122260223 192.0.2.1 " +
                                         std::to_string(20'000 + i) + " typ host",
                            .sdpMid = "0"};
  };
  for (std::size_t i = 0; i < 2; ++i)
    b.negotiation.receiveCandidate(candidate(i));
  EXPECT_FALSE(b.negotiation.begun());
  EXPECT_TRUE(b.hear(a.take()));
  const std::string sdp = b.pc.remoteDescription()->sdp;
  EXPECT_NE(sdp.find(" 192.0.2.1 20000 "), std::string::npos);
  EXPECT_NE(sdp.find(" 192.0.2.1 20001 "), std::string::npos);
}

TEST(RoomNegotiationTest, CandidatesAndRestartsAreSaidInTheProtocolsWords) {
  Side a(false);
  IceCandidate candidate;
  candidate.candidate = "candidate:1 1 udp 1 192.0.2.1 5 typ host";
  a.negotiation.sendCandidate(candidate);
  candidate.sdpMid = "0";
  candidate.sdpMLineIndex = std::uint16_t{0};
  candidate.usernameFragment = "abcd";
  a.negotiation.sendCandidate(candidate);
  a.negotiation.askForRestart();
  ASSERT_EQ(a.said.size(), 3u);
  EXPECT_EQ(a.said[0], Json::parse(R"({"session":"s1","candidate":{
      "candidate":"candidate:1 1 udp 1 192.0.2.1 5 typ host"}})"));
  EXPECT_EQ(a.said[1], Json::parse(R"({"session":"s1","candidate":{
      "candidate":"candidate:1 1 udp 1 192.0.2.1 5 typ host",
      "sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"abcd"}})"));
  EXPECT_EQ(a.said[2], Json::parse(R"({"session":"s1","restart":true})"));
}

}  // namespace
}  // namespace parley::room
