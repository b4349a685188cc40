#include "net/transmit_batch.h"

#include "base/check.h"

namespace parley {

Bytes TransmitBatch::reserve(std::size_t max) {
  if (count_ == items_.size() || max > arena_.size() - used_) return {};
  return arena_.subspan(used_, max);
}

bool TransmitBatch::extendsLast(const Path& path, std::size_t length, Ecn ecn) const {
  if (count_ == 0 || length == 0) return false;
  const Transmit& last = items_[count_ - 1];
  // A shorter datagram may only end a train, and a stream's messages are framed one by one.
  return !isStream(path.transport) && last.path == path && last.ecn == ecn &&
         last.segments < kMaxSegments && last.length == last.segments * last.segmentSize &&
         length <= last.segmentSize && last.length + length <= kMaxTrainBytes;
}

void TransmitBatch::commit(const Path& path, std::size_t length, Ecn ecn) {
  PARLEY_CHECK(count_ < items_.size() && length <= arena_.size() - used_);
  const auto n = static_cast<std::uint32_t>(length);
  if (extendsLast(path, length, ecn)) {
    items_[count_ - 1].length += n;
    items_[count_ - 1].segments += 1;
  } else {
    items_[count_++] = {path, static_cast<std::uint32_t>(used_), n, n, 1, ecn};
  }
  used_ += length;
}

}  // namespace parley
