// RACK: loss detection by time (RFC 8985 section 6, adapted to SCTP's TSNs and SACKs).
//
// A fragment is lost when one sent later has arrived and a reordering window has passed since. The
// window is zero until reordering has been seen while there is little doubt (three arrivals behind
// it, or recovery under way), else a quarter of the shortest round trip, times a factor that grows
// when duplicates show that we sent again in vain. Order of sending is exact: a count, not a clock,
// so that packets of one train are told apart.
#pragma once

#include <algorithm>

#include "sctp/tx/outstanding.h"

namespace parley::sctp::tx {

class Rack {
 public:
  static constexpr std::size_t kDuplicateThreshold = 3;  // RFC 8985's DupThresh
  static constexpr int kMaxWindowFactor = 32;
  static constexpr int kRecoveriesToForget = 16;

  // What a SACK brought. `minRtt` is the shortest round trip known; a fragment sent twice and
  // acknowledged sooner than that after its second sending says nothing (section 6.2 step 2).
  void onAcked(const Outstanding::AckRun& run, Duration minRtt, Time now);
  // A timeout was a mistake: it is as if `before` had not been touched since, and what was sent
  // again up to now says nothing when it is acknowledged, for it may be the first copy that is.
  void restore(const Rack& before, std::uint32_t lastOrder) {
    *this = before;
    doubtfulOrder_ = lastOrder;
    doubtful_ = true;
  }
  // The peer got something twice: we were too quick.
  void onDuplicates(bool newRound);
  void onRecoveryExit();

  // Calls lost(tsn) for each fragment given up, which must take it out of flight. Returns when
  // the next one may have to be, kNever if there is none. With `cut` the SACK may have had no room
  // for what came beyond the highest that it names: nothing there is given up.
  template <class Lost>
  Time detect(Outstanding& outstanding, bool inRecovery, bool cut, Duration minRtt, Duration srtt,
              Time now, Lost&& lost) const {
    if (!valid_) return kNever;
    const bool sure = inRecovery || outstanding.gapAcked() >= kDuplicateThreshold;
    const Duration window =
        sure && !reorderingSeen_ ? Duration::zero() : std::min(minRtt / 4 * factor_, srtt);
    while (outstanding.hasInFlight()) {
      const Tsn tsn = outstanding.oldest();
      const Outstanding::Chunk& c = outstanding.at(tsn);
      if (static_cast<std::int32_t>(order_ - c.order) <= 0) return kNever;
      const Time deadline = c.sentAt + rtt_ + window;
      if (deadline > now) return deadline;
      if (cut && tsn > outstanding.highestAcked()) return kNever;
      lost(tsn);
    }
    return kNever;
  }

  // Whether it was sent after all that is known to have arrived before.
  bool isLatest(const Outstanding::AckRun& run) const {
    return run.any && (!valid_ || static_cast<std::int32_t>(run.order - order_) > 0);
  }
  bool reorderingSeen() const { return reorderingSeen_; }

 private:
  bool valid_ = false;
  bool reorderingSeen_ = false;
  std::uint32_t order_ = 0;  // of the latest sent fragment that arrived
  Time sentAt_{};
  Duration rtt_{};
  bool doubtful_ = false;
  std::uint32_t doubtfulOrder_ = 0;
  int factor_ = 1;
  int persist_ = 0;
};

}  // namespace parley::sctp::tx
