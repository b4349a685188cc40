// Names that hide addresses (draft-ietf-mmusic-mdns-ice-candidates section 3.1.1).
#pragma once

#include <string>

#include "base/random.h"

namespace parley::ice {

// A random UUID (RFC 9562, version 4) in ".local".
std::string makeMdnsName(RandomSource& random);

}  // namespace parley::ice
