// The deadlines of slots, one each, in a binary heap that knows where every slot stands: setting,
// moving and removing one is O(log n), the next one O(1), and refreshing a thousand times leaves
// no litter behind.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.h"

namespace parley::turn {

class DeadlineHeap {
 public:
  // The earliest deadline; kNever when there is none.
  Time next() const { return heap_.empty() ? kNever : heap_.front().at; }
  // The slot it belongs to; the heap must not be empty.
  std::uint32_t nextSlot() const { return heap_.front().slot; }
  std::size_t size() const { return heap_.size(); }

  void set(std::uint32_t slot, Time at) {
    if (slot >= position_.size()) position_.resize(slot + 1, kAbsent);
    std::size_t i = position_[slot];
    if (i == kAbsent) {
      i = heap_.size();
      heap_.push_back({at, slot});
      position_[slot] = static_cast<std::uint32_t>(i);
    } else {
      heap_[i].at = at;
    }
    down(up(i));
  }

  void remove(std::uint32_t slot) {
    if (slot >= position_.size() || position_[slot] == kAbsent) return;
    const std::size_t i = position_[slot];
    swapAt(i, heap_.size() - 1);
    heap_.pop_back();
    position_[slot] = kAbsent;
    if (i < heap_.size()) down(up(i));
  }

 private:
  static constexpr std::uint32_t kAbsent = UINT32_MAX;
  struct Entry {
    Time at;
    std::uint32_t slot;
  };

  void swapAt(std::size_t a, std::size_t b) {
    std::swap(heap_[a], heap_[b]);
    position_[heap_[a].slot] = static_cast<std::uint32_t>(a);
    position_[heap_[b].slot] = static_cast<std::uint32_t>(b);
  }
  std::size_t up(std::size_t i) {
    while (i > 0 && heap_[i].at < heap_[(i - 1) / 2].at) {
      swapAt(i, (i - 1) / 2);
      i = (i - 1) / 2;
    }
    return i;
  }
  void down(std::size_t i) {
    for (;;) {
      std::size_t least = i;
      for (std::size_t child = 2 * i + 1; child <= 2 * i + 2 && child < heap_.size(); ++child) {
        if (heap_[child].at < heap_[least].at) least = child;
      }
      if (least == i) return;
      swapAt(i, least);
      i = least;
    }
  }

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> position_;
};

}  // namespace parley::turn
