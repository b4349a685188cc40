// Spreads packets over time: a bucket of time in which the rate may run ahead.
//
// A train is at most kQuantum of the rate or two packets, whichever is more; then sending waits
// until such a train is due again. Where a round trip is shorter than that the window alone
// decides.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace parley::sctp::tx {

class Pacer {
 public:
  static constexpr Duration kQuantum = 1ms;

  // Bytes a second; zero: not paced.
  void setRate(double bytesPerSecond) { rate_ = bytesPerSecond; }
  double rate() const { return rate_; }

  // When the next packet may leave: now or earlier when it may at once.
  Time due() const { return due_; }
  bool allows(Time now) const { return rate_ <= 0 || due_ <= now; }

  // A packet of `size` bytes left, packets being at most `packetSize`.
  void onSent(std::size_t size, std::size_t packetSize, Time now) {
    if (rate_ <= 0) return;
    const Duration train = std::max(kQuantum, span(2 * packetSize));
    virtual_ = std::max(virtual_, now - train) + span(size);
    // While the train lasts the next is due at once; then half a train is let grow, so that a timer
    // brings several packets (the kernel is the cost, and trains are its cure).
    due_ = virtual_ <= now ? now : virtual_ + train / 2;
  }
  void reset() { virtual_ = due_ = Time{}; }

 private:
  Duration span(std::size_t bytes) const {
    return Duration{static_cast<Duration::rep>(static_cast<double>(bytes) * 1e9 / rate_)};
  }

  double rate_ = 0;
  Time virtual_ = Time{};  // up to when what was sent has been paid for
  Time due_ = Time{};
};

}  // namespace parley::sctp::tx
