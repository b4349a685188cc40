#include "driver/clock.h"

#include <time.h>

#include "base/check.h"

namespace parley::driver {
namespace {

Duration read(clockid_t clock) {
  timespec t{};
  PARLEY_CHECK(clock_gettime(clock, &t) == 0);
  return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

}  // namespace

Time readClock() {
  return Time{read(CLOCK_BOOTTIME)};
}
WallTime readWallClock() {
  return WallTime{read(CLOCK_REALTIME)};
}

}  // namespace parley::driver
