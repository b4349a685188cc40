// When to look at which of many: a set of (time, key), one entry a key. The owner of a key keeps
// what was scheduled for it; so a deadline that only moves later needs no work here: it fires once
// too early, finds nothing due and is set anew.
#pragma once

#include <optional>
#include <set>
#include <utility>

#include "base/time.h"

namespace parley::signal {

template <class Key>
class Deadlines {
 public:
  // Moves the entry of `key` from `scheduled` (kNever: none) to `at` (kNever: none).
  void set(const Key& key, Time& scheduled, Time at) {
    if (scheduled == at) return;
    if (scheduled != kNever) entries_.erase({scheduled, key});
    if (at != kNever) entries_.insert({at, key});
    scheduled = at;
  }
  Time next() const { return entries_.empty() ? kNever : entries_.begin()->first; }
  // The first key that is due; its entry stays until set().
  std::optional<Key> due(Time now) const {
    if (entries_.empty() || entries_.begin()->first > now) return std::nullopt;
    return entries_.begin()->second;
  }
  std::size_t size() const { return entries_.size(); }

 private:
  std::set<std::pair<Time, Key>> entries_;
};

}  // namespace parley::signal
