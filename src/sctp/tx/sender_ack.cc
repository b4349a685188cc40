// What SACKs and timers do: measurement, loss detection, recovery.
#include <algorithm>
#include <utility>

#include "sctp/tx/sender.h"

namespace parley::sctp::tx {

SackVerdict Sender::handleSack(const SackView& sack, Time now) {
  ++counters_.sacksReceived;
  return apply(sack.cumulativeTsn(), &sack, now);
}

SackVerdict Sender::handleCumulative(Tsn tsn, Time now) {
  return apply(tsn, nullptr, now);
}

SackVerdict Sender::apply(Tsn cumulative, const SackView* sack, Time now) {
  if (!started_) return SackVerdict::Violation;
  if (cumulative < outstanding_.ackPoint()) return SackVerdict::Stale;
  if (cumulative >= outstanding_.nextTsn()) return SackVerdict::Violation;
  const bool moved = cumulative != outstanding_.ackPoint();
  const std::size_t prior = outstanding_.inFlight();
  Outstanding::AckRun run;
  outstanding_.ackCumulative(cumulative, run);
  if (sack != nullptr) outstanding_.ackGaps(*sack, run);
  const bool progress = moved || run.chunks != 0;

  AckEvent e;
  e.priorInFlight = prior;
  e.acked = run.bytes;
  e.windowLimited = windowUsed_ || (controller_.inSlowStart() && prior * 2 >= controller_.window());
  delivered_ += run.bytes;
  if (run.bytes != 0) deliveredAt_ = now;
  e.rtt = measureRtt(run, now);
  e.rate = sampleRate(run, now);
  e.rateAppLimited = run.appLimited;
  e.priorDelivered = run.delivered;
  // Where SACKs may have been cut, what is told late may have come before the timeout.
  if (run.rtoSpurious && timeoutDoubts_ > 0 && gapCount_ < kCutSackGaps) {
    ++counters_.spuriousTimeouts;
    outstanding_.restoreFlight();
    rack_.restore(rackBeforeTimeout_, outstanding_.lastOrder());
    controller_.undo();
    inRecovery_ = false;
    timeoutDoubts_ = 0;
  }
  if (progress) {
    if (timeoutDoubts_ > 0) --timeoutDoubts_;
    consecutiveTimeouts_ = 0;
    afterTimeout_ = false;
    probed_ = false;
    rto_.progress();
  }
  if (sack != nullptr) {
    if (sack->duplicateCount() != 0) noteDuplicates(*sack);
    gapCount_ = sack->gapCount();
    // Something arrived; when the SACK does not say what, it has no room for it. One packet of what
    // is known to be lost may follow all the same (section 7.2.4 rule 3), else a window full of
    // holes would stand still.
    if (run.bytes == 0 && outstanding_.hasLost()) lostCredit_ = true;
  }
  rack_.onAcked(run, minRtt_, now);
  updateRecovery(run);
  detectLosses(now);
  e.lost = std::exchange(lostUnreported_, 0);
  e.lostPriorDelivered = lostPriorDelivered_;
  if (sack != nullptr) updatePeerWindow(*sack, progress);
  e.now = now;
  e.inFlight = outstanding_.inFlight();
  e.delivered = delivered_;
  e.srtt = rto_.srtt();
  e.minRtt = minRtt_;
  e.inRecovery = inRecovery_;
  controller_.onAck(e);
  updatePacing();
  if (isForwardPending()) forwardDue_ = true;
  armTimers(progress, now);
  return progress ? SackVerdict::Progress : SackVerdict::Duplicate;
}

void Sender::updatePeerWindow(const SackView& sack, bool progress) {
  const std::size_t window = sack.advertisedWindow();
  peerWindow_ = window > outstanding_.inFlight() ? window - outstanding_.inFlight() : 0;
  if (!windowProbe_) return;
  // The peer lives; it has just no room. A probe that it dropped goes again when it has.
  consecutiveTimeouts_ = 0;
  if (progress || window >= packetSize_) windowProbe_ = false;
  if (progress || windowProbe_) return;
  while (outstanding_.hasInFlight())
    outstanding_.markLost(outstanding_.oldest());
}

Duration Sender::measureRtt(const Outstanding::AckRun& run, Time now) {
  // Only by the latest that was sent: one that came long ago may be told of late, when the holes
  // before it are filled, because a SACK has no room for all gap blocks (some peers: for twenty).
  if (!run.anyClean || run.retransmitted || !rack_.isLatest(run)) return Duration::zero();
  const Duration rtt = std::max<Duration>(now - run.cleanSentAt, 1us);
  rto_.sample(rtt);
  if (minRtt_ == Duration::zero() || rtt <= minRtt_ || now - minRttAt_ > kMinRttWindow) {
    minRtt_ = rtt;
    minRttAt_ = now;
  }
  return rtt;
}

double Sender::sampleRate(const Outstanding::AckRun& run, Time now) {
  if (!run.any) return 0;
  firstSentAt_ = run.sentAt;
  const Duration interval = std::max(run.sentAt - run.firstSentAt, now - run.deliveredAt);
  if (interval < minRtt_ || interval <= Duration::zero()) return 0;
  return static_cast<double>(delivered_ - run.delivered) /
         std::chrono::duration<double>(interval).count();
}

void Sender::detectLosses(Time now) {
  bool event = false;
  reorderAt_ =
      rack_.detect(outstanding_, inRecovery_, isSackCut(), minRtt_, rto_.srtt(), now, [&](Tsn tsn) {
        const Chunk& c = outstanding_.at(tsn);
        lostUnreported_ += outstanding_.onWire(c);
        lostPriorDelivered_ = std::max(lostPriorDelivered_, c.delivered);
        ++counters_.chunksLost;
        // Losses of one window are one event: those sent before recovery began belong to it.
        if (!inRecovery_ || static_cast<std::int32_t>(c.order - recoveryOrder_) > 0) event = true;
        outstanding_.markLost(tsn);
        if (isExhausted(pool_[c.message], c, now)) abandon(c.message);
      });
  if (event) onLossEvent(now);
}

void Sender::onLossEvent(Time now) {
  ++counters_.lossEvents;
  inRecovery_ = true;
  recoveryOrder_ = outstanding_.lastOrder();
  controller_.onLossEvent(now);
}

void Sender::updateRecovery(const Outstanding::AckRun& run) {
  if (!inRecovery_ || !run.any) return;
  if (static_cast<std::int32_t>(run.order - recoveryOrder_) <= 0) return;
  inRecovery_ = false;
  rack_.onRecoveryExit();
}

void Sender::noteDuplicates(const SackView&) {
  // Without a retransmission it was the network that doubled a packet.
  if (counters_.chunksRetransmitted == 0) return;
  const bool newRound = delivered_ >= duplicateRound_;
  if (newRound) duplicateRound_ = delivered_ + outstanding_.inFlight() + 1;
  rack_.onDuplicates(newRound);
}

void Sender::updatePacing() {
  double rate = controller_.pacingRate(rto_.srtt());
  if (outerRate_) {
    const auto outer = static_cast<double>(outerRate_->bytesPerSecond());
    rate = rate > 0 ? std::min(rate, outer) : outer;
  }
  pacer_.setRate(rate);
}

void Sender::onTimeoutExpired(Time now) {
  rtoAt_ = probeAt_ = reorderAt_ = kNever;
  probeDue_ = probed_ = false;
  if (outstanding_.empty()) return;
  ++counters_.timeouts;
  ++consecutiveTimeouts_;
  rto_.backOff();
  rtoAt_ = now + rto_.rto();
  // A closed window is no congestion, and timeouts in a row are one event.
  if (!windowProbe_ && !afterTimeout_) controller_.onTimeout(now);
  if (!afterTimeout_) rackBeforeTimeout_ = rack_;
  afterTimeout_ = true;
  timeoutDoubts_ = 2;
  inRecovery_ = true;
  recoveryOrder_ = outstanding_.lastOrder();
  outstanding_.loseAll();
  pacer_.reset();
  updatePacing();
  if (isForwardPending()) forwardDue_ = true;
}

Duration Sender::probeTimeout() const {
  if (!rto_.hasSample()) return rto_.rto();
  Duration timeout = std::max(2 * rto_.srtt(), kMinProbeTimeout);
  if (outstanding_.inFlight() <= packetSize_) timeout += kSackDelay;
  return std::min(timeout, rto_.rto());
}

void Sender::armTimers(bool progress, Time now) {
  if (outstanding_.empty()) {
    rtoAt_ = probeAt_ = reorderAt_ = kNever;
    return;
  }
  if (!progress) return;
  rtoAt_ = now + rto_.rto();
  probeAt_ = outstanding_.hasInFlight() && !inRecovery_ ? now + probeTimeout() : kNever;
}

}  // namespace parley::sctp::tx
