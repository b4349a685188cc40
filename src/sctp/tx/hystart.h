// HyStart++ (RFC 9406): leaves slow start when the round trip grows, by way of conservative slow
// start. Rounds are counted by its owner.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace parley::sctp::tx {

class HyStart {
 public:
  // Section 4.2 and 4.3; pacing makes the limit L per acknowledgement infinite.
  static constexpr Duration kMinThreshold = 4ms;
  static constexpr Duration kMaxThreshold = 16ms;
  static constexpr int kThresholdDivisor = 8;
  static constexpr int kSamples = 8;
  static constexpr int kGrowthDivisor = 4;
  static constexpr int kRounds = 5;

  // By how much acknowledged bytes are divided to grow the window.
  std::size_t divisor() const { return conservative_ ? kGrowthDivisor : 1; }

  void onRoundStart() {
    lastRound_ = thisRound_;
    thisRound_ = Duration::max();
    samples_ = 0;
    if (conservative_) ++rounds_;
  }
  // True when slow start is over.
  bool onSample(Duration rtt) {
    thisRound_ = std::min(thisRound_, rtt);
    ++samples_;
    if (samples_ >= kSamples) {
      if (!conservative_) {
        enterIfGrown();
      } else if (thisRound_ < baseline_) {
        conservative_ = false;  // the growth was a passing one
        baseline_ = Duration::max();
      }
    }
    return conservative_ && rounds_ >= kRounds;
  }
  void reset() { *this = HyStart{}; }

 private:
  void enterIfGrown() {
    if (lastRound_ == Duration::max()) return;
    const Duration threshold =
        std::clamp(lastRound_ / kThresholdDivisor, kMinThreshold, kMaxThreshold);
    if (thisRound_ < lastRound_ + threshold) return;
    baseline_ = thisRound_;
    conservative_ = true;
    rounds_ = 0;
  }

  Duration lastRound_ = Duration::max();
  Duration thisRound_ = Duration::max();
  Duration baseline_ = Duration::max();
  int samples_ = 0;
  int rounds_ = 0;
  bool conservative_ = false;
};

}  // namespace parley::sctp::tx
