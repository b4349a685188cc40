// The clocks of the server's own threads; the core is handed their values.
#pragma once

#include "base/time.h"

namespace parley::server {

Time now();          // CLOCK_BOOTTIME: goes on while the machine sleeps
WallTime wallNow();  // CLOCK_REALTIME

}  // namespace parley::server
