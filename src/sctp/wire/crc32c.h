// CRC-32C (Castagnoli), the checksum of SCTP (RFC 9260 appendix A): by the processor's instruction
// where there is one, three runs interleaved, else by tables.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace parley::sctp {

std::uint32_t crc32c(ConstBytes data);

// The same by tables only: what runs on other processors, and what the fast one is tested against.
std::uint32_t crc32cPortable(ConstBytes data);

// Of a whole packet whose checksum field (bytes 8 to 11) is taken as zero; the packet must have a
// common header. In the byte order of loadBe32: what storeBe32(packet + 8, ...) puts on the wire.
std::uint32_t packetChecksum(ConstBytes packet);

}  // namespace parley::sctp
