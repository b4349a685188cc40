// A train: n datagrams of one path and equal size, back to back; the last may be shorter. What one
// receive call with UDP GRO hands over, or a single datagram, or one message of a framed stream.
//
// The bytes are mutable (decryption in place, headers stripped) and valid during the call only.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/bytes.h"
#include "net/path.h"

namespace parley {

// The two ECN bits of the IP header (RFC 3168 section 5).
enum class Ecn : std::uint8_t { NotEct = 0, Ect1 = 1, Ect0 = 2, Ce = 3 };

class Train {
 public:
  // segmentSize: the size of every datagram but the last, greater than 0 when bytes is not empty.
  Train(const Path& path, Bytes bytes, std::size_t segmentSize, Ecn ecn = Ecn::NotEct)
      : path_(path), bytes_(bytes), segmentSize_(segmentSize), ecn_(ecn) {}
  // One datagram.
  Train(const Path& path, Bytes bytes) : Train(path, bytes, bytes.empty() ? 1 : bytes.size()) {}

  const Path& path() const { return path_; }
  Bytes bytes() const { return bytes_; }
  std::size_t segmentSize() const { return segmentSize_; }
  Ecn ecn() const { return ecn_; }

  // Number of datagrams; an empty datagram counts as one.
  std::size_t size() const {
    if (bytes_.size() <= segmentSize_) return 1;
    return (bytes_.size() + segmentSize_ - 1) / segmentSize_;
  }
  Bytes operator[](std::size_t i) const {
    const std::size_t at = i * segmentSize_;
    const std::size_t left = bytes_.size() - at;
    return bytes_.subspan(at, left < segmentSize_ ? left : segmentSize_);
  }
  // The first n datagrams, and those from the nth on.
  Train first(std::size_t n) const {
    return {path_, bytes_.first(std::min(n * segmentSize_, bytes_.size())), segmentSize_, ecn_};
  }
  Train from(std::size_t n) const {
    return {path_, bytes_.subspan(std::min(n * segmentSize_, bytes_.size())), segmentSize_, ecn_};
  }

 private:
  Path path_;
  Bytes bytes_;
  std::size_t segmentSize_;
  Ecn ecn_;
};

}  // namespace parley
