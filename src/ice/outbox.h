// Datagrams that are written and wait for the next pollTransmit(). Empty again after each drain;
// beyond kMaxBytes a datagram is dropped, as a full socket would do: checks are repeated anyway.
#pragma once

#include <cstdint>
#include <vector>

#include "net/transmit_batch.h"

namespace parley::ice {

class Outbox {
 public:
  // More than any message of ours needs: a username of two ufrags of 256 characters is in it.
  static constexpr std::size_t kMaxMessage = 768;
  static constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;

  // `write` fills the room and gives the size, 0 for nothing.
  template <class Write>
  bool add(const Path& path, Write&& write) {
    const std::size_t at = bytes_.size();
    if (at + kMaxMessage > kMaxBytes) return false;
    bytes_.resize(at + kMaxMessage);
    const std::size_t size = write(Bytes(bytes_).subspan(at));
    bytes_.resize(at + size);
    if (size == 0) return false;
    entries_.push_back({path, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(size)});
    return true;
  }

  More flush(TransmitBatch& out);
  void clear();
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    Path path;
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
  };
  std::vector<std::uint8_t> bytes_;
  std::vector<Entry> entries_;
  std::size_t sent_ = 0;
};

}  // namespace parley::ice
