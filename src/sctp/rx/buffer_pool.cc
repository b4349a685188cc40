#include "sctp/rx/buffer_pool.h"

#include <algorithm>
#include <new>
#include <utility>

#include "sctp/free_memory.h"

namespace parley::sctp::rx {

Bytes MessageBuffer::extend(std::size_t n) {
  if (n > capacity_ - size_) {
    const std::size_t wanted = std::max({size_ + n, 2 * capacity_, kMinCapacity});
    void* grown = std::realloc(data_.get(), wanted);
    if (grown == nullptr) throw std::bad_alloc();
    static_cast<void>(data_.release());  // realloc has taken it
    data_.reset(static_cast<std::uint8_t*>(grown));
    capacity_ = wanted;
  }
  const Bytes room{data_.get() + size_, n};
  size_ += n;
  return room;
}

MessageBuffer BufferPool::get() {
  if (kept_.empty()) return {};
  MessageBuffer b = std::move(kept_.back());
  kept_.pop_back();
  keptBytes_ -= b.capacity();
  return b;
}

void BufferPool::put(MessageBuffer&& buffer) {
  MessageBuffer b = std::move(buffer);
  if (kept_.size() == kMaxKept || keptBytes_ + b.capacity() > kMaxKeptBytes) return;
  if (kept_.capacity() == 0) kept_.reserve(kMaxKept);
  b.clear();
  keptBytes_ += b.capacity();
  kept_.push_back(std::move(b));
}

void BufferPool::trim() {
  freeMemory(kept_);
  keptBytes_ = 0;
}

}  // namespace parley::sctp::rx
