// FORWARD TSN (RFC 3758 section 3.2) and I-FORWARD-TSN (RFC 8260 section 2.3.1): the sender has
// given up on messages, and the receiver moves past them.
#pragma once

#include <optional>
#include <span>

#include "sctp/wire/data_chunk.h"

namespace parley::sctp {

// Up to and including which message of a stream the receiver need not wait any more.
struct SkippedStream {
  StreamId stream;
  bool unordered = false;  // I-FORWARD-TSN only; FORWARD TSN lists ordered ones alone
  Mid mid;                 // FORWARD TSN: its lower 16 bits are the SSN
};

class ForwardTsnView {
 public:
  // Of a chunk of type ForwardTsn or IForwardTsn; nothing when it does not follow its grammar.
  static std::optional<ForwardTsnView> read(const ChunkView& chunk);

  Tsn newCumulativeTsn() const { return Tsn{loadBe32(value_.data())}; }
  std::size_t skippedCount() const { return (value_.size() - 4) / entrySize_; }
  // i < skippedCount()
  SkippedStream skipped(std::size_t i) const;

 private:
  ForwardTsnView(ConstBytes value, std::size_t entrySize) : value_(value), entrySize_(entrySize) {}
  ConstBytes value_;
  std::size_t entrySize_;
};

// False when it does not fit.
bool writeForwardTsn(PacketWriter& w, Interleaving interleaving, Tsn newCumulativeTsn,
                     std::span<const SkippedStream> skipped);

}  // namespace parley::sctp
