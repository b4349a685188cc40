// Where the bytes of messages lie from send() until they are acknowledged: copied in once, written
// into packets from here, never moved.
//
// A log over slabs of one size: messages follow each other and may cross from a slab into the next.
// A slab counts its living bytes and goes back to the pool when the last is released, in whatever
// order that happens. Slabs of the pool are kept for the next message until trim(). It has no limit
// of its own: the send queue and the congestion window bound what is put in.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "base/bytes.h"

namespace parley::sctp::tx {

class PayloadStore {
 public:
  static constexpr std::size_t kSlabBytes = 16 * 1024;

  // The place of a byte. A run of bytes is a place and a length; where the run's next byte lies is
  // what read() and skip() give back.
  struct Place {
    std::uint32_t slab = 0;
    std::uint32_t offset = 0;
  };

  // Copies the bytes in (at least one) and gives the place of the first.
  Place append(ConstBytes bytes);
  // Copies n bytes out to `to`; the place behind them.
  Place read(Place from, std::size_t n, std::uint8_t* to) const {
    if (from.offset + n >= kSlabBytes) return readAcross(from, n, to);
    std::memcpy(to, slabs_[from.slab].data.get() + from.offset, n);
    return {from.slab, from.offset + static_cast<std::uint32_t>(n)};
  }
  Place skip(Place from, std::size_t n) const {
    if (from.offset + n >= kSlabBytes) return skipAcross(from, n);
    return {from.slab, from.offset + static_cast<std::uint32_t>(n)};
  }
  // These n bytes will not be read again.
  void release(Place from, std::size_t n);

  // Bytes appended and not released.
  std::size_t bytes() const { return bytes_; }
  // Gives memory that holds nothing back to the system; all of it when the store is empty.
  void trim();
  // Bytes of memory in slabs.
  std::size_t capacity() const { return allocated_ * kSlabBytes; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  struct Slab {
    std::unique_ptr<std::uint8_t[]> data;
    std::uint32_t living = 0;    // bytes
    std::uint32_t next = kNone;  // the slab filled after this one; in the pool, the next there
  };

  void openSlab();
  Place readAcross(Place from, std::size_t n, std::uint8_t* to) const;
  Place skipAcross(Place from, std::size_t n) const;
  Place normalized(Place place) const;

  std::vector<Slab> slabs_;
  std::vector<std::uint32_t> bare_;  // entries of slabs_ without memory
  std::uint32_t pool_ = kNone;
  std::uint32_t current_ = kNone;
  std::uint32_t used_ = kSlabBytes;  // of the current slab
  std::size_t bytes_ = 0;
  std::size_t allocated_ = 0;
};

}  // namespace parley::sctp::tx
