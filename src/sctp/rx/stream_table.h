// What the receiver knows of each incoming stream, in pages that come into being with the first of
// their streams: a connection uses a handful of 65,535.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "sctp/wire/types.h"

namespace parley::sctp::rx {

struct InStream {
  Mid next{0};  // ordered message to be delivered next; its lower 16 bits the SSN
  std::uint32_t entries = UINT32_MAX;  // first of its entries in the reassembly
  // I-DATA: the sender has given up on unordered messages up to this one.
  Mid skippedUnordered;
  bool hasSkipped = false;
};

class StreamTable {
 public:
  InStream& operator[](StreamId id) {
    const std::size_t page = id.value() / kPage;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (!pages_[page]) pages_[page] = std::make_unique<Page>();
    return (*pages_[page])[id.value() % kPage];
  }
  // Null when nothing is known of it.
  InStream* find(StreamId id) {
    const std::size_t page = id.value() / kPage;
    return page < pages_.size() && pages_[page] ? &(*pages_[page])[id.value() % kPage] : nullptr;
  }
  template <class F>
  void forEach(F f) {
    for (std::size_t p = 0; p < pages_.size(); ++p) {
      if (!pages_[p]) continue;
      for (std::size_t i = 0; i < kPage; ++i)
        f(StreamId{static_cast<std::uint16_t>(p * kPage + i)}, (*pages_[p])[i]);
    }
  }

 private:
  static constexpr std::size_t kPage = 64;
  using Page = std::array<InStream, kPage>;
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace parley::sctp::rx
