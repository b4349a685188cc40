// The other side's candidates: signalled, hidden behind a name that is not resolved yet, or learnt
// from its checks (peer-reflexive, RFC 8445 section 7.3.1.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ice/events.h"
#include "ice/pair.h"

namespace parley::ice {

struct RemoteEntry {
  CandidateId id;
  Candidate candidate;
  bool signalled = false;
  bool pending = false;  // its name is not resolved
};

class RemoteSide {
 public:
  static constexpr std::size_t kMaxSignalled = 64;
  static constexpr std::size_t kMaxPeerReflexive = 32;
  static constexpr std::size_t kMaxEntries = kMaxSignalled + kMaxPeerReflexive;
  static constexpr std::size_t kMaxNames = 16;

  struct Added {
    RemoteIndex index = 0;
    bool isNew = true;     // else one that was known under this address has changed
    bool resolve = false;  // its name is the first of its kind: ask for it
  };
  // A signalled candidate; one that was learnt before at its address becomes what it says.
  Result<Added> add(const Candidate& candidate);
  // Null: no room. `spare` is one learnt before that nobody uses any more; it is taken when full.
  std::optional<RemoteIndex> addPeerReflexive(const Address& address, std::uint32_t priority,
                                              std::string_view ufrag,
                                              std::optional<RemoteIndex> spare);
  bool isFullOfPeerReflexive() const {
    return count(false) >= kMaxPeerReflexive || entries_.size() >= kMaxEntries;
  }
  // What `name` hides is there now; ready for pairing.
  std::vector<Added> resolve(std::string_view name, const IpAddress& address);
  void fail(std::string_view name);

  std::optional<RemoteIndex> find(const Address& address) const;
  const RemoteEntry& operator[](RemoteIndex index) const { return entries_[index]; }
  const std::vector<RemoteEntry>& entries() const { return entries_; }
  bool hasPending() const;
  // Other credentials are known now: what was learnt or given for another ufrag is to go. Indexes
  // stay; those entries pair with nobody any more.
  void dropOthers(std::string_view ufrag);
  static bool isDropped(const RemoteEntry& e) { return e.candidate.address.port() == 0; }
  void clear() { entries_.clear(); }

 private:
  Added merge(RemoteIndex index, const Candidate& candidate);
  std::size_t count(bool signalled) const;

  std::vector<RemoteEntry> entries_;
  std::uint32_t lastId_ = 0;
};

}  // namespace parley::ice
