#include "base/crc32.h"

#include <array>

namespace parley {
namespace {

// Slicing by four: four bytes a step, 4 KiB of tables.
constexpr std::array<std::array<std::uint32_t, 256>, 4> makeTables() {
  std::array<std::array<std::uint32_t, 256>, 4> t{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int k = 0; k < 8; ++k)
      c = (c >> 1) ^ ((c & 1) != 0 ? 0xedb88320u : 0u);
    t[0][i] = c;
  }
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::size_t k = 1; k < 4; ++k)
      t[k][i] = (t[k - 1][i] >> 8) ^ t[0][t[k - 1][i] & 255];
  }
  return t;
}
constexpr auto kTables = makeTables();

}  // namespace

std::uint32_t crc32(ConstBytes data) {
  std::uint32_t c = 0xffffffffu;
  std::size_t i = 0;
  for (; i + 4 <= data.size(); i += 4) {
    c ^= std::uint32_t{data[i]} | (std::uint32_t{data[i + 1]} << 8) |
         (std::uint32_t{data[i + 2]} << 16) | (std::uint32_t{data[i + 3]} << 24);
    c = kTables[3][c & 255] ^ kTables[2][(c >> 8) & 255] ^ kTables[1][(c >> 16) & 255] ^
        kTables[0][c >> 24];
  }
  for (; i < data.size(); ++i)
    c = (c >> 8) ^ kTables[0][(c ^ data[i]) & 255];
  return ~c;
}

}  // namespace parley
