// Round trip estimation and the retransmission timeout (RFC 9260 section 6.3.1).
//
// RTO.Min: the peer may hold a SACK back for 200 ms (RFC 9260 section 6.2, and what every WebRTC
// stack does), which must not look like a loss. So the variance counts at least 200 ms, as dcSCTP
// has it (220 ms): RTO = SRTT + max(4 RTTVAR, 200 ms). Shorter stalls are the work of the tail-loss
// probe, which knows that it may be wrong.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace parley::sctp::tx {

class RtoEstimator {
 public:
  static constexpr Duration kMinVariance = 200ms;
  static constexpr Duration kMaxRto = 10s;
  static constexpr Duration kDefaultInitialRto = 1s;  // RFC 9260 section 16: RTO.Initial
  static constexpr Duration kMinInitialRto = 250ms;

  // A hint is a round trip measured by a layer below (ICE, DTLS); zero: none.
  explicit RtoEstimator(Duration hint = Duration::zero()) {
    if (hint > Duration::zero())
      rto_ = std::clamp<Duration>(hint * 3 + kMinVariance, kMinInitialRto, kDefaultInitialRto);
  }

  void sample(Duration rtt) {
    if (!valid_) {
      srtt_ = rtt;
      variance_ = rtt / 2;
      valid_ = true;
    } else {
      const Duration error = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
      variance_ += (error - variance_) / 4;
      srtt_ += (rtt - srtt_) / 8;
    }
    rto_ = std::min(srtt_ + std::max(variance_ * 4, kMinVariance), kMaxRto);
    backoff_ = 0;
  }
  // Rule E3: doubles at each expiry, until the next sample or progress.
  void backOff() {
    if (backoff_ < 10) ++backoff_;
  }
  void progress() { backoff_ = 0; }

  bool hasSample() const { return valid_; }
  Duration srtt() const { return srtt_; }
  Duration variance() const { return variance_; }
  Duration rto() const { return std::min(rto_ * (1 << backoff_), kMaxRto); }

 private:
  Duration srtt_{};
  Duration variance_{};
  Duration rto_ = kDefaultInitialRto;
  int backoff_ = 0;
  bool valid_ = false;
};

}  // namespace parley::sctp::tx
