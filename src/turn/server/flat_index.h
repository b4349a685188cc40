// An open-addressing index from hashes to slot numbers, eight bytes an entry: the keys stay where
// the slots are and the caller compares them. Linear probing at most half full; erasing shifts
// back, so that there are no tombstones. Grows by doubling; its bound is that of the slots.
#pragma once

#include <cstdint>
#include <vector>

namespace parley::turn {

class FlatIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // The slot with this hash for which same(slot) holds, or kNone.
  template <class Same>
  std::uint32_t find(std::uint64_t hash, Same same) const {
    if (entries_.empty()) return kNone;
    const std::uint32_t h = shorten(hash);
    for (std::size_t i = h & mask();; i = (i + 1) & mask()) {
      const Entry& e = entries_[i];
      if (e.slot == kNone) return kNone;
      if (e.hash == h && same(e.slot)) return e.slot;
    }
  }

  // The slot must not be there yet under this hash.
  void insert(std::uint64_t hash, std::uint32_t slot) {
    if ((count_ + 1) * 2 > entries_.size()) grow();
    place({shorten(hash), slot});
    ++count_;
  }

  void erase(std::uint64_t hash, std::uint32_t slot) {
    if (entries_.empty()) return;
    const std::uint32_t h = shorten(hash);
    std::size_t i = h & mask();
    while (entries_[i].slot != slot || entries_[i].hash != h) {
      if (entries_[i].slot == kNone) return;
      i = (i + 1) & mask();
    }
    --count_;
    shiftBack(i);
  }

  std::size_t size() const { return count_; }

 private:
  struct Entry {
    std::uint32_t hash = 0;
    std::uint32_t slot = kNone;
  };

  static std::uint32_t shorten(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }
  std::size_t mask() const { return entries_.size() - 1; }

  void place(Entry entry) {
    std::size_t i = entry.hash & mask();
    while (entries_[i].slot != kNone)
      i = (i + 1) & mask();
    entries_[i] = entry;
  }

  void grow() {
    std::vector<Entry> old(entries_.empty() ? 16 : entries_.size() * 2);
    old.swap(entries_);
    for (const Entry& e : old) {
      if (e.slot != kNone) place(e);
    }
  }

  // Moves later entries of the run into the hole when that brings them no further from home.
  void shiftBack(std::size_t hole) {
    for (std::size_t i = (hole + 1) & mask(); entries_[i].slot != kNone; i = (i + 1) & mask()) {
      const std::size_t home = entries_[i].hash & mask();
      if (((i - home) & mask()) < ((i - hole) & mask())) continue;
      entries_[hole] = entries_[i];
      hole = i;
    }
    entries_[hole] = {};
  }

  std::vector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace parley::turn
