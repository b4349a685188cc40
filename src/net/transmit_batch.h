// Where an engine writes what it sends: the driver's reusable arena, laid out ready for
// sendmmsg with UDP GSO. Datagrams of equal size that follow each other on one path become one
// train. Nothing is allocated: a full batch says so, and the engine keeps the rest for the next.
//
//   while (Bytes room = batch.reserve(kMax); !room.empty()) { n = write(room); batch.commit(path,
//   n); }
#pragma once

#include <cstdint>
#include <span>

#include "net/train.h"

namespace parley {

// Whether a machine has more to transmit than the batch had room for.
enum class More : bool { No, Yes };

struct Transmit {
  Path path;
  std::uint32_t offset = 0;  // into the arena
  std::uint32_t length = 0;
  std::uint32_t segmentSize = 0;
  std::uint32_t segments = 0;
  Ecn ecn = Ecn::NotEct;
};

class TransmitBatch {
 public:
  // Linux's UDP_MAX_SEGMENTS, and the largest UDP payload over IPv4 (65,535 - 20 - 8).
  static constexpr std::uint32_t kMaxSegments = 64;
  static constexpr std::uint32_t kMaxTrainBytes = 65'507;

  TransmitBatch(Bytes arena, std::span<Transmit> items) : arena_(arena), items_(items) {}

  // Room for one datagram of up to `max` bytes; empty when the batch is full.
  Bytes reserve(std::size_t max);
  // The first `length` bytes of the last reserve() go out on `path`; 0 is an empty datagram.
  void commit(const Path& path, std::size_t length, Ecn ecn = Ecn::NotEct);

  std::span<const Transmit> trains() const { return items_.first(count_); }
  Bytes bytes(const Transmit& t) const { return arena_.subspan(t.offset, t.length); }
  bool empty() const { return count_ == 0; }
  void clear() {
    used_ = 0;
    count_ = 0;
  }

 private:
  bool extendsLast(const Path& path, std::size_t length, Ecn ecn) const;

  Bytes arena_;
  std::span<Transmit> items_;
  std::size_t used_ = 0;
  std::size_t count_ = 0;
};

}  // namespace parley
