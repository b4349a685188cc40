#include "crypto/signature.h"

#include <gtest/gtest.h>

#include "base/base64.h"
#include "crypto/certificate.h"

namespace parley::crypto {
namespace {

// RFC 7515 appendix A.3: the ES256 example, its key as a SubjectPublicKeyInfo.
constexpr const char* kRfc7515Es256Key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n"
    "6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* kRfc7515Es256Input =
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlf"
    "Q";
constexpr const char* kRfc7515Es256Signature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

TEST(Signature, holdsTheEs256VectorOfRfc7515) {
  const auto key = SignatureKey::fromPem(kRfc7515Es256Key);
  ASSERT_TRUE(key.ok()) << key.error().describe();
  EXPECT_EQ(key->algorithm(), SignatureAlgorithm::Es256);
  EXPECT_FALSE(key->canSign());
  auto signature = *base64UrlDecode(kRfc7515Es256Signature);
  EXPECT_TRUE(key->verify(asBytes(kRfc7515Es256Input), signature));
  signature[10] ^= 1;
  EXPECT_FALSE(key->verify(asBytes(kRfc7515Es256Input), signature));
  EXPECT_FALSE(key->verify(asBytes(kRfc7515Es256Input), {}));
}

TEST(Signature, signsWhatItsCertificateVerifies) {
  SelfSignedOptions options;
  options.dnsNames = {"localhost"};
  options.notAfter = wallTimeFromUnixSeconds(1'900'000'000);
  const auto pem = makeSelfSigned(options);
  ASSERT_TRUE(pem.ok());
  const auto secret = SignatureKey::fromPem(pem->privateKey);
  const auto open = SignatureKey::fromPem(pem->certificate);
  ASSERT_TRUE(secret.ok() && open.ok());
  const auto signature = secret->sign(asBytes("words"));
  ASSERT_TRUE(signature.ok());
  EXPECT_EQ(signature->size(), 64u);
  EXPECT_TRUE(open->verify(asBytes("words"), *signature));
  EXPECT_FALSE(open->verify(asBytes("other words"), *signature));
  EXPECT_FALSE(open->sign(asBytes("words")).ok());
}

TEST(Signature, refusesWhatIsNoKey) {
  EXPECT_FALSE(SignatureKey::fromPem("").ok());
  EXPECT_FALSE(
      SignatureKey::fromPem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").ok());
}

}  // namespace
}  // namespace parley::crypto
