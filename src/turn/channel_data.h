// ChannelData, the four-byte framing of relayed packets (RFC 8656 section 12.4), and the channel
// numbers that name a peer (section 12). Values only.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/strong_id.h"

namespace parley::turn {

using ChannelNumber = StrongId<struct ChannelNumberTag, std::uint16_t>;

// RFC 8656 section 12 leaves 0x4000-0x4FFF, so that DTLS and RTP can share a client's port (RFC
// 7983). Clients of RFC 5766 (section 11) take any up to 0x7FFF, and coturn's still do: all of
// them may be bound, since on our side of the port nothing but STUN and ChannelData comes.
inline constexpr std::uint16_t kFirstChannel = 0x4000;
inline constexpr std::uint16_t kLastChannel = 0x7FFF;
inline constexpr std::size_t kChannelHeaderSize = 4;
// What the 16-bit Length can say.
inline constexpr std::size_t kMaxChannelPayload = 0xFFFF;

constexpr bool isChannelNumber(std::uint16_t n) {
  return n >= kFirstChannel && n <= kLastChannel;
}

// Whether the first byte of a datagram or a framed message announces ChannelData.
constexpr bool looksLikeChannelData(std::uint8_t firstByte) {
  return firstByte >= 0x40 && firstByte <= 0x7F;
}

inline void writeChannelHeader(std::uint8_t* out, ChannelNumber channel, std::size_t length) {
  storeBe16(out, channel.value());
  storeBe16(out + 2, static_cast<std::uint16_t>(length));
}

// Zero bytes that follow a message of `length` bytes on a stream (RFC 8656 section 12.5).
constexpr std::size_t paddingOf(std::size_t length) {
  return (4 - length % 4) % 4;
}

}  // namespace parley::turn
