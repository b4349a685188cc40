#include "base/bytes.h"

#include <gtest/gtest.h>

#include <array>

namespace parley {
namespace {

TEST(ByteReader, readsNetworkOrder) {
  const std::array<std::uint8_t, 15> b{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  ByteReader r(b);
  EXPECT_EQ(r.u8(), 1u);
  EXPECT_EQ(r.u16(), 0x0203u);
  EXPECT_EQ(r.u32(), 0x04050607u);
  EXPECT_EQ(r.u64(), 0x08090a0b0c0d0e0fu);
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.remaining(), 0u);
}

TEST(ByteReader, staysFailed) {
  const std::array<std::uint8_t, 3> b{1, 2, 3};
  ByteReader r(b);
  EXPECT_EQ(r.u32(), 0u);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.u8(), 0u);
  EXPECT_TRUE(r.bytes(0).empty());
  EXPECT_FALSE(r.ok());
}

TEST(ByteWriter, writesWhatAReaderReads) {
  std::array<std::uint8_t, 16> b{};
  ByteWriter w(b);
  w.u8(1);
  w.u16(2);
  w.u32(3);
  w.u64(4);
  EXPECT_TRUE(w.ok());
  ByteReader r(w.written());
  EXPECT_EQ(r.u8(), 1u);
  EXPECT_EQ(r.u16(), 2u);
  EXPECT_EQ(r.u32(), 3u);
  EXPECT_EQ(r.u64(), 4u);
}

TEST(ByteWriter, dropsWhatDoesNotFit) {
  std::array<std::uint8_t, 3> b{};
  ByteWriter w(b);
  w.u16(0xffff);
  w.u32(1);
  EXPECT_FALSE(w.ok());
  w.u8(7);
  EXPECT_EQ(w.size(), 2u);
  EXPECT_EQ(b[2], 0u);
}

}  // namespace
}  // namespace parley
