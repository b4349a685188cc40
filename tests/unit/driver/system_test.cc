// What the driver learns from the machine: interfaces, limits, clocks, address forms.
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>

#include "driver/clock.h"
#include "driver/host_limits.h"
#include "driver/interfaces.h"
#include "driver/socket_address.h"

namespace parley::driver {
namespace {

TEST(Interfaces, LoopbackIsListed) {
  const auto list = listInterfaces().value();
  EXPECT_TRUE(std::any_of(list.begin(), list.end(), [](const Interface& i) {
    return i.loopback && i.up && i.address == IpAddress::v4(127, 0, 0, 1) && !i.name.empty() &&
           i.index != 0;
  }));
}

TEST(Interfaces, TheDefaultSourceIsAnAddressOfOurs) {
  const auto source = defaultSourceAddress(Family::V4);
  if (!source) {
    EXPECT_EQ(source.error().code(), ErrorCode::NotFound);
    return;
  }
  const auto list = listInterfaces().value();
  EXPECT_TRUE(std::any_of(list.begin(), list.end(),
                          [&source](const Interface& i) { return i.address == source.value(); }));
}

TEST(HostLimits, TheSoftLimitBecomesTheHardOne) {
  const std::uint64_t limit = raiseDescriptorLimit();
  EXPECT_GT(limit, 0u);
  EXPECT_EQ(raiseDescriptorLimit(), limit);
}

TEST(Clock, NeverGoesBack) {
  const Time a = readClock();
  const Time b = readClock();
  EXPECT_LE(a, b);
  EXPECT_GT(unixSeconds(readWallClock()), 1'700'000'000);
}

TEST(SocketAddress, SurvivesTheSystemsForm) {
  for (const char* text : {"192.0.2.7:65535", "0.0.0.0:0", "[2001:db8::1]:3478", "[::1]:1"}) {
    const Address a = *Address::parse(text);
    const SocketAddress sa = toSocketAddress(a);
    EXPECT_EQ(fromSocketAddress(sa.storage, sa.length), a) << text;
    EXPECT_FALSE(fromSocketAddress(sa.storage, sa.length - 1).has_value());
  }
  sockaddr_storage unknown{};
  unknown.ss_family = AF_UNIX;
  EXPECT_FALSE(fromSocketAddress(unknown, sizeof unknown).has_value());
}

}  // namespace
}  // namespace parley::driver
