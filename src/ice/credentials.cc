#include "ice/credentials.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace parley::ice {
namespace {

// RFC 8839 section 5.1: ice-char is a letter, a digit, "+" or "/": 64 of them, six bits each.
constexpr std::string_view kIceChars =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kUfragLength = 8;
constexpr std::size_t kPasswordLength = 24;

std::string randomChars(RandomSource& random, std::size_t n) {
  std::array<std::uint8_t, kPasswordLength> bytes{};
  random.fill(Bytes(bytes).first(n));
  std::string text;
  text.reserve(n);
  for (std::size_t i = 0; i < n; ++i)
    text += kIceChars[bytes[i] & 63];
  return text;
}

bool isToken(std::string_view text, std::size_t least) {
  constexpr std::size_t kMost = 256;
  return text.size() >= least && text.size() <= kMost &&
         text.find_first_not_of(kIceChars) == std::string_view::npos;
}

}  // namespace

Credentials makeCredentials(RandomSource& random, std::string_view prefix) {
  std::string ufrag{prefix};
  ufrag += randomChars(random, kUfragLength);
  return {std::move(ufrag), randomChars(random, kPasswordLength)};
}

bool isValid(const Credentials& credentials) {
  return isToken(credentials.ufrag, 4) && isToken(credentials.password, 22);
}

}  // namespace parley::ice
