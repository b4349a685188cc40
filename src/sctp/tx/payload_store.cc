#include "sctp/tx/payload_store.h"

#include <algorithm>
#include <cstring>

namespace parley::sctp::tx {

void PayloadStore::openSlab() {
  std::uint32_t slab = pool_;
  if (slab != kNone) {
    pool_ = slabs_[slab].next;
  } else {
    if (bare_.empty()) {
      slab = static_cast<std::uint32_t>(slabs_.size());
      slabs_.emplace_back();
    } else {
      slab = bare_.back();
      bare_.pop_back();
    }
    slabs_[slab].data.reset(new std::uint8_t[kSlabBytes]);
    ++allocated_;
  }
  slabs_[slab].next = kNone;
  if (current_ != kNone) slabs_[current_].next = slab;
  current_ = slab;
  used_ = 0;
}

PayloadStore::Place PayloadStore::append(ConstBytes bytes) {
  if (used_ == kSlabBytes) openSlab();
  const Place place{current_, used_};
  bytes_ += bytes.size();
  for (;;) {
    const std::size_t n = std::min<std::size_t>(bytes.size(), kSlabBytes - used_);
    Slab& slab = slabs_[current_];
    std::memcpy(slab.data.get() + used_, bytes.data(), n);
    slab.living += static_cast<std::uint32_t>(n);
    used_ += static_cast<std::uint32_t>(n);
    bytes = bytes.subspan(n);
    if (bytes.empty()) return place;
    openSlab();
  }
}

// The end of a slab is the beginning of the one filled after it, if there is one: once the slab's
// bytes are released, nobody could tell any more which that was.
PayloadStore::Place PayloadStore::normalized(Place place) const {
  if (place.offset < kSlabBytes || slabs_[place.slab].next == kNone) return place;
  return {slabs_[place.slab].next, 0};
}

PayloadStore::Place PayloadStore::readAcross(Place from, std::size_t n, std::uint8_t* to) const {
  for (;;) {
    const std::size_t here = std::min<std::size_t>(n, kSlabBytes - from.offset);
    std::memcpy(to, slabs_[from.slab].data.get() + from.offset, here);
    from = normalized({from.slab, from.offset + static_cast<std::uint32_t>(here)});
    n -= here;
    if (n == 0) return from;
    to += here;
  }
}

PayloadStore::Place PayloadStore::skipAcross(Place from, std::size_t n) const {
  while (n != 0) {
    const std::size_t here = std::min<std::size_t>(n, kSlabBytes - from.offset);
    from = normalized({from.slab, from.offset + static_cast<std::uint32_t>(here)});
    n -= here;
  }
  return from;
}

void PayloadStore::release(Place from, std::size_t n) {
  bytes_ -= n;
  while (n != 0) {
    const std::size_t here = std::min<std::size_t>(n, kSlabBytes - from.offset);
    const std::uint32_t index = from.slab;
    from = normalized({index, from.offset + static_cast<std::uint32_t>(here)});
    n -= here;
    Slab& slab = slabs_[index];
    slab.living -= static_cast<std::uint32_t>(here);
    if (slab.living != 0) continue;
    if (index == current_) {
      used_ = 0;  // nobody reads it: write it anew
    } else {
      slab.next = pool_;
      pool_ = index;
    }
  }
}

void PayloadStore::trim() {
  if (bytes_ == 0 && current_ != kNone) {
    slabs_[current_].next = pool_;
    pool_ = current_;
    current_ = kNone;
    used_ = kSlabBytes;
  }
  for (; pool_ != kNone; --allocated_) {
    Slab& slab = slabs_[pool_];
    bare_.push_back(pool_);
    pool_ = slab.next;
    slab = {};
  }
  if (allocated_ == 0) {
    std::vector<Slab>().swap(slabs_);
    std::vector<std::uint32_t>().swap(bare_);
  }
}

}  // namespace parley::sctp::tx
