#include "sctp/rx/data_tracker.h"

#include <algorithm>

#include "sctp/free_memory.h"

namespace parley::sctp::rx {

// The first run that does not end before tsn; runs_.size() when all do.
std::size_t DataTracker::find(Tsn tsn) const {
  if (!hasGap() || runs_.back().last < tsn) return runs_.size();
  // Order by the offset: it grows along the runs though TSNs wrap.
  const std::uint32_t offset = tsn - cumulative_;
  const auto at =
      std::lower_bound(runs_.begin() + static_cast<std::ptrdiff_t>(first_), runs_.end(), offset,
                       [this](const Run& r, std::uint32_t o) { return r.last - cumulative_ < o; });
  return static_cast<std::size_t>(at - runs_.begin());
}

DataTracker::Verdict DataTracker::judgeBeyond(Tsn tsn, std::uint32_t offset) const {
  if (offset > kMaxOffset) return Verdict::Refused;
  const std::size_t at = find(tsn);
  if (at != runs_.size() && runs_[at].first <= tsn) return Verdict::Duplicate;
  if (runCount() < kMaxRuns) return Verdict::New;
  // Full: only what lengthens a run.
  const bool joins = (at != runs_.size() && runs_[at].first == tsn.next()) ||
                     (at != first_ && runs_[at - 1].last.next() == tsn);
  return joins ? Verdict::New : Verdict::Refused;
}

void DataTracker::insert(Tsn tsn) {
  if (tsn == cumulative_.next()) {
    cumulative_ = tsn;
    swallow();
    return;
  }
  const std::size_t at = find(tsn);
  const bool joinsLower = at != first_ && runs_[at - 1].last.next() == tsn;
  const bool joinsUpper = at != runs_.size() && runs_[at].first == tsn.next();
  if (joinsLower && joinsUpper) {
    runs_[at - 1].last = runs_[at].last;
    runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(at));
  } else if (joinsLower) {
    runs_[at - 1].last = tsn;
  } else if (joinsUpper) {
    runs_[at].first = tsn;
  } else {
    runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(at), Run{tsn, tsn});
  }
}

// Runs that the cumulative TSN has reached are a part of it.
void DataTracker::swallow() {
  while (hasGap() && runs_[first_].first <= cumulative_.next()) {
    if (runs_[first_].last > cumulative_) cumulative_ = runs_[first_].last;
    ++first_;
  }
  // Forgotten in bulk, so that each costs O(1).
  if (first_ == runs_.size() || first_ >= kMaxRuns / 4) {
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void DataTracker::noteDuplicate(Tsn tsn) {
  ++duplicatesSeen_;
  if (duplicateCount_ < duplicates_.size()) duplicates_[duplicateCount_++] = tsn;
}

bool DataTracker::forwardTo(Tsn newCumulative) {
  if (newCumulative <= cumulative_) return false;
  // Runs that end at or before it would be mistaken for ones far ahead once it has moved.
  while (hasGap() && runs_[first_].last - cumulative_ <= newCumulative - cumulative_)
    ++first_;
  cumulative_ = newCumulative;
  swallow();
  return true;
}

std::size_t DataTracker::gaps(std::span<GapBlock> out) const {
  const std::size_t n = std::min(out.size(), runCount());
  for (std::size_t i = 0; i < n; ++i) {
    const Run& r = runs_[first_ + i];
    out[i] = {static_cast<std::uint16_t>(r.first - cumulative_),
              static_cast<std::uint16_t>(r.last - cumulative_)};
  }
  return n;
}

void DataTracker::trim() {
  if (!hasGap()) {
    freeMemory(runs_);
    first_ = 0;
  }
}

}  // namespace parley::sctp::rx
