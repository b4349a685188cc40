#include "ice/candidate.h"

#include <gtest/gtest.h>

#include "ice/credentials.h"
#include "ice/mdns_name.h"

namespace parley::ice {
namespace {

TEST(Candidate, prioritiesFollowRfc8445) {
  // What every browser says for its first host candidate.
  EXPECT_EQ(candidatePriority(typePreference(CandidateType::Host, Transport::Udp), 65535, 1),
            2130706431u);
  EXPECT_GT(typePreference(CandidateType::Host, Transport::Udp),
            typePreference(CandidateType::PeerReflexive, Transport::Udp));
  EXPECT_GT(typePreference(CandidateType::PeerReflexive, Transport::Udp),
            typePreference(CandidateType::ServerReflexive, Transport::Udp));
  EXPECT_GT(typePreference(CandidateType::Relayed, Transport::Udp),
            typePreference(CandidateType::Relayed, Transport::Tcp));
  EXPECT_GT(typePreference(CandidateType::Relayed, Transport::Tcp),
            typePreference(CandidateType::Relayed, Transport::Tls));
}

TEST(Candidate, pairPriorityIsTheFormulaOfSection6123) {
  EXPECT_EQ(pairPriority(10, 20), (std::uint64_t{10} << 32) + 40);
  EXPECT_EQ(pairPriority(20, 10), (std::uint64_t{10} << 32) + 41);
  EXPECT_EQ(pairPriority(7, 7), (std::uint64_t{7} << 32) + 14);
}

TEST(Candidate, nobodySendsToAddressesThatAreNone) {
  for (const char* bad : {"1.2.3.4:0", "0.0.0.0:5", "0.1.2.3:5", "224.0.0.1:5", "239.1.1.1:5",
                          "255.255.255.255:5", "[::]:5", "[ff02::fb]:5353"}) {
    EXPECT_FALSE(isUsableRemote(*Address::parse(bad))) << bad;
  }
  for (const char* good : {"1.2.3.4:1", "127.0.0.1:5", "[::1]:5", "[fe80::1]:5", "10.0.0.1:65535"})
    EXPECT_TRUE(isUsableRemote(*Address::parse(good))) << good;
}

TEST(Candidate, linkLocalAddresses) {
  EXPECT_TRUE(isLinkLocal(*IpAddress::parse("fe80::1")));
  EXPECT_TRUE(isLinkLocal(*IpAddress::parse("febf::1")));
  EXPECT_FALSE(isLinkLocal(*IpAddress::parse("fec0::1")));
  EXPECT_TRUE(isLinkLocal(*IpAddress::parse("169.254.1.1")));
  EXPECT_FALSE(isLinkLocal(*IpAddress::parse("169.253.1.1")));
}

TEST(Candidate, namesOfHiddenAddresses) {
  EXPECT_TRUE(isMdnsName("1f4712db-ea17-4bcf-a596-105139dfd8bf.local"));
  EXPECT_TRUE(isMdnsName("A.local"));
  for (const char* bad : {"", ".local", "local", "a.locale", "a b.local", "a\n.local", "a.example"})
    EXPECT_FALSE(isMdnsName(bad)) << bad;
  EXPECT_FALSE(isMdnsName(std::string(300, 'a') + ".local"));
  EXPECT_EQ(lowerCase("AbC-1.local"), "abc-1.local");
}

TEST(Candidate, aNameIsAVersion4Uuid) {
  SeededRandom random(5);
  const std::string name = makeMdnsName(random);
  ASSERT_EQ(name.size(), 36u + 6u);
  EXPECT_TRUE(isMdnsName(name));
  EXPECT_EQ(name[14], '4');
  EXPECT_NE(std::string_view("89ab").find(name[19]), std::string_view::npos);
  for (const std::size_t i : {8u, 13u, 18u, 23u})
    EXPECT_EQ(name[i], '-');
  EXPECT_NE(makeMdnsName(random), name);
}

TEST(Credentials, areLongEnoughAndOfIceChars) {
  SeededRandom random(5);
  const Credentials c = makeCredentials(random);
  EXPECT_TRUE(isValid(c));
  EXPECT_EQ(c.ufrag.size(), 8u);
  EXPECT_EQ(c.password.size(), 24u);
  EXPECT_NE(makeCredentials(random), c);
  EXPECT_TRUE(makeCredentials(random, "s7").ufrag.starts_with("s7"));
}

TEST(Credentials, judgesTheOtherSides) {
  const std::string password(22, 'p');
  EXPECT_TRUE(isValid({"abcd", password}));
  EXPECT_FALSE(isValid({"abc", password}));
  EXPECT_FALSE(isValid({"ab-d", password}));
  EXPECT_FALSE(isValid({"abcd", password.substr(1)}));
  EXPECT_FALSE(isValid({std::string(257, 'a'), password}));
}

}  // namespace
}  // namespace parley::ice
