#include "sctp/wire/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace parley::sctp {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // 0x1EDC6F41 reflected

// kTables[k][b]: the register after byte b and k zero bytes.
constexpr std::array<std::array<std::uint32_t, 256>, 8> makeTables() {
  std::array<std::array<std::uint32_t, 256>, 8> t{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t c = b;
    for (int i = 0; i < 8; ++i)
      c = (c & 1) != 0 ? (c >> 1) ^ kPolynomial : c >> 1;
    t[0][b] = c;
  }
  for (std::size_t k = 1; k < t.size(); ++k) {
    for (std::size_t b = 0; b < 256; ++b)
      t[k][b] = (t[k - 1][b] >> 8) ^ t[0][t[k - 1][b] & 0xff];
  }
  return t;
}
constexpr auto kTables = makeTables();

std::uint32_t updatePortable(std::uint32_t crc, const std::uint8_t* p, std::size_t n) {
  for (; n >= 8; n -= 8, p += 8) {
    const std::uint32_t low = crc ^ (std::uint32_t{p[0]} | (std::uint32_t{p[1]} << 8) |
                                     (std::uint32_t{p[2]} << 16) | (std::uint32_t{p[3]} << 24));
    crc = kTables[7][low & 0xff] ^ kTables[6][(low >> 8) & 0xff] ^ kTables[5][(low >> 16) & 0xff] ^
          kTables[4][low >> 24] ^ kTables[3][p[4]] ^ kTables[2][p[5]] ^ kTables[1][p[6]] ^
          kTables[0][p[7]];
  }
  for (; n > 0; --n, ++p)
    crc = (crc >> 8) ^ kTables[0][(crc ^ *p) & 0xff];
  return crc;
}

#if defined(__x86_64__)
// A run is what one of the three interleaved registers eats at a time: long enough that joining
// them (eight look-ups) costs little, short enough that a packet of 1,200 bytes has four rounds.
constexpr std::size_t kRun = 96;

// Tables that move a register over kRun, or twice kRun, zero bytes.
using ShiftTable = std::array<std::array<std::uint32_t, 256>, 4>;
constexpr ShiftTable makeShift(std::size_t zeros) {
  ShiftTable t{};
  for (std::size_t byte = 0; byte < 4; ++byte) {
    for (std::uint32_t b = 0; b < 256; ++b)
      t[byte][b] = 0;
    for (std::uint32_t bit = 0; bit < 8; ++bit) {
      std::uint32_t c = std::uint32_t{1} << (8 * byte + bit);
      for (std::size_t i = 0; i < zeros; ++i)
        c = (c >> 8) ^ kTables[0][c & 0xff];
      for (std::uint32_t b = 0; b < 256; ++b) {
        if ((b & (1u << bit)) != 0) t[byte][b] ^= c;
      }
    }
  }
  return t;
}
constexpr ShiftTable kShift1 = makeShift(kRun);
constexpr ShiftTable kShift2 = makeShift(2 * kRun);

std::uint32_t shift(const ShiftTable& t, std::uint32_t c) {
  return t[0][c & 0xff] ^ t[1][(c >> 8) & 0xff] ^ t[2][(c >> 16) & 0xff] ^ t[3][c >> 24];
}

std::uint64_t load64(const std::uint8_t* p) {
  std::uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// The instruction takes a cycle but its result comes after three: three registers keep it busy.
__attribute__((target("sse4.2"))) std::uint32_t updateSse42(std::uint32_t crc,
                                                            const std::uint8_t* p, std::size_t n) {
  for (; n >= 3 * kRun; n -= 3 * kRun, p += 3 * kRun) {
    std::uint64_t a = crc;
    std::uint64_t b = 0;
    std::uint64_t c = 0;
    for (std::size_t i = 0; i < kRun; i += 8) {
      a = _mm_crc32_u64(a, load64(p + i));
      b = _mm_crc32_u64(b, load64(p + kRun + i));
      c = _mm_crc32_u64(c, load64(p + 2 * kRun + i));
    }
    crc = shift(kShift2, static_cast<std::uint32_t>(a)) ^
          shift(kShift1, static_cast<std::uint32_t>(b)) ^ static_cast<std::uint32_t>(c);
  }
  std::uint64_t wide = crc;
  for (; n >= 8; n -= 8, p += 8)
    wide = _mm_crc32_u64(wide, load64(p));
  crc = static_cast<std::uint32_t>(wide);
  for (; n > 0; --n, ++p)
    crc = _mm_crc32_u8(crc, *p);
  return crc;
}
#endif

using Update = std::uint32_t (*)(std::uint32_t, const std::uint8_t*, std::size_t);
Update chooseUpdate() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2")) return updateSse42;
#endif
  return updatePortable;
}
const Update kUpdate = chooseUpdate();

}  // namespace

std::uint32_t crc32c(ConstBytes data) {
  return ~kUpdate(~std::uint32_t{0}, data.data(), data.size());
}

std::uint32_t crc32cPortable(ConstBytes data) {
  return ~updatePortable(~std::uint32_t{0}, data.data(), data.size());
}

std::uint32_t packetChecksum(ConstBytes packet) {
  constexpr std::array<std::uint8_t, 4> kZero{};
  std::uint32_t c = kUpdate(~std::uint32_t{0}, packet.data(), 8);
  c = kUpdate(c, kZero.data(), kZero.size());
  c = ~kUpdate(c, packet.data() + 12, packet.size() - 12);
  // The register is reflected, so its lowest byte goes first (appendix A).
  return __builtin_bswap32(c);
}

}  // namespace parley::sctp
