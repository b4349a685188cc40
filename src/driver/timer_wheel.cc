#include "driver/timer_wheel.h"

#include <bit>

#include "base/check.h"

namespace parley::driver {

TimerWheel::TimerWheel(Time start) : start_(start) {
  heads_.fill(kNone);
}

std::uint64_t TimerWheel::tickAtOrAfter(Time t) const {
  if (t <= start_) return 0;
  const Duration since = t - start_;
  const auto whole = static_cast<std::uint64_t>(since / kTick);
  return since % kTick == Duration::zero() ? whole : whole + 1;
}

void TimerWheel::set(Key key, Time deadline) {
  if (key >= nodes_.size()) {
    if (deadline == kNever) return;
    nodes_.resize(std::size_t{key} + 1);
  }
  if (nodes_[key].list != kNoList) unlink(key);
  if (deadline == kNever) return;
  const std::uint64_t tick = tickAtOrAfter(deadline);
  nodes_[key].tick = tick > current_ ? tick : current_ + 1;
  link(key);
  ++size_;
}

// A key stands on the level of the highest 6-bit group in which its tick differs from the current
// one. So whatever is on a level lies before everything on the levels above.
void TimerWheel::link(Key key) {
  Node& node = nodes_[key];
  const auto highest = static_cast<unsigned>(std::bit_width(node.tick ^ current_)) - 1;
  const unsigned level = highest / kBits;
  if (level >= kLevels) {
    node.list = kFarList;
  } else {
    const auto slot = static_cast<unsigned>((node.tick >> (level * kBits)) & (kSlots - 1));
    node.list = static_cast<std::uint16_t>(level * kSlots + slot);
    used_[level] |= std::uint64_t{1} << slot;
  }
  Key& head = heads_[node.list];
  node.previous = kNone;
  node.next = head;
  if (head != kNone) nodes_[head].previous = key;
  head = key;
}

void TimerWheel::unlink(Key key) {
  Node& node = nodes_[key];
  --size_;
  if (node.list != kDueList) {
    if (node.next != kNone) nodes_[node.next].previous = node.previous;
    if (node.previous != kNone) {
      nodes_[node.previous].next = node.next;
    } else {
      heads_[node.list] = node.next;
      if (node.next == kNone && node.list != kFarList) {
        used_[node.list / kSlots] &= ~(std::uint64_t{1} << (node.list % kSlots));
      }
    }
  }
  node.list = kNoList;
}

TimerWheel::Stop TimerWheel::nextStop() const {
  for (unsigned level = 0; level < kLevels; ++level) {
    if (used_[level] == 0) continue;
    const auto slot = static_cast<unsigned>(std::countr_zero(used_[level]));
    const unsigned above = (level + 1) * kBits;
    const std::uint64_t base = (current_ >> above) << above;
    return {base | (std::uint64_t{slot} << (level * kBits)),
            static_cast<std::uint16_t>(level * kSlots + slot)};
  }
  if (heads_[kFarList] != kNone) {
    constexpr unsigned kAll = kLevels * kBits;
    return {((current_ >> kAll) + 1) << kAll, kFarList};
  }
  return {UINT64_MAX, kNoList};
}

Time TimerWheel::next() const {
  const Stop stop = nextStop();
  if (stop.tick == UINT64_MAX) return kNever;
  return start_ + static_cast<Duration::rep>(stop.tick) * kTick;
}

void TimerWheel::emptyList(std::uint16_t list) {
  Key key = heads_[list];
  heads_[list] = kNone;
  if (list != kFarList) used_[list / kSlots] &= ~(std::uint64_t{1} << (list % kSlots));
  while (key != kNone) {
    const Key next = nodes_[key].next;
    if (nodes_[key].tick == current_) {
      nodes_[key].list = kDueList;
      due_.push_back(key);
    } else {
      link(key);
    }
    key = next;
  }
}

void TimerWheel::collect(Time now) {
  PARLEY_CHECK(due_.empty());  // expire() inside its own onDue
  const std::uint64_t target =
      now <= start_ ? 0 : static_cast<std::uint64_t>((now - start_) / kTick);
  for (Stop stop = nextStop(); stop.tick <= target; stop = nextStop()) {
    current_ = stop.tick;
    emptyList(stop.list);
  }
  if (target > current_) current_ = target;
}

}  // namespace parley::driver
