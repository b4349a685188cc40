// The greatest of the values seen in the last `window` ticks, by the three best candidates
// (Kathleen Nichols' algorithm, as BBR uses it): constant room, and right but for details within a
// window.
#pragma once

#include <array>
#include <cstdint>

namespace parley::sctp::tx {

class MaxFilter {
 public:
  explicit MaxFilter(std::uint64_t window) : window_(window) {}

  double best() const { return samples_[0].value; }
  void update(double value, std::uint64_t tick) {
    const Sample s{value, tick};
    if (value >= samples_[0].value || tick - samples_[2].tick > window_) {
      samples_ = {s, s, s};
      return;
    }
    if (value >= samples_[1].value)
      samples_[1] = samples_[2] = s;
    else if (value >= samples_[2].value)
      samples_[2] = s;
    expire(s);
  }
  void reset() { samples_ = {}; }

 private:
  struct Sample {
    double value = 0;
    std::uint64_t tick = 0;
  };
  void expire(const Sample& s) {
    const std::uint64_t age = s.tick - samples_[0].tick;
    if (age > window_) {
      samples_ = {samples_[1], samples_[2], s};
      if (s.tick - samples_[0].tick > window_) samples_ = {samples_[1], samples_[2], s};
    } else if (samples_[1].tick == samples_[0].tick && age > window_ / 4) {
      samples_[1] = samples_[2] = s;
    } else if (samples_[2].tick == samples_[1].tick && age > window_ / 2) {
      samples_[2] = s;
    }
  }

  std::uint64_t window_;
  std::array<Sample, 3> samples_{};
};

}  // namespace parley::sctp::tx
