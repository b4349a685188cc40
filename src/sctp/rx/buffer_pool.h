// The contiguous buffers in which messages of several fragments grow, and their reuse: in steady
// state none is allocated.
//
// They grow by realloc, which the C library does for large blocks by moving pages, not bytes: a
// message of unknown length costs one copy, from the packet.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace parley::sctp::rx {

class MessageBuffer {
 public:
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  ConstBytes bytes() const { return {data_.get(), size_}; }
  void clear() { size_ = 0; }
  // n more bytes at the end, for the caller to fill.
  Bytes extend(std::size_t n);

 private:
  static constexpr std::size_t kMinCapacity = 4096;
  struct Free {
    void operator()(std::uint8_t* p) const { std::free(p); }
  };
  std::unique_ptr<std::uint8_t[], Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

class BufferPool {
 public:
  // How many are kept for reuse, and how much memory in all of them together.
  static constexpr std::size_t kMaxKept = 8;
  static constexpr std::size_t kMaxKeptBytes = 20 << 20;

  MessageBuffer get();
  void put(MessageBuffer&& buffer);
  void trim();

 private:
  std::vector<MessageBuffer> kept_;
  std::size_t keptBytes_ = 0;
};

}  // namespace parley::sctp::rx
