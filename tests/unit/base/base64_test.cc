#include "base/base64.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

// RFC 4648 section 10.
TEST(Base64, holdsTheVectorsOfTheRfc) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, coded] : cases) {
    EXPECT_EQ(base64Encode(asBytes(plain)), coded);
    const auto back = base64Decode(coded);
    ASSERT_TRUE(back) << coded;
    EXPECT_EQ(asText(*back), plain);
  }
}

TEST(Base64, refusesWhatIsNotCanonical) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Zm9v\n", "Zm 9", "Zg==Zg=="}) {
    EXPECT_FALSE(base64Decode(text)) << text;
  }
}

TEST(Base64Url, hasNoPaddingAndItsOwnAlphabet) {
  const std::uint8_t bytes[] = {0xfb, 0xff};
  EXPECT_EQ(base64UrlEncode(bytes), "-_8");
  EXPECT_TRUE(base64UrlDecode("-_8"));
  EXPECT_FALSE(base64UrlDecode("+/8"));
  EXPECT_FALSE(base64UrlDecode("-_8="));
}

TEST(Hex, roundTrips) {
  const std::uint8_t bytes[] = {0x00, 0x7f, 0xff};
  EXPECT_EQ(hexEncode(bytes), "007fff");
  EXPECT_EQ(hexDecode("007FfF")->size(), 3u);
  EXPECT_FALSE(hexDecode("0"));
  EXPECT_FALSE(hexDecode("0g"));
}

}  // namespace
}  // namespace parley
