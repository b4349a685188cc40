// What a stream carries, told by its first byte after TLS and fixed for its life. STUN messages
// begin with two zero bits (RFC 8489 section 5). ChannelData (0x40 and up) shares its range with
// the letters of HTTP's methods, but no TURN stream begins with it: a channel needs an allocation,
// which begins with STUN. So what does not begin as STUN is HTTP.
#pragma once

#include <cstdint>

namespace parley::driver {

enum class StreamKind : std::uint8_t { Stun, Http };

constexpr StreamKind streamKind(std::uint8_t firstByte) {
  return firstByte <= 0x3F ? StreamKind::Stun : StreamKind::Http;
}

}  // namespace parley::driver
