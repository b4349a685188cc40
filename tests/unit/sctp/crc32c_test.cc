#include "sctp/wire/crc32c.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace parley::sctp {
namespace {

// RFC 3720 appendix B.4: the Castagnoli CRC's test vectors.
TEST(Crc32c, vectorsOfRfc3720) {
  std::vector<std::uint8_t> bytes(32, 0);
  EXPECT_EQ(crc32c(bytes), 0x8a9136aau);
  bytes.assign(32, 0xff);
  EXPECT_EQ(crc32c(bytes), 0x62a8ab43u);
  for (std::size_t i = 0; i < 32; ++i)
    bytes[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(crc32c(bytes), 0x46dd794eu);
  for (std::size_t i = 0; i < 32; ++i)
    bytes[i] = static_cast<std::uint8_t>(31 - i);
  EXPECT_EQ(crc32c(bytes), 0x113fdb5cu);
  EXPECT_EQ(crc32c(asBytes("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c({}), 0u);
}

// The instruction, interleaved, against the tables: every length around the runs, every alignment.
TEST(Crc32c, instructionAgreesWithTables) {
  SeededRandom random(1);
  std::vector<std::uint8_t> bytes(2100);
  random.fill(bytes);
  for (std::size_t n = 0; n < 2000; n += n < 600 ? 1 : 37) {
    for (std::size_t at = 0; at < 9; at += n < 300 ? 1 : 4) {
      const ConstBytes part = ConstBytes(bytes).subspan(at, n);
      ASSERT_EQ(crc32c(part), crc32cPortable(part)) << n << " at " << at;
    }
  }
}

TEST(Crc32c, packetsFieldCountsAsZero) {
  SeededRandom random(2);
  std::vector<std::uint8_t> packet(1200);
  random.fill(packet);
  const std::uint32_t before = packetChecksum(packet);
  storeBe32(packet.data() + 8, before);
  EXPECT_EQ(packetChecksum(packet), before);
  std::vector<std::uint8_t> zeroed = packet;
  storeBe32(zeroed.data() + 8, 0);
  EXPECT_EQ(__builtin_bswap32(crc32c(zeroed)), before);
}

}  // namespace
}  // namespace parley::sctp
