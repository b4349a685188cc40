// The relay on several shards: clients are spread over them by the kernel, and what one shard
// knows of live relayed addresses holds for all.
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "driver/udp_socket.h"
#include "tests/unit/server/relay/relay_testing.h"

namespace parley::server {
namespace {

constexpr unsigned kShards = 4;
constexpr std::size_t kClients = 16;  // all on one shard by chance: 1 in 4^15
constexpr std::uint16_t kChannel = 0x4000;

class Shards : public testing::TestWithParam<Transport> {};
INSTANTIATE_TEST_SUITE_P(All, Shards,
                         testing::Values(Transport::Udp, Transport::Tcp, Transport::Tls),
                         transportName);

TEST_P(Shards, EveryClientReachesEveryOther) {
  TestRelay relay(testConfig(kShards));
  EXPECT_EQ(relay->shards(), kShards);
  std::vector<RelayClient> clients;
  std::vector<Address> relayed;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(relay.client(GetParam()));
    const auto at = clients.back().allocate();
    ASSERT_TRUE(at) << clients.back().lastError();
    relayed.push_back(*at);
  }
  for (RelayClient& c : clients) {
    ASSERT_EQ(c.permit(relayed[0]), 0);  // all are of one address
  }
  for (std::size_t i = 0; i < kClients; ++i) {
    for (std::size_t k = 0; k < kClients; ++k) {
      if (i == k) continue;
      const std::string text = std::to_string(i) + " to " + std::to_string(k);
      clients[i].sendTo(relayed[k], text);
      ASSERT_EQ(clients[k].receive(), (RelayClient::Data{0, relayed[i], text}));
    }
  }
  EXPECT_TRUE(relay.untilMetrics([](const RelayMetrics& m) {
    return m.allocationsMade == kClients && m.packetsToPeers == kClients * (kClients - 1) &&
           m.packetsToClients == kClients * (kClients - 1);
  }));
  EXPECT_EQ(relay->metrics().droppedDeniedPeer, 0u);
}

TEST_P(Shards, AnAllocationThatEndsIsDeadForAllShards) {
  TestRelay relay(testConfig(kShards));
  RelayClient target = relay.client(GetParam());
  const auto at = target.allocate();
  ASSERT_TRUE(at);
  std::vector<RelayClient> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(relay.client(GetParam()));
    ASSERT_TRUE(clients.back().allocate());
    ASSERT_EQ(clients.back().permit(*at), 0);
  }
  ASSERT_EQ(target.refresh(0), 0);
  for (RelayClient& c : clients) {
    c.sendTo(*at, "anybody there?");
  }
  EXPECT_TRUE(relay.untilMetrics([](const RelayMetrics& m) {
    return m.droppedDeniedPeer == kClients && m.packetsToPeers == 0;
  }));
}

// For the thread sanitizer as much as for itself: orders, metrics and traffic at once.
TEST(ShardsTogether, OrdersAndMetricsWhileRelaying) {
  TestRelay relay(testConfig(kShards));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&relay] {
      for (int round = 0; round < 5; ++round) {
        RelayClient a = relay.client();
        RelayClient b = relay.client(Transport::Tcp);
        const auto atA = a.allocate();
        const auto atB = b.allocate();
        ASSERT_TRUE(atA && atB);
        ASSERT_EQ(a.bindChannel(kChannel, *atB), 0);
        ASSERT_EQ(b.bindChannel(kChannel, *atA), 0);
        for (int i = 0; i < 20; ++i) {
          a.sendOn(kChannel, "there");
          ASSERT_EQ(b.receive(), (RelayClient::Data{kChannel, {}, "there"}));
          b.sendOn(kChannel, "back");
          ASSERT_EQ(a.receive(), (RelayClient::Data{kChannel, {}, "back"}));
        }
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    relay->setUser("user" + std::to_string(i % 5), "password");
    relay->metrics();
    std::this_thread::yield();
  }
  for (std::thread& t : threads) {
    t.join();
  }
  const RelayMetrics m = relay->metrics();
  EXPECT_EQ(m.droppedDeniedPeer + m.droppedNoPermission + m.droppedUnsent, 0u);
}

TEST(ShardsTogether, AnotherServerMayNotSlipIntoASharedPort) {
  TestRelay first(testConfig(kShards));
  RelayConfig config = testConfig(kShards);
  config.turnPort = first.address(Transport::Udp).port();
  const auto second = RelayServer::start(config);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().error.code(), ErrorCode::InUse);
}

}  // namespace
}  // namespace parley::server
