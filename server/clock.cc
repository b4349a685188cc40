#include "server/clock.h"

#include <ctime>

namespace parley::server {
namespace {

Duration read(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

}  // namespace

Time now() {
  return Time{read(CLOCK_BOOTTIME)};
}

WallTime wallNow() {
  return WallTime{read(CLOCK_REALTIME)};
}

}  // namespace parley::server
