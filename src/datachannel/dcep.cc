#include "datachannel/dcep.h"

#include "base/check.h"

namespace parley::datachannel {
namespace {

constexpr std::uint8_t kOpen = 3;          // RFC 8832 section 8.2.1
constexpr std::uint8_t kUnordered = 0x80;  // the bit of the channel type

}  // namespace

Result<DcepMessage> parseDcep(ConstBytes message) {
  ByteReader r(message);
  const std::uint8_t type = r.u8();
  // An ACK has no more than its type (section 5.2); what follows is ignored as by others.
  if (r.ok() && type == kDcepAck) return DcepMessage{DcepAck{}};
  if (!r.ok() || type != kOpen) return Error{ErrorCode::Malformed, "DCEP: unknown message", type};
  const std::uint8_t channelType = r.u8();
  DcepOpen open;
  open.priority = r.u16();
  open.reliabilityParameter = r.u32();
  const std::uint16_t labelSize = r.u16();
  const std::uint16_t protocolSize = r.u16();
  open.label = asText(r.bytes(labelSize));
  open.protocol = asText(r.bytes(protocolSize));
  if (!r.ok() || r.remaining() != 0) {
    return Error{ErrorCode::Malformed, "DCEP: lengths that do not add up"};
  }
  open.unordered = (channelType & kUnordered) != 0;
  const std::uint8_t reliability = channelType & 0x7f;
  if (reliability > 2) return Error{ErrorCode::Malformed, "DCEP: channel type", channelType};
  open.reliability = static_cast<Reliability>(reliability);
  // Section 5.1: ignored for reliable channels.
  if (open.reliability == Reliability::Reliable) open.reliabilityParameter = 0;
  return DcepMessage{open};
}

void writeDcepOpen(Bytes out, const DcepOpen& open) {
  PARLEY_CHECK(open.label.size() <= DcepOpen::kMaxName &&
               open.protocol.size() <= DcepOpen::kMaxName);
  ByteWriter w(out);
  w.u8(kOpen);
  w.u8(static_cast<std::uint8_t>(static_cast<unsigned>(open.reliability) |
                                 (open.unordered ? kUnordered : 0u)));
  w.u16(open.priority);
  w.u32(open.reliabilityParameter);
  w.u16(static_cast<std::uint16_t>(open.label.size()));
  w.u16(static_cast<std::uint16_t>(open.protocol.size()));
  w.bytes(asBytes(open.label));
  w.bytes(asBytes(open.protocol));
  PARLEY_CHECK(w.ok());
}

}  // namespace parley::datachannel
