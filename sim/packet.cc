#include "sim/packet.h"

namespace parley::sim {
namespace {

// The Internet checksum (RFC 1071), summed over several pieces of even length but the last.
class Checksum {
 public:
  void add(ConstBytes bytes) {
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
      sum_ += loadBe16(bytes.data() + i);
    if (bytes.size() % 2 != 0) sum_ += std::uint32_t{bytes.back()} << 8;
  }
  void add(std::uint32_t value) { sum_ += (value >> 16) + (value & 0xffff); }
  std::uint16_t value() const {
    std::uint64_t s = sum_;
    while (s >> 16 != 0)
      s = (s & 0xffff) + (s >> 16);
    return static_cast<std::uint16_t>(~s);
  }

 private:
  std::uint64_t sum_ = 0;
};

void writeIpHeader(ByteWriter& out, const Packet& p, std::size_t length) {
  const auto protocol = static_cast<std::uint8_t>(p.flow.protocol);
  const auto ecn = static_cast<std::uint8_t>(p.ecn);
  if (p.flow.source.ip().isV4()) {  // RFC 791 section 3.1
    const std::size_t at = out.size();
    out.u8(0x45);
    out.u8(ecn);
    out.u16(static_cast<std::uint16_t>(20 + length));
    out.u16(0);
    out.u16(0x4000);  // do not fragment
    out.u8(p.hopLimit);
    out.u8(protocol);
    out.u16(0);
    out.bytes(p.flow.source.ip().bytes());
    out.bytes(p.flow.destination.ip().bytes());
    Checksum sum;
    sum.add(out.written().subspan(at));
    storeBe16(out.written().data() + at + 10, sum.value());
    return;
  }
  out.u32(0x60000000u | std::uint32_t{ecn} << 20);  // RFC 8200 section 3
  out.u16(static_cast<std::uint16_t>(length));
  out.u8(protocol);
  out.u8(p.hopLimit);
  out.bytes(p.flow.source.ip().bytes());
  out.bytes(p.flow.destination.ip().bytes());
}

// Over the pseudo-header too (RFC 768, RFC 9293 section 3.1, RFC 8200 section 8.1).
std::uint16_t transportChecksum(const Packet& p, ConstBytes segment) {
  Checksum sum;
  sum.add(p.flow.source.ip().bytes());
  sum.add(p.flow.destination.ip().bytes());
  sum.add(static_cast<std::uint32_t>(segment.size()));
  sum.add(static_cast<std::uint32_t>(p.flow.protocol));
  sum.add(segment);
  return sum.value();
}

}  // namespace

std::vector<std::uint8_t> serialize(const Packet& p) {
  std::vector<std::uint8_t> bytes(p.size());
  ByteWriter out{bytes};
  const std::size_t ipSize = p.flow.source.ip().isV4() ? 20 : 40;
  writeIpHeader(out, p, p.size() - ipSize);
  out.u16(p.flow.source.port());
  out.u16(p.flow.destination.port());
  std::size_t checksumAt = ipSize + 6;
  if (p.flow.protocol == Protocol::Udp) {
    out.u16(static_cast<std::uint16_t>(8 + p.payload.size()));
    out.u16(0);
  } else {
    out.u32(p.sequence);
    out.u32(p.acknowledgement);
    out.u8(0x50);
    out.u8(p.flow.tcpFlags);
    out.u16(p.window);
    checksumAt = out.size();
    out.u16(0);
    out.u16(0);
  }
  out.bytes(p.payload);
  std::uint16_t sum = transportChecksum(p, ConstBytes{bytes}.subspan(ipSize));
  // RFC 768: a UDP checksum of zero is sent as all ones.
  if (sum == 0 && p.flow.protocol == Protocol::Udp) sum = 0xffff;
  storeBe16(bytes.data() + checksumAt, sum);
  return bytes;
}

}  // namespace parley::sim
