// Packetization-layer path MTU discovery (RFC 8899) for SCTP: which size to probe next, and what
// the answers mean. Sizes are of whole SCTP packets. The probe itself (a HEARTBEAT with a PAD
// chunk, section 6.2) is written by the association; nothing but probes is ever larger than size(),
// so a lost probe costs no data.
//
// The largest size is tried first: on most paths it fits. Then the gap is halved until it is less
// than kGranularity. A size is given up after kMaxProbes; the search begins anew after kRaiseAfter.
// Off when the largest size is not above the base.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/time.h"

namespace parley::sctp::tx {

class MtuSearch {
 public:
  static constexpr int kMaxProbes = 3;           // section 5.1.2: MAX_PROBES
  static constexpr Duration kRaiseAfter = 600s;  // PMTU_RAISE_TIMER
  static constexpr std::size_t kGranularity = 16;

  MtuSearch(std::size_t base, std::size_t most) : base_(base), most_(most), size_(base) {}

  // The path stands: search from now on.
  void start(Time now);
  // Another path, or none of our larger packets comes through (section 4.3): back to the base.
  void restart(Time now);

  // No larger than this, whatever was asked for.
  void limit(std::size_t most, Time now);
  // What packets may have now.
  std::size_t size() const { return size_; }
  // The size to probe now, if it is time.
  std::optional<std::size_t> due(Time now) const;
  // A probe of due()'s size has left; it is lost when `patience` has passed.
  void onProbeSent(Duration patience, Time now);
  // The peer has answered a probe of this size; true when size() has grown.
  bool onProbeAcked(std::size_t probe, Time now);

  Time nextTimeout() const { return at_; }
  void handleTimeout(Time now);

 private:
  void choose(Time now);

  std::size_t base_;
  std::size_t most_;
  std::size_t size_;           // known to pass
  std::size_t tooLarge_ = 0;   // known not to; 0: nothing known
  std::size_t candidate_ = 0;  // 0: not searching
  int probes_ = 0;             // of the candidate
  bool waiting_ = false;       // a probe is out
  Time at_ = kNever;           // a probe is due, has been lost, or the search begins anew
};

}  // namespace parley::sctp::tx
