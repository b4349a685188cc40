#include "server/relay/connection_limiter.h"

#include <gtest/gtest.h>

namespace parley::server {
namespace {

IpAddress v6(const char* text) {
  return *IpAddress::parse(text);
}

TEST(ConnectionLimiter, LimitsASourceAndGivesBack) {
  ConnectionLimiter limiter(100, 2);
  const IpAddress source = IpAddress::v4(192, 0, 2, 1);
  EXPECT_TRUE(limiter.admit(source));
  EXPECT_TRUE(limiter.admit(source));
  EXPECT_FALSE(limiter.admit(source));
  EXPECT_TRUE(limiter.admit(IpAddress::v4(192, 0, 2, 2)));
  limiter.release(source);
  EXPECT_TRUE(limiter.admit(source));
}

TEST(ConnectionLimiter, LimitsAll) {
  ConnectionLimiter limiter(3, 100);
  for (std::uint8_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(limiter.admit(IpAddress::v4(192, 0, 2, i)));
  }
  EXPECT_FALSE(limiter.admit(IpAddress::v4(192, 0, 2, 9)));
  limiter.release(IpAddress::v4(192, 0, 2, 0));
  EXPECT_TRUE(limiter.admit(IpAddress::v4(192, 0, 2, 9)));
}

TEST(ConnectionLimiter, ASourceIsA56OfIpv6AndMappedIpv4IsIpv4) {
  ConnectionLimiter limiter(100, 1);
  EXPECT_TRUE(limiter.admit(v6("2001:db8:0:1::1")));
  EXPECT_FALSE(limiter.admit(v6("2001:db8:0:ff::2")));
  EXPECT_TRUE(limiter.admit(v6("2001:db8:0:100::1")));
  EXPECT_TRUE(limiter.admit(IpAddress::v4(192, 0, 2, 1)));
  EXPECT_FALSE(limiter.admit(v6("::ffff:192.0.2.1")));
}

TEST(ConnectionLimiter, ALimitOfZeroAdmitsNobody) {
  ConnectionLimiter limiter(10, 0);
  EXPECT_FALSE(limiter.admit(IpAddress::v4(192, 0, 2, 1)));
}

}  // namespace
}  // namespace parley::server
