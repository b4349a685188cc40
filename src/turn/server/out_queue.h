// What the engine itself sends between two pollTransmit() calls: answers, and relayed packets on
// the slow path. A fixed arena that is empty again after each drain; what does not fit is dropped
// and counted by the caller, as a full socket would do.
#pragma once

#include <cstdint>
#include <vector>

#include "net/transmit_batch.h"

namespace parley::turn {

class OutQueue {
 public:
  static constexpr std::size_t kArenaBytes = 512 * 1024;
  static constexpr std::size_t kMaxMessages = 4096;

  // Room for up to `max` bytes; false when the queue is full. Then commit() what was written.
  bool reserve(std::size_t max, Bytes& room);
  void commit(const Path& path, std::size_t length, Ecn ecn = Ecn::NotEct);

  // Moves as much as fits. `dropped` rises for a message that no batch of this size could hold.
  More flush(TransmitBatch& out, std::uint64_t& dropped);

 private:
  struct Entry {
    Path path;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    Ecn ecn = Ecn::NotEct;
  };

  std::vector<std::uint8_t> arena_;  // made at the first use
  std::vector<Entry> entries_;
  std::size_t used_ = 0;
  std::size_t sent_ = 0;  // entries already moved
};

}  // namespace parley::turn
