#include "signal/id.h"

namespace parley::signal {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xff;

constexpr std::array<std::uint8_t, 256> reverse() {
  std::array<std::uint8_t, 256> table{};
  for (std::uint8_t& v : table)
    v = kNone;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    table[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}
constexpr std::array<std::uint8_t, 256> kReverse = reverse();

}  // namespace

// Written out here and not with base/base64.h: each relayed message names two members, and these
// allocate nothing.
std::optional<std::array<std::uint8_t, 16>> parseId128(std::string_view text) {
  if (text.size() != kIdTextLength) return std::nullopt;
  std::array<std::uint8_t, 16> out{};
  std::uint32_t bits = 0;
  int have = 0;
  std::size_t n = 0;
  for (const char c : text) {
    const std::uint8_t v = kReverse[static_cast<std::uint8_t>(c)];
    if (v == kNone) return std::nullopt;
    bits = (bits << 6) | v;
    have += 6;
    if (have >= 8) {
      have -= 8;
      out[n++] = static_cast<std::uint8_t>(bits >> have);
    }
  }
  if ((bits & ((1u << have) - 1)) != 0) return std::nullopt;  // one text for one id
  return out;
}

void appendId128(const std::array<std::uint8_t, 16>& id, std::string& out) {
  std::uint32_t bits = 0;
  int have = 0;
  for (const std::uint8_t b : id) {
    bits = (bits << 8) | b;
    have += 8;
    while (have >= 6) {
      have -= 6;
      out.push_back(kAlphabet[(bits >> have) & 63]);
    }
  }
  out.push_back(kAlphabet[(bits << (6 - have)) & 63]);
}

}  // namespace parley::signal
