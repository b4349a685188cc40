// HyStart++ (RFC 9406): leaves slow start when the round trip grows, by way of conservative slow
// start. Rounds are counted by its owner.
//
// Two changes, because we pace. A paced window builds its queue within a round, not at the round's
// beginning, so every eight samples are compared with the last round's shortest. And where the RFC
// goes on for five rounds at a quarter of the pace, which overflows a queue of one
// bandwidth-delay product, we stand still to the end of the round and look at the rate of
// delivery: if it has not grown although the window did, the bottleneck is full and slow start is
// over; if it has, the round trip grew for another reason and slow start goes on.
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

  bool mayGrow() const { return !doubtful_; }

  static constexpr double kRateGrowth = 1.25;  // less a round: the bottleneck is full

  // True when slow start is over.
  bool onRoundStart() {
    lastRound_ = thisRound_;
    thisRound_ = block_ = Duration::max();
    samples_ = 0;
    const bool full = doubtful_ && rate_ < lastRate_ * kRateGrowth;
    doubtful_ = false;
    lastRate_ = rate_;
    rate_ = 0;
    return full;
  }
  void onSample(Duration rtt, double rate) {
    rate_ = std::max(rate_, rate);
    thisRound_ = std::min(thisRound_, rtt);
    block_ = std::min(block_, rtt);
    if (++samples_ < kSamples) return;
    if (!doubtful_)
      doubtIfGrown();
    else if (block_ < baseline_)
      doubtful_ = false;  // the growth was a passing one
    samples_ = 0;
    block_ = Duration::max();
  }
  void reset() { *this = HyStart{}; }

 private:
  void doubtIfGrown() {
    if (lastRound_ == Duration::max()) return;
    const Duration threshold =
        std::clamp(lastRound_ / kThresholdDivisor, kMinThreshold, kMaxThreshold);
    if (block_ < lastRound_ + threshold) return;
    baseline_ = block_;
    doubtful_ = true;
  }

  Duration lastRound_ = Duration::max();
  Duration thisRound_ = Duration::max();
  Duration block_ = Duration::max();  // the shortest of the samples since the last comparison
  Duration baseline_ = Duration::max();
  double rate_ = 0;
  double lastRate_ = 0;
  int samples_ = 0;
  bool doubtful_ = false;
};

}  // namespace parley::sctp::tx
