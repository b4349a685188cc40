#include "sctp/tx/mtu_search.h"

namespace parley::sctp::tx {

void MtuSearch::start(Time now) {
  if (most_ <= base_) return;
  tooLarge_ = 0;
  choose(now);
}

void MtuSearch::limit(std::size_t most, Time now) {
  if (most >= most_) return;
  most_ = std::max(most & ~std::size_t{3}, size_);
  tooLarge_ = 0;
  choose(now);
}

void MtuSearch::restart(Time now) {
  size_ = base_;
  candidate_ = 0;
  waiting_ = false;
  // Not at once: whatever was wrong with the path may still be.
  tooLarge_ = 0;
  at_ = most_ > base_ ? now + kRaiseAfter : kNever;
}

void MtuSearch::choose(Time now) {
  probes_ = 0;
  waiting_ = false;
  if (tooLarge_ == 0)
    candidate_ = most_;
  else
    candidate_ =
        tooLarge_ - size_ > kGranularity ? (size_ + (tooLarge_ - size_) / 2) & ~std::size_t{3} : 0;
  if (candidate_ <= size_) candidate_ = 0;
  at_ = candidate_ != 0 ? now : size_ < most_ ? now + kRaiseAfter : kNever;
}

std::optional<std::size_t> MtuSearch::due(Time now) const {
  if (candidate_ == 0 || waiting_ || at_ > now) return std::nullopt;
  return candidate_;
}

void MtuSearch::onProbeSent(Duration patience, Time now) {
  ++probes_;
  waiting_ = true;
  at_ = now + patience;
}

bool MtuSearch::onProbeAcked(std::size_t probe, Time now) {
  // A late answer counts, too: the size has passed.
  if (probe <= size_ || probe > most_ || candidate_ == 0) return false;
  size_ = probe;
  if (tooLarge_ <= size_) tooLarge_ = 0;
  if (size_ == most_) {
    candidate_ = 0;
    waiting_ = false;
    at_ = kNever;
  } else {
    choose(now);
  }
  return true;
}

void MtuSearch::handleTimeout(Time now) {
  if (at_ > now) return;
  if (candidate_ == 0) {
    start(now);
    return;
  }
  if (!waiting_) return;
  waiting_ = false;
  at_ = now;
  if (probes_ < kMaxProbes) return;
  tooLarge_ = candidate_;
  choose(now);
}

}  // namespace parley::sctp::tx
