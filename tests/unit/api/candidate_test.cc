#include <gtest/gtest.h>

#include "parley/ice_candidate.h"
#include "parley/peer_connection.h"

namespace parley::test {
namespace {

TEST(CandidateTest, IsReadAsTheW3cHasIt) {
  const auto c = IceCandidate::parse(
      {.candidate = "candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr "
                    "10.0.0.17 rport 46154 generation 0 ufrag EEtu network-cost 999",
       .sdpMid = "0"});
  ASSERT_TRUE(c);
  EXPECT_EQ(c->foundation, "842163049");
  EXPECT_EQ(c->priority, 1677729535u);
  EXPECT_EQ(c->address, "203.0.113.9");
  EXPECT_EQ(c->port, 46154);
  EXPECT_EQ(c->type, IceCandidateType::Srflx);
  EXPECT_EQ(c->relatedAddress, std::optional<std::string>("10.0.0.17"));
  EXPECT_EQ(c->usernameFragment, std::optional<std::string>("EEtu"));
  EXPECT_FALSE(c->tcpType);
}

TEST(CandidateTest, RefusalsHaveTheW3cNames) {
  EXPECT_EQ(IceCandidate::parse({.candidate = "x"}).error().name, ErrorName::TypeError);
  EXPECT_EQ(IceCandidate::parse({.candidate = "x", .sdpMid = "0"}).error().name,
            ErrorName::OperationError);
  const auto end = IceCandidate::parse({.candidate = "", .sdpMLineIndex = 0});
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->isEnd());
}

TEST(CandidateTest, NamesAreTheW3cs) {
  EXPECT_EQ(toString(SignalingState::HaveRemotePranswer), "have-remote-pranswer");
  EXPECT_EQ(toString(IceGatheringState::Gathering), "gathering");
  EXPECT_EQ(toString(PeerConnectionState::Disconnected), "disconnected");
  EXPECT_EQ(toString(IceCandidateType::Relay), "relay");
  EXPECT_EQ(toString(ErrorName::InvalidModificationError), "InvalidModificationError");
  EXPECT_EQ(sdpTypeOf("pranswer"), SdpType::Pranswer);
  EXPECT_FALSE(sdpTypeOf("Offer"));
}

}  // namespace
}  // namespace parley::test
