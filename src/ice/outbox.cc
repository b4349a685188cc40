#include "ice/outbox.h"

#include <cstring>

namespace parley::ice {

More Outbox::flush(TransmitBatch& out) {
  while (sent_ < entries_.size()) {
    const Entry& e = entries_[sent_];
    const Bytes room = out.reserve(e.size);
    if (room.empty()) {
      if (!out.empty()) return More::Yes;
      // No batch of this size will ever hold it.
      ++sent_;
      continue;
    }
    std::memcpy(room.data(), bytes_.data() + e.offset, e.size);
    out.commit(e.path, e.size);
    ++sent_;
  }
  clear();
  return More::No;
}

void Outbox::clear() {
  entries_.clear();
  bytes_.clear();
  sent_ = 0;
}

}  // namespace parley::ice
