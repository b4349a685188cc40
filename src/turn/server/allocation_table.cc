#include "turn/server/allocation_table.h"

namespace parley::turn {

Allocation& AllocationTable::add(const Path& client) {
  PARLEY_CHECK(!full() && slots_.size() < (1u << kSlotBits));
  std::uint32_t slot = 0;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  slots_[slot] = std::make_unique<Allocation>();
  Allocation& made = *slots_[slot];
  made.id = AllocationId{(++serial_ << kSlotBits) | slot};
  made.client = client;
  clients_.insert(hash_(client), slot);
  ++count_;
  return made;
}

void AllocationTable::remove(Allocation& allocation) {
  const std::uint32_t slot = slotOf(allocation);
  for (std::uint8_t i = 0; i < allocation.relayCount; ++i) {
    if (allocation.relays[i].live) removeRelay(allocation.relays[i].link, allocation);
  }
  clients_.erase(hash_(allocation.client), slot);
  deadlines_.remove(slot);
  slots_[slot].reset();
  free_.push_back(slot);
  --count_;
}

Allocation* AllocationTable::byClient(const Path& client) const {
  const std::uint32_t slot =
      clients_.find(hash_(client), [&](std::uint32_t s) { return slots_[s]->client == client; });
  return slot == FlatIndex::kNone ? nullptr : slots_[slot].get();
}

Allocation* AllocationTable::byRelay(LinkId link) const {
  const std::uint32_t slot = relays_.find(
      hash_(link), [&](std::uint32_t s) { return slots_[s]->relayOn(link) != nullptr; });
  return slot == FlatIndex::kNone ? nullptr : slots_[slot].get();
}

Allocation* AllocationTable::byId(AllocationId id) const {
  const auto slot = static_cast<std::size_t>(id.value() & ((1u << kSlotBits) - 1));
  if (slot >= slots_.size() || slots_[slot] == nullptr || slots_[slot]->id != id) return nullptr;
  return slots_[slot].get();
}

void AllocationTable::addRelay(LinkId link, const Allocation& allocation) {
  relays_.insert(hash_(link), slotOf(allocation));
}

void AllocationTable::removeRelay(LinkId link, const Allocation& allocation) {
  relays_.erase(hash_(link), slotOf(allocation));
}

}  // namespace parley::turn
