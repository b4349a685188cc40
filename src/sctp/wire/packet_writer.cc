#include "sctp/wire/packet_writer.h"

#include "sctp/wire/crc32c.h"

namespace parley::sctp {

std::size_t PacketWriter::finish(Checksum checksum) {
  if (empty()) return 0;
  std::uint8_t* p = room_.data();
  storeBe16(p, header_.sourcePort);
  storeBe16(p + 2, header_.destinationPort);
  storeBe32(p + 4, header_.tag.value());
  storeBe32(p + 8, checksum == Checksum::Zero ? 0 : packetChecksum(room_.first(used_)));
  return used_;
}

}  // namespace parley::sctp
