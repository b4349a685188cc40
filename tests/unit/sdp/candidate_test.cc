#include "sdp/candidate.h"

#include <gtest/gtest.h>

namespace parley::sdp {
namespace {

TEST(Candidate, ReadsWhatChromiumTrickles) {
  const auto c = parseCandidate(
      "candidate:813192286 1 udp 2122194687 192.0.2.2 41675 typ host generation 0 ufrag Lg4a "
      "network-id 1 network-cost 10");
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c->foundation, "813192286");
  EXPECT_EQ(c->component, 1);
  EXPECT_EQ(c->protocol, CandidateProtocol::Udp);
  EXPECT_EQ(c->priority, 2122194687u);
  EXPECT_EQ(c->address, "192.0.2.2");
  EXPECT_EQ(c->port, 41675);
  EXPECT_EQ(c->type, CandidateType::Host);
  EXPECT_EQ(c->generation, 0u);
  EXPECT_EQ(c->ufrag, "Lg4a");
  EXPECT_EQ(c->networkId, 1u);
  EXPECT_EQ(c->networkCost, 10u);
  EXPECT_FALSE(c->isMdns());
}

TEST(Candidate, ReadsRelatedAddressAndTcpType) {
  const auto relay = parseCandidate(
      "a=candidate:3 1 UDP 92086271 203.0.113.9 50000 typ relay raddr 198.51.100.7 rport 4711");
  ASSERT_TRUE(relay.ok());
  EXPECT_EQ(relay->type, CandidateType::Relay);
  EXPECT_EQ(relay->relatedAddress, "198.51.100.7");
  EXPECT_EQ(relay->relatedPort, 4711);
  EXPECT_EQ(relay->protocolText, "UDP");
  const auto tcp = parseCandidate("candidate:2 1 TCP 2105458943 fd00::2 9 typ host tcptype active");
  ASSERT_TRUE(tcp.ok());
  EXPECT_EQ(tcp->protocol, CandidateProtocol::Tcp);
  EXPECT_EQ(tcp->tcpType, TcpType::Active);
}

TEST(Candidate, KnowsNamesOfMulticastDns) {
  const auto c =
      parseCandidate("candidate:1 1 udp 1 0f1b5e6e-6a3c-4d8e-9d5c-6d7a2f6f1c11.local 9 typ host");
  ASSERT_TRUE(c.ok());
  EXPECT_TRUE(c->isMdns());
  EXPECT_FALSE(parseCandidate("candidate:1 1 udp 1 .local 9 typ host")->isMdns());
}

TEST(Candidate, KeepsWhatItDoesNotKnow) {
  const std::string text =
      "candidate:1 1 sctp 7 host.example 9 typ magic network-id 4 flavour sour x-y z";
  const auto c = parseCandidate(text);
  ASSERT_TRUE(c.ok());
  EXPECT_EQ(c->protocol, CandidateProtocol::Unknown);
  EXPECT_EQ(c->type, CandidateType::Unknown);
  ASSERT_EQ(c->extensions.size(), 2u);
  EXPECT_EQ(c->extensions[1].name, "x-y");
  EXPECT_EQ(writeCandidate(*c), text);
}

TEST(Candidate, RefusesWithReason) {
  for (const char* text : {
           "",
           "candidate:",
           "(Invalid) candidate \r\n string",
           "candidate:1 1 udp 1 192.0.2.1 9",
           "candidate:1 1 udp 1 192.0.2.1 9 typ",
           "candidate:1 0 udp 1 192.0.2.1 9 typ host",
           "candidate:1 257 udp 1 192.0.2.1 9 typ host",
           "candidate:1 1 udp 4294967296 192.0.2.1 9 typ host",
           "candidate:1 1 udp -1 192.0.2.1 9 typ host",
           "candidate:1 1 udp 1 192.0.2.1 65536 typ host",
           "candidate:1 1 udp 1 192.0.2.1 9 typ host raddr",
           "candidate:1 1 udp 1 192.0.2.1 9 typ host rport x",
           "candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype lazy",
           "candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 9 typ host",
       }) {
    const auto c = parseCandidate(text);
    ASSERT_FALSE(c.ok()) << text;
    EXPECT_FALSE(c.error().reason.empty());
    EXPECT_EQ(c.error().line, 0u);
  }
}

TEST(Candidate, IsBounded) {
  const std::string start = "candidate:1 1 udp 1 192.0.2.1 9 typ host";
  std::string most = start;
  for (std::size_t i = 0; i < kMaxCandidateExtensions; ++i)
    most += " a b";
  EXPECT_TRUE(parseCandidate(most).ok());
  EXPECT_FALSE(parseCandidate(most + " a b").ok());
  EXPECT_FALSE(parseCandidate(start + " a " + std::string(kMaxCandidateLength, 'b')).ok());
  const std::string name(kMaxCandidateAddress, 'n');
  EXPECT_TRUE(parseCandidate("candidate:1 1 udp 1 " + name + " 9 typ host").ok());
  EXPECT_FALSE(parseCandidate("candidate:1 1 udp 1 " + name + "n 9 typ host").ok());
}

TEST(Candidate, IceCharactersAndLengths) {
  EXPECT_TRUE(isUfrag("aB+/"));
  EXPECT_FALSE(isUfrag("aB+"));
  EXPECT_FALSE(isUfrag("aB-_"));
  EXPECT_TRUE(isPwd(std::string(22, 'p')));
  EXPECT_FALSE(isPwd(std::string(21, 'p')));
  EXPECT_FALSE(isPwd(std::string(257, 'p')));
}

}  // namespace
}  // namespace parley::sdp
