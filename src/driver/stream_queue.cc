#include "driver/stream_queue.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace parley::driver {

bool StreamQueue::push(ConstBytes header, ConstBytes payload, std::size_t padding,
                       Priority priority) {
  static constexpr std::array<std::uint8_t, 4> kZeros{};
  PARLEY_CHECK(padding <= kZeros.size());
  const std::size_t n = header.size() + payload.size() + padding;
  if (n == 0) return true;
  if (priority == Priority::Media && size() + n > mediaLimit_) {
    // To the half, so that a stream that stays full does not pay this for each message.
    dropOldMedia(n < mediaLimit_ / 2 ? mediaLimit_ / 2 : 0);
    if (size() + n > mediaLimit_) {
      ++dropped_;
      return true;
    }
  }
  if (size() + n > hardLimit_) return false;
  bytes_.push(header);
  bytes_.push(payload);
  bytes_.push(ConstBytes(kZeros).first(padding));
  entries_.push_back({n, priority, false});
  return true;
}

void StreamQueue::pop(std::size_t n) {
  bytes_.pop(n);
  while (n != 0) {
    Entry& first = entries_.front();
    const std::size_t part = std::min(n, first.size);
    first.size -= part;
    first.begun = true;
    n -= part;
    if (first.size == 0) entries_.pop_front();
  }
}

void StreamQueue::dropOldMedia(std::size_t until) {
  std::size_t left = size();
  ByteQueue kept;
  std::deque<Entry> keptEntries;
  ConstBytes rest = bytes_.pending();
  for (const Entry& entry : entries_) {
    if (entry.priority == Priority::Media && !entry.begun && left > until) {
      left -= entry.size;
      ++dropped_;
    } else {
      kept.push(rest.first(entry.size));
      keptEntries.push_back(entry);
    }
    rest = rest.subspan(entry.size);
  }
  bytes_ = std::move(kept);
  entries_ = std::move(keptEntries);
}

}  // namespace parley::driver
