// From what names a fragment or a message to its entry: an open-addressing hash table with linear
// probing and no tombstones. Empty it takes no memory; it doubles at three quarters and is bounded
// by who fills it. The hash is keyed, so that a peer cannot choose keys that collide.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sctp/free_memory.h"

namespace parley::sctp::rx {

struct Key {
  std::uint64_t message = 0;   // kind, order, stream, message identifier
  std::uint64_t fragment = 0;  // TSN or FSN
  friend bool operator==(const Key&, const Key&) = default;
};

class KeyMap {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  explicit KeyMap(std::uint64_t hashKey) : hashKey_(hashKey | 1) {}

  std::uint32_t find(const Key& key) const {
    if (size_ == 0) return kNone;
    for (std::size_t i = home(key);; i = (i + 1) & mask_) {
      if (slots_[i].value == kNone) return kNone;
      if (slots_[i].key == key) return slots_[i].value;
    }
  }
  // False, and nothing changed, when the key is there.
  bool insert(const Key& key, std::uint32_t value) {
    if (4 * (size_ + 1) > 3 * slots_.size()) grow();
    std::size_t i = home(key);
    for (; slots_[i].value != kNone; i = (i + 1) & mask_) {
      if (slots_[i].key == key) return false;
    }
    slots_[i] = {key, value};
    ++size_;
    return true;
  }
  // The key's value, now gone from the table; kNone when it is not there.
  std::uint32_t take(const Key& key) {
    if (size_ == 0) return kNone;
    std::size_t i = home(key);
    for (; !(slots_[i].key == key); i = (i + 1) & mask_) {
      if (slots_[i].value == kNone) return kNone;
    }
    const std::uint32_t value = slots_[i].value;
    if (value == kNone) return kNone;
    close(i);
    --size_;
    return value;
  }
  std::size_t size() const { return size_; }
  std::size_t memory() const { return slots_.capacity() * sizeof(Slot); }
  void trim() {
    if (size_ == 0) freeMemory(slots_);
  }

 private:
  struct Slot {
    Key key;
    std::uint32_t value = kNone;
  };
  static constexpr std::size_t kMinSlots = 16;

  std::size_t home(const Key& key) const {
    std::uint64_t h = (key.message ^ hashKey_) * 0x9e3779b97f4a7c15u;
    h ^= h >> 32;
    h = (h + key.fragment) * hashKey_;
    h ^= h >> 29;
    h *= 0xbf58476d1ce4e5b9u;
    return static_cast<std::size_t>(h >> 32) & mask_;
  }
  // Moves what stands behind the hole nearer to its home.
  void close(std::size_t hole) {
    for (std::size_t i = (hole + 1) & mask_; slots_[i].value != kNone; i = (i + 1) & mask_) {
      const std::size_t h = home(slots_[i].key);
      if (((i - h) & mask_) < ((i - hole) & mask_)) continue;
      slots_[hole] = slots_[i];
      hole = i;
    }
    slots_[hole] = {};
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? kMinSlots : 2 * slots_.size());
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& s : old) {
      if (s.value == kNone) continue;
      std::size_t i = home(s.key);
      while (slots_[i].value != kNone)
        i = (i + 1) & mask_;
      slots_[i] = s;
    }
  }

  std::uint64_t hashKey_;
  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace parley::sctp::rx
