#include "sim/firewall.h"

#include <gtest/gtest.h>

namespace parley::sim {
namespace {

const Address kInner{IpAddress::v4(10, 0, 0, 2), 5000};
const Address kServer{IpAddress::v4(203, 0, 113, 1), 443};

Flow out(Protocol protocol, const Address& to) {
  return {protocol, kInner, to, 0};
}
Flow in(Protocol protocol, const Address& from) {
  return {protocol, from, kInner, 0};
}

TEST(Firewall, stopsNothingByDefault) {
  Firewall f{{}};
  for (const Protocol p : {Protocol::Udp, Protocol::Tcp}) {
    EXPECT_TRUE(f.allowsIn(in(p, kServer), Time{}));
    EXPECT_TRUE(f.allowsOut(out(p, kServer), Time{}));
  }
}

TEST(Firewall, blocksUdpBothWays) {
  Firewall f{{.blockUdp = true}};
  EXPECT_FALSE(f.allowsOut(out(Protocol::Udp, kServer), Time{}));
  EXPECT_FALSE(f.allowsIn(in(Protocol::Udp, kServer), Time{}));
  EXPECT_TRUE(f.allowsOut(out(Protocol::Tcp, kServer), Time{}));
}

TEST(Firewall, letsTcpOutToItsPortsOnly) {
  Firewall f{{.blockUdp = true, .tcpPorts = {80, 443}}};
  EXPECT_TRUE(f.allowsOut(out(Protocol::Tcp, kServer), Time{}));
  EXPECT_FALSE(f.allowsOut(out(Protocol::Tcp, kServer.withPort(5349)), Time{}));
  // The answers of a connection that came from outside.
  const Address guest{IpAddress::v4(203, 0, 113, 9), 31'337};
  EXPECT_TRUE(f.allowsIn(in(Protocol::Tcp, guest), Time{}));
  EXPECT_TRUE(f.allowsOut(out(Protocol::Tcp, guest), Time{}));
}

TEST(Firewall, letsInOnlyAnswersAndOnlyForAWhile) {
  Firewall f{{.blockUnsolicited = true, .udpLifetime = 30s}};
  EXPECT_FALSE(f.allowsIn(in(Protocol::Udp, kServer), Time{}));
  EXPECT_TRUE(f.allowsOut(out(Protocol::Udp, kServer), Time{}));
  EXPECT_TRUE(f.allowsIn(in(Protocol::Udp, kServer), Time{29s}));
  EXPECT_FALSE(f.allowsIn(in(Protocol::Udp, kServer.withPort(444)), Time{29s}));
  EXPECT_TRUE(f.allowsIn(in(Protocol::Udp, kServer), Time{58s}));
  EXPECT_FALSE(f.allowsIn(in(Protocol::Udp, kServer), Time{88s}));
}

TEST(Firewall, tracksABoundedNumberOfFlows) {
  Firewall f{{.blockUnsolicited = true, .udpLifetime = 30s}};
  const auto peer = [](std::size_t i) {
    return Address{IpAddress::v4(static_cast<std::uint32_t>(0x0b000000 + i)), 1};
  };
  for (std::size_t i = 0; i <= Firewall::kMaxFlows; ++i)
    EXPECT_TRUE(f.allowsOut(out(Protocol::Udp, peer(i)), Time{}));
  EXPECT_TRUE(f.allowsIn(in(Protocol::Udp, peer(0)), Time{1s}));
  EXPECT_FALSE(f.allowsIn(in(Protocol::Udp, peer(Firewall::kMaxFlows)), Time{1s}));
  // Those that ended make room.
  EXPECT_TRUE(f.allowsOut(out(Protocol::Udp, peer(Firewall::kMaxFlows)), Time{40s}));
  EXPECT_TRUE(f.allowsIn(in(Protocol::Udp, peer(Firewall::kMaxFlows)), Time{41s}));
}

}  // namespace
}  // namespace parley::sim
