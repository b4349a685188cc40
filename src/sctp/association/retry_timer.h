// A timer that doubles at each expiry up to a most, and counts them: T1, T2 and that of RE-CONFIG.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace parley::sctp {

class RetryTimer {
 public:
  static constexpr Duration kMost = 5s;

  void start(Duration first, Time now) {
    duration_ = std::min(first, kMost);
    deadline_ = now + duration_;
    expiries_ = 0;
  }
  // True when it has run out; it runs on, twice as long.
  bool expire(Time now) {
    if (now < deadline_) return false;
    ++expiries_;
    duration_ = std::min(2 * duration_, kMost);
    deadline_ = now + duration_;
    return true;
  }
  void stop() { deadline_ = kNever; }
  bool running() const { return deadline_ != kNever; }
  Time deadline() const { return deadline_; }
  int expiries() const { return expiries_; }

 private:
  Duration duration_{};
  Time deadline_ = kNever;
  int expiries_ = 0;
};

}  // namespace parley::sctp
