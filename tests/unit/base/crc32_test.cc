#include "base/crc32.h"

#include <gtest/gtest.h>

namespace parley {
namespace {

TEST(Crc32, holdsTheCheckValue) {
  EXPECT_EQ(crc32(asBytes("123456789")), 0xcbf43926u);
}
TEST(Crc32, holdsForShortInput) {
  EXPECT_EQ(crc32({}), 0u);
  EXPECT_EQ(crc32(asBytes("a")), 0xe8b7be43u);
}

}  // namespace
}  // namespace parley
