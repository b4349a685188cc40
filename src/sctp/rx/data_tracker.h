// Which TSNs have come: the cumulative one, the runs behind the gaps after it, and those that came
// twice since the last SACK (RFC 9260 sections 6.2, 6.6).
//
// It does not know what the chunks held. A TSN further than a gap block can say (65,535 beyond the
// cumulative one), or one that would open a run more than kMaxRuns, is refused: not acknowledged,
// so that the peer sends it again.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sctp/wire/sack.h"
#include "sctp/wire/types.h"

namespace parley::sctp::rx {

class DataTracker {
 public:
  static constexpr std::uint32_t kMaxOffset = 65'535;
  static constexpr std::size_t kMaxRuns = 4096;
  static constexpr std::size_t kMaxDuplicates = 16;  // reported in a SACK; more are only counted

  enum class Verdict : std::uint8_t { New, Duplicate, Refused };

  explicit DataTracker(Tsn peersInitial) : cumulative_(peersInitial.previous()) {}

  // What observing this TSN would bring; observe() it only when New.
  Verdict judge(Tsn tsn) const {
    const std::uint32_t offset = tsn - cumulative_;
    if (offset == 1) return Verdict::New;
    if (offset == 0 || offset > UINT32_MAX / 2) return Verdict::Duplicate;
    return judgeBeyond(tsn, offset);
  }
  void observe(Tsn tsn) {
    if (tsn == cumulative_.next() && !hasGap())
      cumulative_ = tsn;
    else
      insert(tsn);
  }
  void noteDuplicate(Tsn tsn);

  // FORWARD TSN (RFC 3758 section 3.6): everything up to here counts as received. False when it is
  // not ahead.
  bool forwardTo(Tsn newCumulative);

  Tsn cumulative() const { return cumulative_; }
  bool hasGap() const { return first_ != runs_.size(); }
  // The highest TSN seen.
  Tsn highest() const { return hasGap() ? runs_.back().last : cumulative_; }
  std::size_t runCount() const { return runs_.size() - first_; }
  // The lowest runs as gap blocks, as many as fit; their number.
  std::size_t gaps(std::span<GapBlock> out) const;
  std::span<const Tsn> duplicates() const {
    return std::span<const Tsn>(duplicates_).first(duplicateCount_);
  }
  void clearDuplicates() { duplicateCount_ = 0; }
  std::uint64_t duplicatesSeen() const { return duplicatesSeen_; }
  void trim();

 private:
  struct Run {
    Tsn first;
    Tsn last;
  };

  Verdict judgeBeyond(Tsn tsn, std::uint32_t offset) const;
  std::size_t find(Tsn tsn) const;
  void insert(Tsn tsn);
  void swallow();

  Tsn cumulative_;
  std::vector<Run> runs_;  // ascending, apart from each other; those before first_ are done with
  std::size_t first_ = 0;
  std::array<Tsn, kMaxDuplicates> duplicates_{};
  std::size_t duplicateCount_ = 0;
  std::uint64_t duplicatesSeen_ = 0;
};

}  // namespace parley::sctp::rx
