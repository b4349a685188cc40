// A queue of bytes in one piece of memory: filled behind, taken in front, without moving the rest
// on each take. Not bounded: whoever fills it looks at size() first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace parley::driver {

class ByteQueue {
 public:
  ConstBytes pending() const { return ConstBytes(data_).subspan(at_); }
  void push(ConstBytes b) {
    if (at_ != 0 && at_ * 2 >= data_.size()) {
      data_.erase(data_.begin(), data_.begin() + static_cast<std::ptrdiff_t>(at_));
      at_ = 0;
    }
    data_.insert(data_.end(), b.begin(), b.end());
  }
  void pop(std::size_t n) {
    at_ += n;
    if (at_ == data_.size()) {
      data_.clear();
      at_ = 0;
    }
  }
  void release() {
    if (data_.empty()) data_.shrink_to_fit();
  }
  std::size_t size() const { return data_.size() - at_; }
  std::size_t capacity() const { return data_.capacity(); }

 private:
  std::vector<std::uint8_t> data_;
  std::size_t at_ = 0;
};

}  // namespace parley::driver
