// One step of reading UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace parley {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 0;  // bytes; 0: not UTF-8
};

inline CodePoint readUtf8(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto follows = [&](std::size_t i) { return i < text.size() && (at(i) & 0xc0) == 0x80; };
  if (text.empty()) return {};
  const std::uint32_t a = at(0);
  if (a < 0x80) return {a, 1};
  if (a >= 0xc2 && a < 0xe0 && follows(1)) return {((a & 0x1f) << 6) | (at(1) & 0x3fu), 2};
  if (a >= 0xe0 && a < 0xf0 && follows(1) && follows(2)) {
    const std::uint32_t v = ((a & 0x0f) << 12) | ((at(1) & 0x3fu) << 6) | (at(2) & 0x3fu);
    if (v < 0x800 || (v >= 0xd800 && v < 0xe000)) return {};
    return {v, 3};
  }
  if (a >= 0xf0 && a < 0xf5 && follows(1) && follows(2) && follows(3)) {
    const std::uint32_t v =
        ((a & 0x07) << 18) | ((at(1) & 0x3fu) << 12) | ((at(2) & 0x3fu) << 6) | (at(3) & 0x3fu);
    if (v < 0x10000 || v > 0x10ffff) return {};
    return {v, 4};
  }
  return {};
}

inline void appendUtf8(std::uint32_t c, std::string& out) {
  const auto put = [&](std::uint32_t b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

}  // namespace parley
