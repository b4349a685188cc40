// What a shard's LinkIds name: UDP ports and connections. Ids are a slot and a generation, so that
// an id is never used again and looking one up is an index and a comparison.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "net/path.h"

namespace parley::server {

template <class T>
class LinkTable {
 public:
  LinkId add(T* target) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].target = target;
    return LinkId{(std::uint64_t{slots_[index].generation} << 32) | index};
  }
  T* find(LinkId id) const {
    const auto index = static_cast<std::uint32_t>(id.value());
    if (index >= slots_.size()) return nullptr;
    const Slot& slot = slots_[index];
    return slot.generation == id.value() >> 32 ? slot.target : nullptr;
  }
  void remove(LinkId id) {
    PARLEY_CHECK(find(id) != nullptr);
    const auto index = static_cast<std::uint32_t>(id.value());
    slots_[index].target = nullptr;
    // A slot whose generations are used up (2^32 sockets) is left out for good.
    if (++slots_[index].generation != 0) free_.push_back(index);
  }

 private:
  struct Slot {
    T* target = nullptr;
    std::uint32_t generation = 1;  // so that the id 0 names nothing
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace parley::server
