#include "crypto/identity.h"

#include <gtest/gtest.h>

namespace parley::crypto {
namespace {

Identity make(KeyKind kind) {
  return Identity::generate(kind, wallTimeFromUnixSeconds(1'800'000'000),
                            wallTimeFromUnixSeconds(1'900'000'000))
      .value();
}

TEST(Identity, survivesPem) {
  for (const KeyKind kind : {KeyKind::EcdsaP256, KeyKind::Rsa2048}) {
    const Identity a = make(kind);
    EXPECT_EQ(unixSeconds(a.notBefore()), 1'800'000'000);
    EXPECT_EQ(unixSeconds(a.notAfter()), 1'900'000'000);
    for (const bool keyFirst : {false, true}) {
      const auto pem = keyFirst ? a.privateKeyPem() + a.certificatePem()
                                : a.certificatePem() + a.privateKeyPem();
      const auto b = Identity::fromPem(pem);
      ASSERT_TRUE(b.ok());
      EXPECT_EQ(b->fingerprint(), a.fingerprint());
      EXPECT_EQ(b->privateKeyPem(), a.privateKeyPem());
    }
  }
}

TEST(Identity, refusesWhatIsNoPair) {
  const Identity a = make(KeyKind::EcdsaP256);
  const Identity b = make(KeyKind::EcdsaP256);
  EXPECT_EQ(Identity::fromPem("rubbish").error().code(), ErrorCode::Malformed);
  EXPECT_EQ(Identity::fromPem(a.certificatePem()).error().code(), ErrorCode::Malformed);
  EXPECT_EQ(Identity::fromPem(a.privateKeyPem()).error().code(), ErrorCode::Malformed);
  EXPECT_EQ(Identity::fromPem(a.certificatePem() + b.privateKeyPem()).error().code(),
            ErrorCode::Invalid);
}

TEST(Identity, noTwoAreTheSame) {
  EXPECT_FALSE(make(KeyKind::EcdsaP256).fingerprint() == make(KeyKind::EcdsaP256).fingerprint());
}

TEST(Fingerprint, everyHashReadsBack) {
  const Identity a = make(KeyKind::EcdsaP256);
  for (const auto hash : {FingerprintHash::Sha1, FingerprintHash::Sha224, FingerprintHash::Sha256,
                          FingerprintHash::Sha384, FingerprintHash::Sha512}) {
    const Fingerprint f = a.fingerprint(hash);
    EXPECT_EQ(f.bytes().size(), size(hash));
    const auto back = Fingerprint::parse(name(hash), f.text());
    ASSERT_TRUE(back.has_value()) << name(hash);
    EXPECT_EQ(*back, f);
    EXPECT_TRUE(back->matches(a.der()));
    EXPECT_FALSE(back->matches(make(KeyKind::EcdsaP256).der()));
  }
}

TEST(Fingerprint, isReadInAnyCaseAndInNoOtherShape) {
  const std::string good = "01:AB:cd:EF:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
  const auto f = Fingerprint::parse("SHA-1", good);
  ASSERT_TRUE(f.has_value());
  EXPECT_EQ(f->text(), "01:AB:CD:EF:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F");
  EXPECT_FALSE(Fingerprint::parse("md5", good).has_value());
  EXPECT_FALSE(Fingerprint::parse("", good).has_value());
  EXPECT_FALSE(Fingerprint::parse("sha-256", good).has_value());
  EXPECT_FALSE(Fingerprint::parse("sha-1", "").has_value());
  EXPECT_FALSE(Fingerprint::parse("sha-1", good + ":00").has_value());
  for (const char bad : {'-', 'G', ' '}) {
    for (const std::size_t at : {0u, 1u, 2u, 58u}) {
      std::string text = good;
      text[at] = bad;
      EXPECT_FALSE(Fingerprint::parse("sha-1", text).has_value()) << text;
    }
  }
}

// FIPS 180-2 appendix B.1.
TEST(Fingerprint, hashesAsTheStandardSays) {
  EXPECT_EQ(Fingerprint::of(FingerprintHash::Sha256, asBytes("abc")).text().substr(0, 23),
            "BA:78:16:BF:8F:01:CF:EA");
}

}  // namespace
}  // namespace parley::crypto
