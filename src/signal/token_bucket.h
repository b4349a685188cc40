// A token bucket: `rate` a second up to `burst`. Nothing is taken when there is not enough.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace parley::signal {

class TokenBucket {
 public:
  TokenBucket(double rate, double burst, Time now)
      : rate_(rate), burst_(burst), level_(burst), at_(now) {}

  bool take(double amount, Time now) {
    refill(now);
    if (level_ < amount) return false;
    level_ -= amount;
    return true;
  }
  // How long until it is half full.
  Duration untilHalf(Time now) {
    refill(now);
    const double missing = burst_ / 2 - level_;
    return missing <= 0 ? Duration::zero()
                        : Duration{static_cast<std::int64_t>(missing / rate_ * 1e9)};
  }

 private:
  void refill(Time now) {
    if (now <= at_) return;
    level_ = std::min(burst_, level_ + rate_ * std::chrono::duration<double>(now - at_).count());
    at_ = now;
  }

  double rate_;
  double burst_;
  double level_;
  Time at_;
};

}  // namespace parley::signal
