#include "sctp/wire/packet_reader.h"

#include "sctp/wire/crc32c.h"

namespace parley::sctp {

Result<PacketView> PacketView::parse(ConstBytes packet, AcceptZeroChecksum acceptZero) {
  if (packet.size() < kCommonHeaderSize + kChunkHeaderSize)
    return Error{ErrorCode::Malformed, "SCTP packet too short"};
  const PacketView view(packet);
  const bool mayBeZero = acceptZero == AcceptZeroChecksum::Yes && view.hasZeroChecksum();
  if (!mayBeZero && packetChecksum(packet) != loadBe32(packet.data() + 8))
    return Error{ErrorCode::Malformed, "SCTP checksum"};
  return view;
}

}  // namespace parley::sctp
