// Which protocol a datagram of a bundled transport belongs to, by its first byte: RFC 7983 section
// 7 with QUIC's bit of RFC 9443 section 3, and RTCP told from RTP by RFC 5761 section 4. A value
// says what a datagram claims to be, not that it is.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace parley::peer {

enum class PacketKind : std::uint8_t { Stun, Zrtp, Dtls, TurnChannel, Quic, Rtp, Rtcp, Unknown };

constexpr PacketKind classifyFirstByte(std::uint8_t b) {
  if (b < 4) return PacketKind::Stun;
  if (b < 16) return PacketKind::Unknown;
  if (b < 20) return PacketKind::Zrtp;
  if (b < 64) return PacketKind::Dtls;
  if (b < 80) return PacketKind::TurnChannel;
  if (b < 128) return PacketKind::Quic;
  if (b < 192) return PacketKind::Rtp;
  return PacketKind::Quic;
}

inline PacketKind classify(ConstBytes datagram) {
  if (datagram.empty()) return PacketKind::Unknown;
  const PacketKind kind = classifyFirstByte(datagram[0]);
  // RTCP's packet types 192 to 223 stand where RTP has its marker and payload type.
  if (kind == PacketKind::Rtp && datagram.size() > 1 && datagram[1] >= 192 && datagram[1] <= 223)
    return PacketKind::Rtcp;
  return kind;
}

}  // namespace parley::peer
