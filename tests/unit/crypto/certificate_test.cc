#include "crypto/certificate.h"

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

PemCertificate make() {
  SelfSignedOptions options;
  options.dnsNames = {"localhost", "*.example.org"};
  options.ipAddresses = {IpAddress::v4(192, 0, 2, 1), IpAddress::loopback(Family::V6)};
  options.notBefore = wallTimeFromUnixSeconds(1'800'000'000);
  options.notAfter = wallTimeFromUnixSeconds(1'900'000'000);
  auto made = makeSelfSigned(options);
  EXPECT_TRUE(made.ok());
  return *made;
}

TEST(Certificate, readsBackWhatItMade) {
  const auto info = readCertificate(make().certificate);
  ASSERT_TRUE(info.ok());
  EXPECT_TRUE(info->selfSigned);
  EXPECT_EQ(unixSeconds(info->notBefore), 1'800'000'000);
  EXPECT_EQ(unixSeconds(info->notAfter), 1'900'000'000);
  EXPECT_EQ(info->sha256Fingerprint.size(), 32u * 3 - 1);
}

TEST(Certificate, coversItsNamesAndAddressesOnly) {
  const auto info = readCertificate(make().certificate);
  ASSERT_TRUE(info.ok());
  for (const char* host : {"localhost", "LOCALHOST", "call.example.org", "192.0.2.1", "::1"}) {
    EXPECT_TRUE(info->covers(host)) << host;
  }
  for (const char* host : {"example.org", "a.b.example.org", ".example.org", "192.0.2.2", "evil"}) {
    EXPECT_FALSE(info->covers(host)) << host;
  }
}

TEST(Certificate, knowsItsKey) {
  const PemCertificate a = make();
  const PemCertificate b = make();
  EXPECT_TRUE(keyMatches(a.certificate, a.privateKey));
  EXPECT_FALSE(keyMatches(a.certificate, b.privateKey));
  EXPECT_FALSE(keyMatches("rubbish", a.privateKey));
}

TEST(Certificate, refusesRubbish) {
  EXPECT_FALSE(readCertificate("-----BEGIN").ok());
}

}  // namespace
}  // namespace parley::crypto
