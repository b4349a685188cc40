// Time as the core sees it: points and spans without a clock.
//
// `Time` counts from an unspecified origin of the driver (CLOCK_BOOTTIME in production, zero in
// simulation) and never jumps backwards. `WallTime` counts from the Unix epoch and is passed only
// where a standard wants it (credential expiry, JWT, X.509, NTP). The two do not convert into each
// other, and neither clock has a now(): core code cannot ask what time it is.
#pragma once

#include <chrono>
#include <cstdint>

namespace parley {

using Duration = std::chrono::nanoseconds;

struct CoreClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<CoreClock>;
  static constexpr bool is_steady = true;
};

struct UnixClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<UnixClock>;
  static constexpr bool is_steady = false;
};

using Time = CoreClock::time_point;
using WallTime = UnixClock::time_point;

// The next timeout of an idle machine.
inline constexpr Time kNever = Time::max();

constexpr std::int64_t unixSeconds(WallTime t) {
  return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}
constexpr WallTime wallTimeFromUnixSeconds(std::int64_t s) {
  return WallTime{std::chrono::seconds{s}};
}

using namespace std::chrono_literals;

}  // namespace parley
