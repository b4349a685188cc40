// Names that hide addresses, over real multicast of this machine: two programs (here two hosts on
// one loop) share port 5353 and find each other's.
#include "api/mdns_host.h"

#include <gtest/gtest.h>

#include <iostream>

#include "tests/unit/driver/loop_testing.h"

namespace parley::api {
namespace {

const std::string kName = "0b7e2c5a-6f0d-4c1e-9d52-7f8b1a3c4d5e.local";
const IpAddress kAddress = IpAddress::v4(192, 0, 2, 77);

// Time goes fifty times as fast, so that nobody waits five seconds to hear nothing.
Time fastClock() {
  return Time{driver::readClock().time_since_epoch() * 50};
}

struct Machine final : driver::Loop::RoundHandler {
  Machine() { loop->setRoundHandler(this); }
  void handleRoundEnd() override { shared.endRound(); }
  std::unique_ptr<driver::Loop> loop = driver::Loop::make(fastClock).value();
  driver::RunnerShared shared{*loop};
  std::vector<driver::Interface> interfaces = driver::listInterfaces().value();
};

struct Answer {
  std::optional<IpAddress> address;
  bool came = false;
  MdnsHost::OnAnswer taker() {
    return [this](const std::optional<IpAddress>& a) {
      address = a;
      came = true;
    };
  }
};

// Whether this machine lets two sockets of one process hear each other's multicast at all.
bool multicastWorks(Machine& m) {
  driver::AddressWishes wishes;
  wishes.loopback = true;
  for (const driver::Interface& i : driver::usableAddresses(m.interfaces, wishes))
    if (driver::UdpSocket::bindMdns(i.address, i.index)) return true;
  std::cout << "SKIPPED: no multicast on this machine\n";
  return false;
}

TEST(MdnsHost, OneFindsWhatTheOtherPublishes) {
  Machine m;
  if (!multicastWorks(m)) GTEST_SKIP();
  MdnsHost ours(m.shared);
  MdnsHost theirs(m.shared);
  ASSERT_TRUE(theirs.publish(kName, kAddress, m.interfaces));
  Answer first;
  Answer second;
  ASSERT_TRUE(ours.resolve(kName, m.interfaces, first.taker()));
  ASSERT_TRUE(ours.resolve(kName, m.interfaces, second.taker()));  // one question for both
  ASSERT_TRUE(driver::runUntil(*m.loop, [&] { return first.came && second.came; }));
  EXPECT_EQ(first.address, kAddress);
  EXPECT_EQ(second.address, kAddress);
}

TEST(MdnsHost, OurOwnNamesNeedNoNetwork) {
  Machine m;
  if (!multicastWorks(m)) GTEST_SKIP();
  MdnsHost ours(m.shared);
  ASSERT_TRUE(ours.publish(kName, kAddress, m.interfaces));
  Answer answer;
  ASSERT_TRUE(ours.resolve(kName, m.interfaces, answer.taker()));
  EXPECT_FALSE(answer.came);  // not from within
  ASSERT_TRUE(driver::runUntil(*m.loop, [&] { return answer.came; }));
  EXPECT_EQ(answer.address, kAddress);
}

TEST(MdnsHost, WhatNobodyKnowsIsSaidAndWhatIsCancelledIsNot) {
  Machine m;
  if (!multicastWorks(m)) GTEST_SKIP();
  MdnsHost ours(m.shared);
  Answer unknown;
  Answer cancelled;
  ASSERT_TRUE(ours.resolve(kName, m.interfaces, unknown.taker()));
  const auto ticket =
      ours.resolve("0b7e2c5a-6f0d-4c1e-9d52-7f8b1a3c4d5f.local", m.interfaces, cancelled.taker());
  ASSERT_TRUE(ticket);
  ours.cancel(*ticket);
  ours.cancel(999);
  ASSERT_TRUE(driver::runUntil(*m.loop, [&] { return unknown.came; }));
  EXPECT_EQ(unknown.address, std::nullopt);
  EXPECT_FALSE(cancelled.came);
  EXPECT_FALSE(ours.resolve("example.org", m.interfaces, cancelled.taker()));
}

TEST(MdnsHost, WithoutInterfacesThereIsNobodyToAsk) {
  Machine m;
  MdnsHost ours(m.shared);
  Answer answer;
  EXPECT_FALSE(ours.resolve(kName, {}, answer.taker()));
  EXPECT_FALSE(ours.publish(kName, kAddress, {}));
}

}  // namespace
}  // namespace parley::api
