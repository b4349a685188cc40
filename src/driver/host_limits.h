// What the host lets this process have.
#pragma once

#include <cstdint>

namespace parley::driver {

// Raises the soft limit of open descriptors to the hard one and returns it.
std::uint64_t raiseDescriptorLimit();

}  // namespace parley::driver
