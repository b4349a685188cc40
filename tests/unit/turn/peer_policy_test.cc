#include "turn/server/peer_policy.h"

#include <gtest/gtest.h>

namespace parley::turn {
namespace {

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}
std::vector<Prefix> prefixes(std::initializer_list<const char*> list) {
  std::vector<Prefix> out;
  for (const char* text : list)
    out.push_back(*Prefix::parse(text));
  return out;
}

PeerPolicy plain() {
  return {{}, {}};
}

// Every range denied by default: its first and last address, and its neighbours outside.
TEST(PeerPolicy, deniesByDefault) {
  const PeerPolicy policy = plain();
  for (const char* text : {"0.0.0.0",
                           "0.255.255.255",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.0",
                           "100.127.255.255",
                           "127.0.0.0",
                           "127.255.255.255",
                           "169.254.0.0",
                           "169.254.169.254",
                           "169.254.255.255",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.0.0.0",
                           "192.0.0.255",
                           "192.168.0.0",
                           "192.168.255.255",
                           "198.18.0.0",
                           "198.19.255.255",
                           "224.0.0.0",
                           "239.255.255.255",
                           "240.0.0.0",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::2",
                           "::ffff",
                           "::8.8.8.8",
                           "64:ff9b::",
                           "64:ff9b::8.8.8.8",
                           "64:ff9b:1::",
                           "64:ff9b:1:ffff::1",
                           "2001::",
                           "2001:0:ffff::1",
                           "2002::",
                           "2002:808:808::1",
                           "2002:ffff::1",
                           "fc00::",
                           "fdff::1",
                           "fd00:ec2::254",
                           "fe80::",
                           "fe80::1",
                           "febf::1",
                           "fec0::",
                           "feff::1",
                           "ff00::",
                           "ff02::1",
                           "ffff::1"}) {
    EXPECT_EQ(policy.judge(ip(text)), PeerClass::Denied) << text;
  }
  for (const char* text : {"1.0.0.0",      "9.255.255.255",   "11.0.0.0",    "100.63.255.255",
                           "100.128.0.0",  "126.255.255.255", "128.0.0.0",   "169.253.255.255",
                           "169.255.0.0",  "172.15.255.255",  "172.32.0.0",  "191.255.255.255",
                           "192.0.1.0",    "192.167.255.255", "192.169.0.0", "198.17.255.255",
                           "198.20.0.0",   "223.255.255.255", "8.8.8.8",     "2001:1::1",
                           "2001:db8::1",  "2003::1",         "2600::1",     "64:ff9a::1",
                           "64:ff9b:2::1", "fbff::1",         "fe00::1"}) {
    EXPECT_EQ(policy.judge(ip(text)), PeerClass::Open) << text;
  }
}

TEST(PeerPolicy, judgesMappedAddressesAsIpv4) {
  const PeerPolicy policy = plain();
  for (const char* text : {"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254",
                           "::ffff:224.0.0.1", "::ffff:0.0.0.0", "::ffff:255.255.255.255"}) {
    EXPECT_EQ(policy.judge(ip(text)), PeerClass::Denied) << text;
  }
  EXPECT_EQ(policy.judge(ip("::ffff:8.8.8.8")), PeerClass::Open);
}

// Where an operator allows a translator's prefix, what is inside still counts.
TEST(PeerPolicy, judgesWhatIsEmbeddedToo) {
  PeerRules rules;
  rules.allow = prefixes({"64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"});
  const PeerPolicy policy(rules, {});
  EXPECT_EQ(policy.judge(ip("64:ff9b::8.8.8.8")), PeerClass::Open);
  EXPECT_EQ(policy.judge(ip("64:ff9b::10.0.0.1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("64:ff9b::127.0.0.1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("2002:808:808::1")), PeerClass::Open);
  EXPECT_EQ(policy.judge(ip("2002:7f00:1::1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("2002:c0a8:101::1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("::8.8.8.8")), PeerClass::Open);
  EXPECT_EQ(policy.judge(ip("::127.0.0.1")), PeerClass::Denied);
  // Teredo: the client's address is inverted at the end.
  EXPECT_EQ(policy.judge(ip("2001:0:4136:e378:8000:63bf:f7f7:f7f7")), PeerClass::Open);  // 8.8.8.8
  EXPECT_EQ(policy.judge(ip("2001:0:4136:e378:8000:63bf:80ff:fffe")), PeerClass::Denied);
  // RFC 6052 with a /48: the address stands around byte 8.
  EXPECT_EQ(policy.judge(ip("64:ff9b:1:808:8:800::")), PeerClass::Open);
  EXPECT_EQ(policy.judge(ip("64:ff9b:1:7f00:0:100::")), PeerClass::Denied);
}

TEST(PeerPolicy, explicitDenyBeatsAllowBeatsTheList) {
  PeerRules rules;
  rules.allow = prefixes({"10.0.0.0/8", "203.0.113.0/24"});
  rules.deny = prefixes({"10.1.0.0/16", "8.8.8.8"});
  const PeerPolicy policy(rules, {});
  EXPECT_EQ(policy.judge(ip("10.2.0.1")), PeerClass::Open);
  EXPECT_EQ(policy.judge(ip("10.1.0.1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("8.8.8.8")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("8.8.4.4")), PeerClass::Open);
  EXPECT_EQ(policy.judge(ip("192.168.1.1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("::ffff:10.2.0.1")), PeerClass::Open);
  EXPECT_EQ(policy.judge(ip("::ffff:10.1.0.1")), PeerClass::Denied);
}

TEST(PeerPolicy, everyInterfaceAddressIsDenied) {
  PeerRules rules;
  rules.ownAddresses = {ip("198.51.100.1"), ip("2001:db8::1")};
  const PeerPolicy policy(rules, {});
  EXPECT_EQ(policy.judge(ip("198.51.100.1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("::ffff:198.51.100.1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("2001:db8::1")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("198.51.100.2")), PeerClass::Open);
}

TEST(PeerPolicy, ownRelayAddressesAreAskedByPort) {
  PeerRules rules;
  rules.ownAddresses = {ip("10.0.0.5")};
  rules.listeners = {*Address::parse("10.0.0.5:3478")};
  const PeerPolicy policy(rules, {{ip("10.0.0.5"), ip("203.0.113.80")}});
  LocalRelayRegistry live;
  live.setLive(*Address::parse("10.0.0.5:50000"), true);
  for (const char* own : {"10.0.0.5", "203.0.113.80"}) {
    EXPECT_EQ(policy.judge(ip(own)), PeerClass::OwnRelay);
    EXPECT_TRUE(policy.portPasses(PeerClass::OwnRelay, {ip(own), 50000}, live));
    EXPECT_FALSE(policy.portPasses(PeerClass::OwnRelay, {ip(own), 50001}, live));
    EXPECT_FALSE(policy.portPasses(PeerClass::OwnRelay, {ip(own), 3478}, live));
  }
  EXPECT_EQ(policy.toBound(*Address::parse("203.0.113.80:9")), *Address::parse("10.0.0.5:9"));
  EXPECT_EQ(policy.toVisible(*Address::parse("10.0.0.5:9")), *Address::parse("203.0.113.80:9"));
  EXPECT_EQ(policy.toBound(*Address::parse("8.8.8.8:9")), *Address::parse("8.8.8.8:9"));
  EXPECT_EQ(policy.toVisible(*Address::parse("8.8.8.8:9")), *Address::parse("8.8.8.8:9"));
  live.setLive(*Address::parse("10.0.0.5:50000"), false);
  EXPECT_FALSE(policy.portPasses(PeerClass::OwnRelay, {ip("10.0.0.5"), 50000}, live));
}

// Two relayed addresses of one server may always talk: a deny does not part them, and an embedded
// form of the own address is no way in.
TEST(PeerPolicy, aDenyOfTheOwnRelayAddressLeavesLiveRelaysOpen) {
  PeerRules rules;
  rules.deny = prefixes({"0.0.0.0/0"});
  rules.allow = prefixes({"127.0.0.0/8", "2002::/16"});
  const PeerPolicy policy(rules, {{ip("127.0.0.1"), {}}});
  EXPECT_EQ(policy.judge(ip("127.0.0.1")), PeerClass::OwnRelay);
  EXPECT_EQ(policy.judge(ip("127.0.0.2")), PeerClass::Denied);
  EXPECT_EQ(policy.judge(ip("2002:7f00:1::")), PeerClass::Denied);
}

TEST(PeerPolicy, wildcardListenersHearOnEveryOwnAddress) {
  PeerRules rules;
  rules.ownAddresses = {ip("198.51.100.1")};
  rules.listeners = {*Address::parse("0.0.0.0:3478")};
  const PeerPolicy policy(rules, {{ip("192.0.2.1"), {}}});
  for (const char* own : {"198.51.100.1:3478", "192.0.2.1:3478", "127.0.0.1:3478", "[::1]:3478",
                          "[::ffff:127.0.0.1]:3478"}) {
    EXPECT_TRUE(policy.isListener(*Address::parse(own))) << own;
  }
  EXPECT_FALSE(policy.isListener(*Address::parse("198.51.100.1:3479")));
  EXPECT_FALSE(policy.isListener(*Address::parse("8.8.8.8:3478")));
}

}  // namespace
}  // namespace parley::turn
