#include "server/config/values.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

namespace parley::server {
namespace {

template <class T>
bool bad(const Parsed<T>& parsed) {
  return std::holds_alternative<ValueProblem>(parsed);
}

TEST(Values, PortsAreNumbersTo65535) {
  EXPECT_EQ(std::get<0>(parsePort("0")), 0);
  EXPECT_EQ(std::get<0>(parsePort("65535")), 65535);
  for (const char* text : {"", "65536", "-1", "80x", " 80", "0x50", "99999999999999999999"})
    EXPECT_TRUE(bad(parsePort(text))) << text;
}

TEST(Values, PortRangesAreOrderedAndUnprivileged) {
  const auto range = std::get<PortRange>(parsePortRange("61000-65535"));
  EXPECT_EQ(range.first, 61000);
  EXPECT_EQ(range.last, 65535);
  EXPECT_EQ(std::get<PortRange>(parsePortRange("5000")).last, 5000);
  for (const char* text : {"", "-", "1-2", "70000-70001", "3000-2000", "3000-", "-3000", "a-b"})
    EXPECT_TRUE(bad(parsePortRange(text))) << text;
}

TEST(Values, TimesNeedAUnit) {
  EXPECT_EQ(std::get<Duration>(parseDuration("90s", 1s, 1h)), 90s);
  EXPECT_EQ(std::get<Duration>(parseDuration("15m", 1s, 1h)), 15min);
  EXPECT_EQ(std::get<Duration>(parseDuration("1h", 1s, 1h)), 1h);
  for (const char* text : {"", "90", "s", "1.5h", "2h", "0s", "-1s", "99999999999999999999d"})
    EXPECT_TRUE(bad(parseDuration(text, 1s, 1h))) << text;
}

TEST(Values, HostsAreNamesOrAddresses) {
  EXPECT_EQ(std::get<0>(parseHost("Call.Example.ORG.")), "call.example.org");
  EXPECT_EQ(std::get<0>(parseHost("[::1]")), "::1");
  EXPECT_EQ(std::get<0>(parseHost("192.0.2.1")), "192.0.2.1");
  for (const char* text : {"", ".", "a..b", "https://a", "a:80", "a b", "-a", "a/", "ä.org"})
    EXPECT_TRUE(bad(parseHost(text))) << text;
}

TEST(Values, OriginsAreAsBrowsersSendThem) {
  EXPECT_EQ(std::get<0>(parseOrigin("https://Example.org")), "https://example.org");
  EXPECT_EQ(std::get<0>(parseOrigin("https://example.org:443")), "https://example.org");
  EXPECT_EQ(std::get<0>(parseOrigin("http://example.org:443")), "http://example.org:443");
  EXPECT_EQ(std::get<0>(parseOrigin("http://[::1]:8080")), "http://[::1]:8080");
  EXPECT_EQ(std::get<0>(parseOrigin("*")), "*");
  for (const char* text : {"", "example.org", "https://", "https://a/", "https://a/b", "ftp://a",
                           "https://a:0", "https://a:65536", "https://a:b", "https://[::1"})
    EXPECT_TRUE(bad(parseOrigin(text))) << text;
}

TEST(Values, TurnUsersHaveNameAndPassword) {
  const auto user = std::get<TurnUser>(parseTurnUser("ann:a:b"));
  EXPECT_EQ(user.name, "ann");
  EXPECT_EQ(user.password.reveal(), "a:b");
  for (const char* text : {"", "ann", ":pw", "ann:"})
    EXPECT_TRUE(bad(parseTurnUser(text))) << text;
  EXPECT_TRUE(bad(parseTurnUser(std::string(509, 'x') + ":pw")));
}

TEST(Values, TokenKeysNameTheirAlgorithm) {
  const std::string secret(32, 'k');
  const auto key = std::get<TokenKey>(parseTokenKey("first=HS256:" + secret));
  EXPECT_EQ(key.id, "first");
  EXPECT_EQ(key.algorithm, TokenAlgorithm::Hs256);
  EXPECT_EQ(key.key.reveal(), secret);
  EXPECT_TRUE(bad(parseTokenKey("hs256:" + std::string(31, 'k')))) << "RFC 7518 wants 32 bytes";
  for (const char* text : {"", "none:", "hs512:aaaa", "rs256:not a key", "es256:@/nowhere", "key"})
    EXPECT_TRUE(bad(parseTokenKey(text))) << text;
}

TEST(Values, SecretsMayLieInAFile) {
  char path[] = "/tmp/parley-values-XXXXXX";
  const int descriptor = ::mkstemp(path);
  ASSERT_GE(descriptor, 0);
  ::close(descriptor);
  std::ofstream(path) << "sixteen bytes long\r\n";
  const auto secret = parseSecret("@" + std::string(path), 16);
  ASSERT_FALSE(bad(secret));
  EXPECT_EQ(std::get<Secret>(secret).reveal(), "sixteen bytes long");
  EXPECT_TRUE(bad(parseSecret("@" + std::string(path), 19)));
  ::unlink(path);
  EXPECT_TRUE(bad(parseSecret("@" + std::string(path), 1)));
  EXPECT_TRUE(bad(parseSecret("@/tmp", 1))) << "a directory is not a secret";
}

TEST(Values, FilesAreReadUpToTheirLimit) {
  char path[] = "/tmp/parley-values-XXXXXX";
  ::close(::mkstemp(path));
  std::ofstream(path) << "12345";
  EXPECT_EQ(readFile(path, 5), "12345");
  EXPECT_EQ(readFile(path, 4), std::nullopt);
  ::unlink(path);
}

}  // namespace
}  // namespace parley::server
