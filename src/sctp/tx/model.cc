#include "sctp/tx/model.h"

#include <algorithm>

namespace parley::sctp::tx {

namespace {
double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}
Duration scaled(Duration d, double by) {
  return Duration{static_cast<Duration::rep>(static_cast<double>(d.count()) * by)};
}
}  // namespace

Model::Model(std::size_t packet) : packet_(packet), cubic_(packet) {}

void Model::setPacketSize(std::size_t packet) {
  packet_ = packet;
  cubic_.setPacketSize(packet);
}

const char* Model::phase() const {
  switch (mode_) {
    case Mode::Startup:
      return "startup";
    case Mode::Drain:
      return "drain";
    case Mode::Cruise:
      return "cruise";
    case Mode::Measure:
      return "measure";
    case Mode::Compete:
      return "compete";
  }
  return "";
}

double Model::product() const {
  return bandwidth_.best() * seconds(minRtt_);
}

std::size_t Model::window() const {
  const double least = static_cast<double>(kMinPackets * packet_);
  const double bdp = product();
  switch (mode_) {
    case Mode::Startup:
    case Mode::Compete:
      return cubic_.window();
    case Mode::Drain:
    case Mode::Cruise:
      // A little more than the model says for what the peer acknowledges in trains.
      return static_cast<std::size_t>(kWindowGain * bdp + bandwidth_.best() * seconds(kSlack) +
                                      least);
    case Mode::Measure:
      return static_cast<std::size_t>(std::max(least, 0.5 * bdp));
  }
  return cubic_.window();
}

double Model::pacingRate(Duration srtt) const {
  const double rate = bandwidth_.best();
  switch (mode_) {
    case Mode::Startup:
    case Mode::Compete:
      return cubic_.pacingRate(srtt);
    case Mode::Drain:
      return kStartupDrainGain * rate;
    case Mode::Cruise:
      return rate * (phase_ == 0 ? kProbeGain : phase_ == 1 ? kDrainGain : 1.0);
    case Mode::Measure:
      return rate;
  }
  return rate;
}

void Model::onAck(const AckEvent& e) {
  const bool newRound = updateRound(e);
  updateMinRtt(e);
  // A rate that the application bounded says nothing but "at least so much".
  if (e.rate > 0 && (!e.rateAppLimited || e.rate > bandwidth_.best()))
    bandwidth_.update(e.rate, round_);
  if (e.rtt > Duration::zero() && isQueueing(e.rtt)) roundQueued_ = true;
  cycleRtt_ = e.rtt > Duration::zero() ? std::min(cycleRtt_, e.rtt) : cycleRtt_;
  if (isCongestion(e)) onCongestion(e);
  if (mode_ == Mode::Startup || mode_ == Mode::Compete) {
    AckEvent own = e;
    own.inRecovery = e.priorDelivered < reactedAt_;
    cubic_.onAck(own);
  }
  advance(e, newRound);
}

bool Model::updateRound(const AckEvent& e) {
  roundAcked_ += e.acked;
  // What was sent before the last answer to congestion belongs to that.
  if (e.lostPriorDelivered >= reactedAt_) roundLost_ += e.lost;
  if (e.acked == 0 || e.priorDelivered < roundEnd_) return false;
  roundEnd_ = e.delivered;
  ++round_;
  quietRounds_ = roundQueued_ ? 0 : quietRounds_ + 1;
  queuedRounds_ = roundQueued_ ? queuedRounds_ + 1 : 0;
  if (quietRounds_ > 1) {
    quietAcked_ += static_cast<double>(roundAcked_);
    quietLost_ += static_cast<double>(roundLost_);
    // The last few thousand packets.
    if (quietAcked_ > 8'000.0 * static_cast<double>(packet_)) {
      quietAcked_ /= 2;
      quietLost_ /= 2;
    }
  } else if (queuedRounds_ >= kOwnLossRounds) {
    quietAcked_ = quietLost_ = 0;
  }
  roundAcked_ = roundLost_ = 0;
  roundQueued_ = false;
  return true;
}

void Model::updateMinRtt(const AckEvent& e) {
  if (e.rtt <= Duration::zero()) return;
  if (minRtt_ == Duration::zero() || e.rtt <= minRtt_ + minRtt_ / 32) {
    // As short as ever, within the path's own noise: no need to measure.
    minRtt_ = minRtt_ == Duration::zero() ? e.rtt : std::min(minRtt_, e.rtt);
    minRttAt_ = e.now;
  }
  if (mode_ == Mode::Measure) measured_ = std::min(measured_, e.rtt);
}

bool Model::isQueueing(Duration rtt) const {
  return rtt > minRtt_ + std::max(scaled(minRtt_, kQueueShare), kQueueFloor);
}

bool Model::isCongestion(const AckEvent& e) const {
  if (e.lost == 0 || e.lostPriorDelivered < reactedAt_) return false;
  const double lost = static_cast<double>(roundLost_) / static_cast<double>(packet_);
  const double all = static_cast<double>(std::max(roundAcked_ + roundLost_, cubic_.window() / 2)) /
                     static_cast<double>(packet_);
  if (lost > kGrossLoss * all && lost > 4) return true;
  if (!roundQueued_) return false;
  const double share = quietAcked_ + quietLost_ > 0 ? quietLost_ / (quietAcked_ + quietLost_) : 0;
  const double expected = std::min(share, kMostOwnLoss) * all;
  return lost > 2 * expected + (expected > 0.1 ? 3 : 0);
}

void Model::onCongestion(const AckEvent& e) {
  reactedAt_ = e.delivered;
  roundLost_ = 0;
  if (mode_ == Mode::Measure) return;
  if (mode_ == Mode::Cruise && phase_ < kProbeEchoPhases) {
    // Our own probe was more than a short queue holds: that is the ceiling. Probe less often.
    if (!probeFailed_) ++failedProbes_;
    probeFailed_ = true;
    if (phase_ == 0) {
      phase_ = 1;
      phaseAt_ = e.now;
    }
    return;
  }
  if (mode_ != Mode::Compete && mode_ != Mode::Startup) enterCompete(e.priorInFlight);
  cubic_.onLossEvent(e.now);
  mode_ = Mode::Compete;
}

void Model::onTimeout(Time now) {
  if (mode_ != Mode::Compete && mode_ != Mode::Startup) enterCompete(window());
  cubic_.onTimeout(now);
  mode_ = Mode::Startup;  // in slow start again, towards its threshold
}

void Model::onIdle(Duration idle, Duration rto) {
  cubic_.onIdle(idle, rto);
  phaseAt_ += idle;
  minRttAt_ += idle;
}

void Model::advance(const AckEvent& e, bool newRound) {
  switch (mode_) {
    case Mode::Startup:
      if (!cubic_.inSlowStart()) enterDrain();
      break;
    case Mode::Drain:
      if (static_cast<double>(e.inFlight) <= product()) enterCruise(e.now);
      break;
    case Mode::Cruise:
      advanceCycle(e);
      break;
    case Mode::Measure:
      if (e.now >= measureUntil_ && newRound) leaveMeasure(e);
      return;
    case Mode::Compete:
      if (quietRounds_ >= kQuietRounds) enterCruise(e.now);
      break;
  }
  const Duration life = mode_ == Mode::Compete ? kMinRttLifeCompeting : kMinRttLife;
  if (mode_ != Mode::Startup && mode_ != Mode::Drain && e.now - minRttAt_ > life)
    enterMeasure(e.now);
}

void Model::advanceCycle(const AckEvent& e) {
  const bool over = e.now - phaseAt_ > minRtt_;
  // Drained when nothing of ours can stand in a queue.
  const bool drained = phase_ == 1 && static_cast<double>(e.inFlight) <= product();
  if (!over && !drained) return;
  phaseAt_ = e.now;
  if (++phase_ < kPhases << std::min(failedProbes_, kMostProbeBackoff)) return;
  phase_ = 0;
  if (!probeFailed_) failedProbes_ = 0;
  probeFailed_ = false;
  const Duration limit = minRtt_ + std::max(scaled(minRtt_, kStandingShare), kStandingFloor);
  standing_ = cycleRtt_ != Duration::max() && cycleRtt_ > limit ? standing_ + 1 : 0;
  cycleRtt_ = Duration::max();
  if (standing_ >= kStandingCycles) enterCompete(std::max(e.priorInFlight, packet_));
}

void Model::enterDrain() {
  mode_ = Mode::Drain;
}

void Model::enterCruise(Time now) {
  mode_ = Mode::Cruise;
  probeFailed_ = false;
  phase_ = kProbeEchoPhases;
  phaseAt_ = now;
  cycleRtt_ = Duration::max();
  standing_ = 0;
}

void Model::enterCompete(std::size_t window) {
  mode_ = Mode::Compete;
  quietRounds_ = 0;
  cubic_.resume(window);
}

void Model::enterMeasure(Time now) {
  before_ = mode_;
  measureWindow_ = mode_ == Mode::Compete ? cubic_.window() : 0;
  mode_ = Mode::Measure;
  measureUntil_ = now + kMeasureTime;
  measured_ = Duration::max();
}

void Model::leaveMeasure(const AckEvent& e) {
  if (measured_ != Duration::max()) {
    const bool empty = !isQueueing(measured_);
    if (before_ == Mode::Compete && !empty) {
      // Others keep the queue filled: the path's length cannot be seen, and has hardly changed.
      minRttAt_ = e.now;
      mode_ = Mode::Compete;
      return;
    }
    minRtt_ = measured_;
  }
  minRttAt_ = e.now;
  enterCruise(e.now);
}

}  // namespace parley::sctp::tx
