// Datagrams that wait to be sent: handshake flights and alerts. Bounded: a datagram that does not
// fit is dropped, which to the handshake is a loss like any other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace parley::dtls {

class DatagramQueue {
 public:
  static constexpr std::size_t kMaxDatagrams = 64;

  void push(ConstBytes datagram) {
    if (datagrams_.size() < kMaxDatagrams)
      datagrams_.emplace_back(datagram.begin(), datagram.end());
  }
  // Puts it behind the last datagram, if there is one and both fit into `limit` bytes.
  bool append(ConstBytes records, std::size_t limit) {
    if (datagrams_.empty() || datagrams_.back().size() + records.size() > limit) return false;
    datagrams_.back().insert(datagrams_.back().end(), records.begin(), records.end());
    return true;
  }
  // Copies the first datagram that fits into room and removes it with those that do not; 0: none.
  std::size_t pop(Bytes room) {
    while (!datagrams_.empty()) {
      const std::vector<std::uint8_t> first = std::move(datagrams_.front());
      datagrams_.erase(datagrams_.begin());
      if (datagrams_.empty()) clear();  // an idle session keeps no memory for it
      if (first.size() > room.size()) continue;
      std::copy(first.begin(), first.end(), room.begin());
      return first.size();
    }
    return 0;
  }
  bool empty() const { return datagrams_.empty(); }
  void clear() { std::vector<std::vector<std::uint8_t>>().swap(datagrams_); }

 private:
  std::vector<std::vector<std::uint8_t>> datagrams_;
};

}  // namespace parley::dtls
