// CUBIC (RFC 9438) with HyStart++ (RFC 9406), paced.
#pragma once

#include "sctp/tx/congestion.h"
#include "sctp/tx/hystart.h"

namespace parley::sctp::tx {

class Cubic {
 public:
  static constexpr double kBeta = 0.7;                // section 4.6
  static constexpr double kC = 0.4;                   // section 5.1, segments / s^3
  static constexpr std::size_t kInitialPackets = 10;  // RFC 6928
  static constexpr std::size_t kMinPackets = 2;
  // Pacing ahead of the window's own rate, so that it can grow (twice as fast in slow start).
  static constexpr double kSlowStartGain = 2.0;
  static constexpr double kAvoidanceGain = 1.2;

  explicit Cubic(std::size_t packet);

  std::size_t window() const { return window_; }
  // Bytes a second; 0: no pacing yet.
  double pacingRate(Duration srtt) const;

  void setPacketSize(std::size_t packet) { packet_ = packet; }
  void onAck(const AckEvent& e);
  // Once for the losses of a window (section 4.6).
  void onLossEvent(Time now);
  void onTimeout(Time now);
  // The last of the two above was a mistake (section 4.9).
  void undo();
  // Nothing was in flight for `idle` (RFC 2861: the window of long ago is stale).
  void onIdle(Duration idle, Duration rto);

  // In congestion avoidance from this window on, without a peak remembered.
  void resume(std::size_t window);

  bool inSlowStart() const { return window_ < threshold_; }
  const char* phase() const { return inSlowStart() ? "slow start" : "avoidance"; }

 private:
  void grow(const AckEvent& e);
  void startEpoch(Time now, Duration srtt);
  void reduce();

  struct Saved {
    std::size_t window = 0;
    std::size_t threshold = 0;
    double peak = 0;
    bool valid = false;
  };

  std::size_t packet_;
  std::size_t window_;
  std::size_t threshold_ = SIZE_MAX;
  HyStart hystart_;
  std::uint64_t roundEnd_ = 0;  // delivered bytes
  // The curve, in packets and seconds.
  bool epoch_ = false;
  Time epochStart_{};
  Time lastGrowth_{};
  double peak_ = 0;    // W_max
  double origin_ = 0;  // where the curve is flat
  double k_ = 0;
  double prior_ = 0;     // cwnd_prior
  double estimate_ = 0;  // W_est: what Reno would have
  double credit_ = 0;    // growth of less than a byte
  Saved saved_;
};

}  // namespace parley::sctp::tx
