// When each engine wants to be called: one deadline a key, set, moved and cancelled in O(1), for
// any number of keys. Hierarchical: four levels of 64 slots, one millisecond a slot on the first,
// so that 4.6 hours lie ahead; what is further waits in one list and is sorted in when its turn
// comes near.
//
// A key is due at the first tick at or after its deadline: never early, at most one tick late.
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.h"

namespace parley::driver {

class TimerWheel {
 public:
  using Key = std::uint32_t;  // small and dense: the owner's slot numbers
  static constexpr Duration kTick = 1ms;

  explicit TimerWheel(Time start);

  // kNever cancels. A deadline in the past is due at the next tick.
  void set(Key key, Time deadline);
  void cancel(Key key) { set(key, kNever); }

  // When to call expire() next: never later than the earliest key is due, kNever without keys. It
  // may be earlier, when keys must be moved to a finer level.
  Time next() const;

  // Takes the due keys out of the wheel and calls onDue(key) for each; onDue may call set(), and
  // what it sets is not due before the next expire().
  template <class F>
  void expire(Time now, F&& onDue) {
    collect(now);
    // By index: onDue may set and cancel.
    for (std::size_t i = 0; i < due_.size(); ++i) {
      const Key key = due_[i];
      if (nodes_[key].list != kDueList) continue;  // cancelled or moved since
      nodes_[key].list = kNoList;
      --size_;
      onDue(key);
    }
    due_.clear();
  }

  std::size_t size() const { return size_; }

 private:
  static constexpr unsigned kLevels = 4;
  static constexpr unsigned kBits = 6;
  static constexpr unsigned kSlots = 1u << kBits;
  static constexpr std::uint16_t kFarList = kLevels * kSlots;  // beyond the last level
  static constexpr std::uint32_t kNone = UINT32_MAX;
  static constexpr std::uint16_t kNoList = UINT16_MAX;
  static constexpr std::uint16_t kDueList = UINT16_MAX - 1;

  struct Node {
    std::uint64_t tick = 0;
    Key next = kNone;
    Key previous = kNone;
    std::uint16_t list = kNoList;  // level * kSlots + slot
  };

  // The next tick at which a slot must be emptied, and which; UINT64_MAX without keys.
  struct Stop {
    std::uint64_t tick;
    std::uint16_t list;
  };
  Stop nextStop() const;
  std::uint64_t tickAtOrAfter(Time t) const;
  void link(Key key);
  void unlink(Key key);
  void collect(Time now);
  void emptyList(std::uint16_t list);

  Time start_;
  std::uint64_t current_ = 0;  // the tick up to which (inclusive) keys were taken out
  std::array<Key, kLevels * kSlots + 1> heads_;
  std::array<std::uint64_t, kLevels> used_{};  // a bit a slot
  std::vector<Node> nodes_;
  std::vector<Key> due_;
  std::size_t size_ = 0;
};

}  // namespace parley::driver
