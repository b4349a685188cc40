// A shard alone, with a clock that jumps: what only time brings about.
#include "server/relay/relay_shard.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "driver/clock.h"
#include "server/relay/live_relays.h"
#include "tests/unit/server/relay/relay_client.h"

namespace parley::server {
namespace {

std::atomic<std::int64_t> ahead{0};  // seconds

Time jumpingClock() {
  return driver::readClock() + std::chrono::seconds{ahead.load(std::memory_order_relaxed)};
}

class ShardInTime : public testing::Test {
 protected:
  ShardInTime() {
    config_.credentials.users = {{"ann", "secret"}};
    config_.relayAddresses = {{kLoopback, std::nullopt}};
    shard_ = RelayShard::make(config_, {live_, connections_, nullptr}, jumpingClock).value();
    auto udp = driver::UdpSocket::bind(Address(kLoopback, 0)).value();
    udp_ = udp.local();
    auto tcp = driver::TcpSocket::bind(Address(kLoopback, 0)).value();
    tcp_ = tcp.local();
    EXPECT_TRUE(shard_->addUdp(std::move(udp), UdpPort::Role::Clients));
    EXPECT_TRUE(shard_->addTcp(std::move(tcp), false));
    thread_ = std::thread([this] { shard_->run(); });
  }
  ~ShardInTime() override {
    shard_->stop();
    thread_.join();
  }
  void jump(std::int64_t seconds) { ahead.fetch_add(seconds, std::memory_order_relaxed); }

  static constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);
  turn::Config config_;
  LiveRelays live_{std::vector<IpAddress>{kLoopback}};
  ConnectionLimiter connections_{100, 100};
  std::unique_ptr<RelayShard> shard_;
  Address udp_;
  Address tcp_;
  std::thread thread_;
};

TEST_F(ShardInTime, AnAllocationExpiresAndItsPortIsFree) {
  RelayClient client(udp_, {});
  const auto relayed = client.allocate();
  ASSERT_TRUE(relayed);
  EXPECT_TRUE(live_.isLive(*relayed));
  jump(599);
  ASSERT_TRUE(client.binding());  // a round in between
  ASSERT_TRUE(client.binding());
  EXPECT_TRUE(live_.isLive(*relayed));
  jump(2);
  ASSERT_TRUE(client.binding());
  ASSERT_TRUE(client.binding());  // the round of the first is over
  EXPECT_FALSE(live_.isLive(*relayed));
  EXPECT_TRUE(driver::UdpSocket::bind(*relayed).ok());
  EXPECT_EQ(client.refresh(600), 437);
}

TEST_F(ShardInTime, ARefreshedAllocationLivesOn) {
  RelayClient client(udp_, {});
  const auto relayed = client.allocate();
  ASSERT_TRUE(relayed);
  jump(500);
  EXPECT_EQ(client.refresh(600), 0);
  jump(500);
  ASSERT_TRUE(client.binding());
  ASSERT_TRUE(client.binding());
  EXPECT_TRUE(live_.isLive(*relayed));
}

TEST_F(ShardInTime, AConnectionWithoutAnAllocationIsClosedWhenIdle) {
  RelayClient idle(tcp_, {.transport = Transport::Tcp});
  RelayClient busy(tcp_, {.transport = Transport::Tcp});
  RelayClient poke(udp_, {});
  ASSERT_TRUE(idle.binding());
  ASSERT_TRUE(busy.allocate());
  jump(29);
  ASSERT_TRUE(poke.binding());
  ASSERT_TRUE(idle.binding());  // a whole message buys as much time again
  jump(29);
  ASSERT_TRUE(poke.binding());
  ASSERT_TRUE(idle.binding());
  const std::uint8_t part = 0;
  idle.sendRaw({&part, 1});  // a part of one does not
  jump(31);
  ASSERT_TRUE(poke.binding());
  EXPECT_TRUE(idle.closed());
  EXPECT_EQ(busy.refresh(600), 0);  // an allocation keeps its connection
}

}  // namespace
}  // namespace parley::server
