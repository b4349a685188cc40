#include <array>

#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

// RFC 8839 section 5.4: ice-char. 64 of them, so a byte's low six bits choose evenly.
std::string iceText(RandomSource& random, std::size_t length) {
  constexpr std::string_view kIceChars =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
  std::array<std::uint8_t, 32> bytes{};
  random.fill(Bytes(bytes).first(length));
  std::string out;
  for (std::size_t i = 0; i < length; ++i)
    out += kIceChars[bytes[i] & 63];
  return out;
}

}  // namespace

std::string newUuid(RandomSource& random) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);  // RFC 9562 section 5.4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kDigits[bytes[i] >> 4];
    out += kDigits[bytes[i] & 15];
  }
  return out;
}

// RFC 8445 section 5.3: at least 24 and 128 random bits.
IceParameters newIceParameters(const NegotiatorConfig& config, RandomSource& random) {
  constexpr std::size_t kUfragRandom = 8;
  constexpr std::size_t kPwd = 24;
  return {config.ufragPrefix + iceText(random, kUfragRandom), iceText(random, kPwd)};
}

}  // namespace parley::sdp::jsep
