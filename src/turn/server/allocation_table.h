// All allocations of a shard: found by client path, by relay link and by id in constant time, and
// by the next deadline. Bounded by `capacity`; a full table makes none. Pointers stay good until
// the allocation is removed.
#pragma once

#include <memory>
#include <vector>

#include "turn/server/allocation.h"
#include "turn/server/deadline_heap.h"
#include "turn/server/flat_index.h"
#include "turn/server/keyed_hash.h"

namespace parley::turn {

class AllocationTable {
 public:
  AllocationTable(std::size_t capacity, const KeyedHash& hash) : capacity_(capacity), hash_(hash) {}

  bool full() const { return count_ >= capacity_; }
  std::size_t size() const { return count_; }

  // The table must not be full and the path not be taken.
  Allocation& add(const Path& client);
  void remove(Allocation& allocation);

  Allocation* byClient(const Path& client) const;
  Allocation* byRelay(LinkId link) const;
  Allocation* byId(AllocationId id) const;

  void addRelay(LinkId link, const Allocation& allocation);
  void removeRelay(LinkId link, const Allocation& allocation);

  void setDeadline(const Allocation& allocation, Time at) {
    deadlines_.set(slotOf(allocation), at);
  }
  Time nextDeadline() const { return deadlines_.next(); }
  // The allocation whose deadline is next; there must be one.
  Allocation& nextDue() const { return *slots_[deadlines_.nextSlot()]; }

  template <class Each>
  void forEach(Each each) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i] != nullptr) each(*slots_[i]);  // which may remove it
    }
  }

 private:
  static constexpr unsigned kSlotBits = 24;  // an id is a serial number above the slot
  static std::uint32_t slotOf(const Allocation& a) {
    return static_cast<std::uint32_t>(a.id.value() & ((1u << kSlotBits) - 1));
  }

  std::size_t capacity_;
  KeyedHash hash_;
  std::vector<std::unique_ptr<Allocation>> slots_;
  std::vector<std::uint32_t> free_;
  FlatIndex clients_;
  FlatIndex relays_;
  DeadlineHeap deadlines_;
  std::size_t count_ = 0;
  std::uint64_t serial_ = 0;
};

}  // namespace parley::turn
