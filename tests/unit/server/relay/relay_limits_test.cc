// What the relay does when a limit is reached: each is a named number, and the full case is here.
#include <gtest/gtest.h>

#include <vector>

#include "driver/udp_socket.h"
#include "tests/unit/server/relay/relay_testing.h"

namespace parley::server {
namespace {

TEST(RelayLimits, ConnectionsOfASourceAreLimited) {
  RelayConfig config = testConfig();
  config.limits.connectionsPerSource = 2;
  TestRelay relay(config);
  RelayClient a = relay.client(Transport::Tcp);
  RelayClient b = relay.client(Transport::Tcp);
  ASSERT_TRUE(a.binding() && b.binding());
  RelayClient c = relay.client(Transport::Tcp);
  EXPECT_TRUE(c.closed());
  EXPECT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.connectionsRefused == 1; }));
  a.disconnect();
  ASSERT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.connections == 1; }));
  RelayClient d = relay.client(Transport::Tcp);
  EXPECT_TRUE(d.binding());
}

TEST(RelayLimits, AllocationsOfAUserAreLimited) {
  RelayConfig config = testConfig();
  config.limits.allocationsPerUser = 2;
  TestRelay relay(config);
  std::vector<RelayClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(relay.client());
  }
  EXPECT_TRUE(clients[0].allocate());
  EXPECT_TRUE(clients[1].allocate());
  EXPECT_FALSE(clients[2].allocate());
  EXPECT_EQ(clients[2].lastError(), 486);
  EXPECT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.requestsRefused == 1; }));
}

TEST(RelayLimits, AllocationsOfTheServerAreLimited) {
  RelayConfig config = testConfig();
  config.limits.allocations = 1;
  TestRelay relay(config);
  RelayClient a = relay.client();
  RelayClient b = relay.client();
  EXPECT_TRUE(a.allocate());
  EXPECT_FALSE(b.allocate());
  EXPECT_EQ(b.lastError(), 508);
}

TEST(RelayLimits, APortRangeThatIsFullIsSaid) {
  RelayConfig config = testConfig();
  // Four ports in a row (the smallest range there is), and strangers have them all.
  const IpAddress ip = IpAddress::v4(127, 0, 0, 1);
  std::vector<driver::UdpSocket> taken;
  while (taken.size() < 4) {
    auto next = driver::UdpSocket::bind(
        taken.empty() ? Address(ip, 0)
                      : Address(ip, static_cast<std::uint16_t>(taken.back().local().port() + 1)));
    if (next) {
      taken.push_back(std::move(next).value());
    } else {
      taken.clear();
    }
  }
  config.minRelayPort = taken.front().local().port();
  config.maxRelayPort = taken.back().local().port();
  TestRelay relay(config);
  RelayClient client = relay.client();
  EXPECT_FALSE(client.allocate());
  EXPECT_EQ(client.lastError(), 508);
}

TEST(RelayLimits, ASlowTcpClientLosesOldMediaAndKeepsItsConnection) {
  TestRelay relay;
  RelayClient slow = relay.client(Transport::Tcp);
  RelayClient fast = relay.client();
  const auto atSlow = slow.allocate();
  const auto atFast = fast.allocate();
  ASSERT_TRUE(atSlow && atFast);
  ASSERT_EQ(slow.bindChannel(0x4000, *atFast), 0);
  ASSERT_EQ(fast.bindChannel(0x4000, *atSlow), 0);
  const std::string payload(8000, 'p');
  // In bursts that a UDP socket holds, until the slow client's queues are full.
  int sent = 0;
  while (relay->metrics().droppedFromStreams == 0 && sent < 50'000) {
    for (int i = 0; i < 8; ++i, ++sent) {
      fast.sendOn(0x4000, payload);
    }
    ASSERT_TRUE(fast.binding());  // the relay has seen the burst
  }
  EXPECT_GT(relay->metrics().droppedFromStreams, 0u);
  // The stream is still whole: what comes is whole messages, and control gets its answer.
  EXPECT_EQ(slow.refresh(600), 0);
  const auto data = slow.receive();
  ASSERT_TRUE(data);
  EXPECT_EQ(data->bytes, payload);
}

}  // namespace
}  // namespace parley::server
