#include "crypto/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/base64.h"
#include "crypto/hmac.h"
#include "crypto/random.h"

namespace parley::crypto {
namespace {

TEST(Digest, holdsKnownValues) {
  EXPECT_EQ(hexEncode(md5(asBytes("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hexEncode(sha1(asBytes("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hexEncode(sha256({})),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// RFC 2202 section 3 test 2, RFC 4231 section 4.3.
TEST(Hmac, holdsTheVectorsOfTheRfcs) {
  EXPECT_EQ(hexEncode(hmacSha1(asBytes("Jefe"), asBytes("what do ya want for nothing?"))),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hexEncode(hmacSha256(asBytes("Jefe"), asBytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hmac, aKeyServesManyMessagesInParts) {
  HmacKey key(HmacAlgorithm::Sha1, asBytes("Jefe"));
  for (int i = 0; i < 3; ++i) {
    Sha1Digest tag{};
    key.sign(asBytes("what do ya want "), asBytes("for nothing?"), tag);
    EXPECT_EQ(hexEncode(tag), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    EXPECT_TRUE(key.verify(asBytes("what do ya want for nothing?"), {}, tag));
    tag[19] ^= 1;
    EXPECT_FALSE(key.verify(asBytes("what do ya want for nothing?"), {}, tag));
  }
}

TEST(Hmac, truncatedTagsOnlyWhereAllowed) {
  HmacKey key(HmacAlgorithm::Sha256, asBytes("k"));
  std::vector<std::uint8_t> tag(32);
  key.sign(asBytes("m"), {}, tag);
  tag.resize(16);
  EXPECT_FALSE(key.verify(asBytes("m"), {}, tag));
  EXPECT_TRUE(key.verify(asBytes("m"), {}, tag, 16));
  tag.resize(12);
  EXPECT_FALSE(key.verify(asBytes("m"), {}, tag, 16));
}

TEST(Hmac, takesAnEmptyKey) {
  EXPECT_EQ(hexEncode(hmacSha1({}, {})), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

TEST(SystemRandom, fillsDifferently) {
  SystemRandom random;
  EXPECT_NE(random.next64(), random.next64());
}

TEST(ConstantTimeEqual, comparesLengthAndBytes) {
  EXPECT_TRUE(constantTimeEqual(asBytes("abc"), asBytes("abc")));
  EXPECT_FALSE(constantTimeEqual(asBytes("abc"), asBytes("abd")));
  EXPECT_FALSE(constantTimeEqual(asBytes("abc"), asBytes("ab")));
}

}  // namespace
}  // namespace parley::crypto
