#include "sim/pcap.h"

namespace parley::sim {
namespace {

constexpr std::uint32_t kMagicNanoseconds = 0xa1b23c4d;
constexpr std::uint32_t kVersion = 0x00020004;  // 2.4, two 16-bit numbers
constexpr std::uint32_t kSnapLength = 262'144;
constexpr std::uint32_t kLinkTypeRaw = 101;

}  // namespace

// The byte order of a capture is that of its magic number; ours is big-endian on every machine.
PcapWriter::PcapWriter() {
  append32(kMagicNanoseconds);
  append32(kVersion);
  append32(0);
  append32(0);
  append32(kSnapLength);
  append32(kLinkTypeRaw);
}

void PcapWriter::append32(std::uint32_t value) {
  const std::size_t at = bytes_.size();
  bytes_.resize(at + 4);
  storeBe32(bytes_.data() + at, value);
}

void PcapWriter::add(const Packet& packet, Time when) {
  if (bytes_.size() + 16 + packet.size() > kMaxBytes) {
    ++dropped_;
    return;
  }
  const std::vector<std::uint8_t> wire = serialize(packet);
  const std::int64_t nanoseconds = when.time_since_epoch().count();
  append32(static_cast<std::uint32_t>(nanoseconds / 1'000'000'000));
  append32(static_cast<std::uint32_t>(nanoseconds % 1'000'000'000));
  append32(static_cast<std::uint32_t>(wire.size()));
  append32(static_cast<std::uint32_t>(wire.size()));
  bytes_.insert(bytes_.end(), wire.begin(), wire.end());
  ++packets_;
}

}  // namespace parley::sim
