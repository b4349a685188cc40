// How much comes in a round trip, and whether it still grows: what a receiver can know of the
// sender's congestion window. Of use twice: SACKs are frequent while the sender seems to be in slow
// start, and the advertised window follows the bandwidth-delay product.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace parley::sctp::rx {

class ReceiveRounds {
 public:
  static constexpr Duration kMinRound = 20ms;
  // After so long without data the sender's window has decayed (RFC 9260 section 7.2.1).
  static constexpr Duration kIdle = 1s;
  // Rounds without growth by half that end the guess of slow start, as BBR judges a full pipe.
  static constexpr int kFlatRounds = 3;

  void setRtt(Duration rtt) { round_ = std::max(rtt, kMinRound); }

  // `bytes` of new user data came; true when a round has ended with them.
  bool onData(std::size_t bytes, Time now) {
    if (now - last_ > kIdle) restart(now);
    last_ = now;
    bytes_ += bytes;
    if (now - began_ < round_) return false;
    // A round that lasted longer counts by its rate.
    const auto scaled = static_cast<std::uint64_t>(static_cast<double>(bytes_) *
                                                   static_cast<double>(round_.count()) /
                                                   static_cast<double>((now - began_).count()));
    flat_ = scaled > best_ + best_ / 2 ? 0 : flat_ + 1;
    best_ = std::max(best_, scaled);
    latest_ = scaled;
    bytes_ = 0;
    began_ = now;
    return true;
  }

  bool looksLikeSlowStart() const { return flat_ < kFlatRounds; }
  // Of the round that ended last.
  std::uint64_t bytesPerRound() const { return latest_; }

 private:
  void restart(Time now) {
    began_ = now;
    bytes_ = best_ = 0;
    flat_ = 0;
  }

  Duration round_ = kMinRound;
  Time began_{Duration::min() / 2};
  Time last_{Duration::min() / 2};
  std::uint64_t bytes_ = 0;
  std::uint64_t best_ = 0;
  std::uint64_t latest_ = 0;
  int flat_ = 0;
};

}  // namespace parley::sctp::rx
