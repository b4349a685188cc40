// The only place where clocks are read. Everything else is told what time it is.
#pragma once

#include "base/time.h"

namespace parley::driver {

// CLOCK_BOOTTIME: goes on while the machine sleeps, so that credentials and allocations do not
// outlive their time by a nap.
Time readClock();
WallTime readWallClock();

}  // namespace parley::driver
