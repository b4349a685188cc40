#include "sctp/tx/rack.h"

namespace parley::sctp::tx {

void Rack::onAcked(const Outstanding::AckRun& run, Duration minRtt, Time now) {
  if (run.reordered) reorderingSeen_ = true;
  if (!run.any) return;
  const Duration rtt = now - run.sentAt;
  if (run.retransmitted && rtt < minRtt) return;
  if (run.retransmitted && doubtful_ && static_cast<std::int32_t>(run.order - doubtfulOrder_) <= 0)
    return;
  if (valid_ && static_cast<std::int32_t>(run.order - order_) <= 0) return;
  valid_ = true;
  order_ = run.order;
  sentAt_ = run.sentAt;
  rtt_ = rtt;
}

void Rack::onDuplicates(bool newRound) {
  // Once a round trip: one mistake shows many duplicates.
  if (newRound) factor_ = std::min(factor_ + 1, kMaxWindowFactor);
  reorderingSeen_ = true;
  persist_ = kRecoveriesToForget;
}

void Rack::onRecoveryExit() {
  if (persist_ > 0 && --persist_ == 0) factor_ = 1;
}

}  // namespace parley::sctp::tx
