#include "turn/server/out_queue.h"

#include <algorithm>

namespace parley::turn {

bool OutQueue::reserve(std::size_t max, Bytes& room) {
  if (arena_.empty()) {
    arena_.resize(kArenaBytes);
    entries_.reserve(kMaxMessages);
  }
  if (entries_.size() == kMaxMessages || max > arena_.size() - used_) return false;
  room = Bytes(arena_).subspan(used_, max);
  return true;
}

void OutQueue::commit(const Path& path, std::size_t length, Ecn ecn) {
  entries_.push_back(
      {path, static_cast<std::uint32_t>(used_), static_cast<std::uint32_t>(length), ecn});
  used_ += length;
}

More OutQueue::flush(TransmitBatch& out, std::uint64_t& dropped) {
  for (; sent_ < entries_.size(); ++sent_) {
    const Entry& e = entries_[sent_];
    const Bytes room = out.reserve(std::max<std::size_t>(e.length, 1));
    if (room.empty()) {
      if (!out.empty()) return More::Yes;
      ++dropped;
      continue;
    }
    std::copy_n(arena_.begin() + e.offset, e.length, room.begin());
    out.commit(e.path, e.length, e.ecn);
  }
  entries_.clear();
  used_ = 0;
  sent_ = 0;
  return More::No;
}

}  // namespace parley::turn
