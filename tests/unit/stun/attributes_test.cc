#include "stun/attributes.h"

#include <gtest/gtest.h>

#include <vector>

namespace parley::stun {
namespace {

using V = std::vector<std::uint8_t>;

TEST(Attributes, addressesOfTheWrongFormAreNone) {
  EXPECT_FALSE(decodeAddress(V{}));
  EXPECT_FALSE(decodeAddress(V{0, 1, 0, 80, 1, 2, 3}));
  EXPECT_FALSE(decodeAddress(V{0, 2, 0, 80, 1, 2, 3, 4}));  // IPv6 in eight bytes
  EXPECT_FALSE(decodeAddress(V{0, 3, 0, 80, 1, 2, 3, 4}));  // no such family
  EXPECT_FALSE(decodeAddress(V(20, 1)));                    // IPv4 in twenty bytes
  EXPECT_FALSE(decodeAddress(V(24, 2)));
  EXPECT_EQ(decodeAddress(V{9, 1, 0, 80, 1, 2, 3, 4})->toString(), "1.2.3.4:80");
}

TEST(Attributes, xorHidesAndShowsTheSame) {
  const TransactionId id{{9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 255, 254}};
  for (const char* text : {"0.0.0.0:0", "255.255.255.255:65535", "[::]:0", "[ff02::1]:9"}) {
    const Address a = *Address::parse(text);
    V b(kMaxAddressValue);
    b.resize(encodeXorAddress(b, a, id));
    EXPECT_EQ(decodeXorAddress(b, id), a) << text;
    EXPECT_NE(decodeAddress(b), a) << text;
  }
}

TEST(Attributes, numbersHaveTheirSizesOnly) {
  EXPECT_FALSE(decodeU32(V{1, 2, 3}));
  EXPECT_FALSE(decodeU64(V{1, 2, 3, 4}));
  EXPECT_FALSE(decodeChannelNumber(V{0x40, 0}));
  EXPECT_FALSE(decodeRequestedTransport(V{17}));
  EXPECT_FALSE(decodeFamily(V{1}));
  EXPECT_FALSE(decodeEvenPort(V{0x80, 0, 0, 0}));
  EXPECT_EQ(decodeEvenPort(V{0x80}), true);
  EXPECT_EQ(decodeEvenPort(V{0x7f}), false);
  EXPECT_EQ(decodeFamily(V{3, 0, 0, 0}), RequestedFamily::Unknown);
}

TEST(Attributes, errorCodesAreThreeHundredToSixHundredNinetyNine) {
  EXPECT_FALSE(decodeErrorCode(V{0, 0, 4}));
  EXPECT_FALSE(decodeErrorCode(V{0, 0, 2, 0}));
  EXPECT_FALSE(decodeErrorCode(V{0, 0, 7, 0}));
  EXPECT_FALSE(decodeErrorCode(V{0, 0, 4, 100}));
  EXPECT_EQ(decodeErrorCode(V{0, 0, 4, 1})->code, 401);
  EXPECT_EQ(decodeErrorCode(V{0, 0, 0xFC, 1})->code, 401);  // only three bits are the class
}

TEST(Attributes, passwordAlgorithmsHaveNoParameters) {
  EXPECT_EQ(decodePasswordAlgorithm(V{0, 2, 0, 0}), 2);
  EXPECT_FALSE(decodePasswordAlgorithm(V{0, 2, 0, 4}));
  EXPECT_FALSE(decodePasswordAlgorithm(V{0, 2, 0, 0, 0, 0, 0, 0}));
}

TEST(Attributes, everyCodeWeSendHasItsWords) {
  for (const std::uint16_t code : std::initializer_list<std::uint16_t>{
           400, 401, 403, 420, 437, 438, 440, 441, 442, 443, 486, 500, 508}) {
    EXPECT_FALSE(reasonPhrase(code).empty()) << code;
  }
  EXPECT_TRUE(reasonPhrase(299).empty());
}

}  // namespace
}  // namespace parley::stun
