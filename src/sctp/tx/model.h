// A controller that models the path, after BBR: the bottleneck's bandwidth (greatest rate of
// delivery over ten rounds) and the path's length (shortest round trip over ten seconds) say how
// much should be in flight; it does not take every loss for congestion.
//
//   Startup   as slow start, until the rate of delivery stops growing (or congestion)
//   Drain     what startup has queued
//   Cruise    paced at the bandwidth, with a probe of 5/4 and its drain every eight round trips
//   Measure   every ten seconds, unless a round trip as short was seen meanwhile: half a
//             bandwidth-delay product for 200 ms, to see the path's length
//   Compete   CUBIC's window: entered when others fill the queue (it stands although we drained
//             our part, or overflows), left when a measurement finds it empty. Pure models starve
//             loss-based flows in shallow queues and are starved by them in deep ones; so beside
//             CUBIC it is CUBIC.
//
// Which losses are congestion: a path that loses packets at random loses them with an empty queue,
// too. The share lost while the round trip is short is taken as the path's own; a round in which it
// is long and that loses clearly more is congestion, and so is any that loses a fifth. What was
// learnt so is forgotten when it has not been seen again for some rounds.
#pragma once

#include "sctp/tx/congestion.h"
#include "sctp/tx/cubic.h"
#include "sctp/tx/max_filter.h"

namespace parley::sctp::tx {

class Model {
 public:
  static constexpr std::uint64_t kBandwidthRounds = 10;
  static constexpr Duration kMinRttLife = 10s;
  static constexpr Duration kMinRttLifeCompeting = 20s;
  static constexpr Duration kMeasureTime = 200ms;
  static constexpr double kProbeGain = 1.25;
  static constexpr double kDrainGain = 0.75;
  static constexpr double kStartupDrainGain = 0.5;
  static constexpr double kWindowGain = 2.0;
  // What the window holds beyond that, as time at the bandwidth: where the shortest round trip is
  // tens of microseconds, two of them would not cover a thread that is scheduled late.
  static constexpr Duration kSlack = 2ms;
  static constexpr int kPhases = 8;
  static constexpr int kProbeEchoPhases = 3;   // in which losses may be those of the probe
  static constexpr int kMostProbeBackoff = 3;  // doublings of the time between probes
  static constexpr double kGrossLoss = 0.2;
  static constexpr double kMostOwnLoss = 0.1;  // of a path
  static constexpr int kOwnLossRounds = 24;    // without a round to see it
  static constexpr std::size_t kMinPackets = 4;
  // Round trips longer by this share (and kQueueFloor) than the shortest: there is a queue.
  static constexpr double kQueueShare = 0.125;
  static constexpr Duration kQueueFloor = 1ms;
  // A cycle's shortest round trip longer by this share: the queue is not ours.
  static constexpr double kStandingShare = 0.25;
  static constexpr Duration kStandingFloor = 2ms;
  static constexpr int kStandingCycles = 2;
  static constexpr int kQuietRounds = 16;  // without a queue: nobody competes

  explicit Model(std::size_t packet);

  std::size_t window() const;
  double pacingRate(Duration srtt) const;
  bool inSlowStart() const { return mode_ == Mode::Startup && cubic_.inSlowStart(); }

  void setPacketSize(std::size_t packet);
  void onAck(const AckEvent& e);
  void onTimeout(Time now);
  void undo() { cubic_.undo(); }
  void onIdle(Duration idle, Duration rto);

  enum class Mode : std::uint8_t { Startup, Drain, Cruise, Measure, Compete };
  Mode mode() const { return mode_; }
  const char* phase() const;

 private:
  bool updateRound(const AckEvent& e);
  void updateMinRtt(const AckEvent& e);
  bool isCongestion(const AckEvent& e) const;
  bool isQueueing(Duration rtt) const;
  void onCongestion(const AckEvent& e);
  void advance(const AckEvent& e, bool newRound);
  void advanceCycle(const AckEvent& e);
  void enterDrain();
  void enterCruise(Time now);
  void enterCompete(std::size_t window);
  void enterMeasure(Time now);
  void leaveMeasure(const AckEvent& e);
  double product() const;  // bandwidth-delay product, bytes; 0: not known

  std::size_t packet_;
  Cubic cubic_;
  Mode mode_ = Mode::Startup;
  Mode before_ = Mode::Cruise;  // Measure: what it came from

  MaxFilter bandwidth_{kBandwidthRounds};
  Duration minRtt_{};
  Time minRttAt_{};

  std::uint64_t roundEnd_ = 0;
  std::uint64_t round_ = 0;
  std::size_t roundAcked_ = 0;
  std::size_t roundLost_ = 0;
  bool roundQueued_ = false;     // some round trip of it was long
  std::uint64_t reactedAt_ = 0;  // delivered bytes at the last answer to congestion
  int queuedRounds_ = 0;         // in a row
  // Of rounds without a queue that follow such a round; fading.
  double quietAcked_ = 0;
  double quietLost_ = 0;

  int phase_ = 0;
  int failedProbes_ = 0;  // in a row, that overflowed a short queue
  bool probeFailed_ = false;
  Time phaseAt_{};
  Duration cycleRtt_ = Duration::max();
  int quietRounds_ = 0;  // in a row
  int standing_ = 0;     // cycles in a row with a queue that is not ours

  Time measureUntil_ = kNever;
  Duration measured_ = Duration::max();
  std::size_t measureWindow_ = 0;
};

}  // namespace parley::sctp::tx
