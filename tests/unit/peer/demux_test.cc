#include "peer/demux.h"

#include <gtest/gtest.h>

#include <array>

namespace parley::peer {
namespace {

// RFC 7983 section 7 figure 3, with RFC 9443's QUIC.
TEST(Demux, firstBytesFollowTheTable) {
  for (int b = 0; b < 256; ++b) {
    PacketKind want = PacketKind::Unknown;
    if (b <= 3) want = PacketKind::Stun;
    if (b >= 16 && b <= 19) want = PacketKind::Zrtp;
    if (b >= 20 && b <= 63) want = PacketKind::Dtls;
    if (b >= 64 && b <= 79) want = PacketKind::TurnChannel;
    if (b >= 80 && b <= 127) want = PacketKind::Quic;
    if (b >= 128 && b <= 191) want = PacketKind::Rtp;
    if (b >= 192) want = PacketKind::Quic;
    EXPECT_EQ(classifyFirstByte(static_cast<std::uint8_t>(b)), want) << b;
  }
}

// RFC 5761 section 4: payload types 64 to 95 with the marker are RTCP's packet types.
TEST(Demux, rtcpIsToldFromRtpByTheSecondByte) {
  std::array<std::uint8_t, 12> packet{0x80};
  for (int b = 0; b < 256; ++b) {
    packet[1] = static_cast<std::uint8_t>(b);
    EXPECT_EQ(classify(packet), b >= 192 && b <= 223 ? PacketKind::Rtcp : PacketKind::Rtp) << b;
  }
}

TEST(Demux, nothingIsUnknown) {
  EXPECT_EQ(classify({}), PacketKind::Unknown);
}

}  // namespace
}  // namespace parley::peer
