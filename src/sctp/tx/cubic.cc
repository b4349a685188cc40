#include "sctp/tx/cubic.h"

#include <algorithm>
#include <cmath>

namespace parley::sctp::tx {

namespace {
double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}
}  // namespace

Cubic::Cubic(std::size_t packet) : packet_(packet), window_(kInitialPackets * packet) {}

double Cubic::pacingRate(Duration srtt) const {
  if (srtt <= Duration::zero()) return 0;
  const double gain = inSlowStart() ? kSlowStartGain : kAvoidanceGain;
  return gain * static_cast<double>(window_) / seconds(srtt);
}

void Cubic::onAck(const AckEvent& e) {
  if (e.acked == 0) return;
  if (inSlowStart()) {
    if (e.priorDelivered >= roundEnd_) {
      roundEnd_ = e.delivered;
      if (hystart_.onRoundStart()) threshold_ = window_;
    }
    if (e.rtt > Duration::zero()) hystart_.onSample(e.rtt, e.rate);
  }
  if (e.inRecovery || !e.windowLimited) return;
  if (inSlowStart()) {
    if (hystart_.mayGrow()) window_ = std::min(window_ + e.acked, threshold_);
    return;
  }
  grow(e);
}

void Cubic::startEpoch(Time now, Duration) {
  epoch_ = true;
  epochStart_ = now;
  const double window = static_cast<double>(window_) / static_cast<double>(packet_);
  estimate_ = window;
  if (window < peak_) {
    k_ = std::cbrt((peak_ - window) / kC);  // section 4.2, figure 2
    origin_ = peak_;
  } else {
    k_ = 0;
    origin_ = window;
    if (prior_ == 0) prior_ = window;
  }
  credit_ = 0;
}

void Cubic::grow(const AckEvent& e) {
  if (!epoch_) startEpoch(e.now, e.srtt);
  // While the application left the window unused, time stood still (section 5.8).
  else if (e.now - lastGrowth_ > e.srtt + 100ms)
    epochStart_ += e.now - lastGrowth_ - e.srtt;
  lastGrowth_ = e.now;
  const double packet = static_cast<double>(packet_);
  const double window = static_cast<double>(window_) / packet;
  const double acked = static_cast<double>(e.acked) / packet;
  // Section 4.3: Reno's pace with our decrease, and Reno's own once the old peak is reached.
  const double alpha = estimate_ >= prior_ ? 1.0 : 3.0 * (1.0 - kBeta) / (1.0 + kBeta);
  estimate_ += alpha * acked / window;
  const double t = seconds(e.now - epochStart_);
  const double now = origin_ + kC * std::pow(t - k_, 3);
  const double ahead = origin_ + kC * std::pow(t + seconds(e.srtt) - k_, 3);
  double target = std::clamp(ahead, window, 1.5 * window);
  double growth = (target - window) / window * acked;  // sections 4.4 and 4.5
  if (now < estimate_) growth = std::max(growth, estimate_ - window);
  credit_ += growth * packet;
  const auto whole = static_cast<std::size_t>(std::max(credit_, 0.0));
  credit_ -= static_cast<double>(whole);
  window_ += whole;
}

void Cubic::reduce() {
  saved_ = {window_, threshold_, peak_, true};
  const double window = static_cast<double>(window_) / static_cast<double>(packet_);
  // Fast convergence (section 4.7): who shrank below the last peak leaves room for a newcomer.
  peak_ = window < peak_ ? window * (1.0 + kBeta) / 2.0 : window;
  prior_ = window;
  threshold_ = std::max(static_cast<std::size_t>(static_cast<double>(window_) * kBeta),
                        kMinPackets * packet_);
  epoch_ = false;
  hystart_.reset();
}

void Cubic::onLossEvent(Time) {
  reduce();
  window_ = threshold_;
}

void Cubic::onTimeout(Time) {
  reduce();
  window_ = packet_;  // RFC 9260 section 7.2.3
}

void Cubic::undo() {
  if (!saved_.valid) return;
  window_ = std::max(window_, saved_.window);
  threshold_ = saved_.threshold;
  peak_ = saved_.peak;
  epoch_ = false;
  saved_.valid = false;
}

void Cubic::resume(std::size_t window) {
  window_ = std::max(window, kMinPackets * packet_);
  threshold_ = window_;
  peak_ = prior_ = 0;
  epoch_ = false;
  saved_.valid = false;
}

void Cubic::onIdle(Duration idle, Duration rto) {
  const std::size_t least = std::min(window_, kInitialPackets * packet_);
  threshold_ = threshold_ == SIZE_MAX ? SIZE_MAX : std::max(threshold_, window_ / 4 * 3);
  for (; idle > rto && window_ > least; idle -= rto)
    window_ = std::max(window_ / 2, least);
  epoch_ = false;
}

}  // namespace parley::sctp::tx
