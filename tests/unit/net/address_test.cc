#include "net/address.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(IpAddress, readsAndWritesV4) {
  const auto ip = IpAddress::parse("203.0.113.7");
  ASSERT_TRUE(ip);
  EXPECT_TRUE(ip->isV4());
  EXPECT_EQ(ip->v4HostOrder(), 0xcb007107u);
  EXPECT_EQ(ip->toString(), "203.0.113.7");
}

TEST(IpAddress, refusesBadV4) {
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ",
                           " 1.2.3.4", "1..3.4", "1.2.3.-4", "0x1.2.3.4", "1.2.3.4."}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

// RFC 5952 section 4 and RFC 4291 section 2.2.
TEST(IpAddress, writesV6InCanonicalForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"2001:DB8:0:0:8:800:200C:417A", "2001:db8::8:800:200c:417a"},
      {"0:0:0:0:0:0:0:0", "::"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
      {"1:0:0:0:0:0:0:0", "1::"},
      {"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
      {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
      {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
      {"::ffff:192.0.2.1", "::ffff:c000:201"},
  };
  for (const auto& [in, out] : cases) {
    const auto ip = IpAddress::parse(in);
    ASSERT_TRUE(ip) << in;
    EXPECT_EQ(ip->toString(), out);
    EXPECT_EQ(IpAddress::parse(out), ip);
  }
}

TEST(IpAddress, refusesBadV6) {
  for (const char* text :
       {":", ":::", "1:2", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "::g", "1:", ":1",
        "1:2:3:4:5:6:7:8::", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%lo", "::1.2.3.4:5"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, unmapsOnlyMappedAddresses) {
  EXPECT_EQ(IpAddress::parse("::ffff:127.0.0.1")->unmapped(), IpAddress::v4(127, 0, 0, 1));
  EXPECT_EQ(IpAddress::parse("::7f00:1")->unmapped(), *IpAddress::parse("::7f00:1"));
}

TEST(Address, readsAndWritesBothFamilies) {
  EXPECT_EQ(Address::parse("127.0.0.1:3478")->toString(), "127.0.0.1:3478");
  EXPECT_EQ(Address::parse("[::1]:3478")->toString(), "[::1]:3478");
  for (const char* text : {"127.0.0.1", "::1:80", "[127.0.0.1]:80", "[::1]", "[::1]:65536",
                           "1.2.3.4:", "1.2.3.4:080", "host:80"}) {
    EXPECT_FALSE(Address::parse(text)) << text;
  }
}

TEST(Prefix, containsWhatItSays) {
  const auto p = Prefix::parse("172.16.5.1/12");
  ASSERT_TRUE(p);
  EXPECT_EQ(p->toString(), "172.16.0.0/12");
  EXPECT_TRUE(p->contains(*IpAddress::parse("172.31.255.255")));
  EXPECT_FALSE(p->contains(*IpAddress::parse("172.32.0.0")));
  EXPECT_FALSE(p->contains(*IpAddress::parse("::ffff:172.16.0.1")));
  EXPECT_TRUE(Prefix::parse("0.0.0.0/0")->contains(IpAddress::v4(255, 255, 255, 255)));
  EXPECT_TRUE(Prefix::parse("fe80::/10")->contains(*IpAddress::parse("febf::1")));
  EXPECT_FALSE(Prefix::parse("fe80::/10")->contains(*IpAddress::parse("fec0::1")));
  EXPECT_EQ(Prefix::parse("::1")->length(), 128u);
  EXPECT_FALSE(Prefix::parse("10.0.0.0/33"));
  EXPECT_FALSE(Prefix::parse("10.0.0.0/"));
}

}  // namespace
}  // namespace parley
