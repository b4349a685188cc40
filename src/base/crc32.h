// CRC-32 of ITU V.42 / ISO 3309, as STUN's FINGERPRINT uses it (RFC 8489 section 14.7).
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace parley {

std::uint32_t crc32(ConstBytes data);

}  // namespace parley
