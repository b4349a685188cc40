// A received SCTP packet as it lies in a buffer, and its chunks one after the other. Nothing is
// owned, copied or allocated.
//
// parse() checks the common header and the checksum (RFC 9260 section 6.8, RFC 9653 section 5.3);
// ChunkIterator checks each chunk's length. What a chunk holds is checked by its own reader
// (data_chunk.h, sack.h, init.h, ...), which gives nothing for a chunk that does not follow its
// grammar.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "sctp/wire/chunk_type.h"
#include "sctp/wire/types.h"

namespace parley::sctp {

struct CommonHeader {
  std::uint16_t sourcePort = 0;
  std::uint16_t destinationPort = 0;
  VerificationTag tag;
};

struct ChunkView {
  ChunkType type{};
  std::uint8_t flags = 0;
  ConstBytes value;  // without header and padding

  // The chunk with its header, as an "unrecognized chunk" cause quotes it.
  ConstBytes whole() const {
    return {value.data() - kChunkHeaderSize, value.size() + kChunkHeaderSize};
  }
};

// while (auto chunk = it.next()) ...; then malformed() says whether the end was a clean one.
class ChunkIterator {
 public:
  explicit ChunkIterator(ConstBytes rest) : rest_(rest) {}

  std::optional<ChunkView> next() {
    // Fewer than four bytes cannot be a chunk; the last chunk's padding may be left out by some.
    if (rest_.size() < kChunkHeaderSize) {
      malformed_ = malformed_ || !rest_.empty();
      rest_ = {};
      return std::nullopt;
    }
    const std::size_t length = loadBe16(rest_.data() + 2);
    if (length < kChunkHeaderSize || length > rest_.size()) {
      malformed_ = true;
      rest_ = {};
      return std::nullopt;
    }
    const ChunkView chunk{static_cast<ChunkType>(rest_[0]), rest_[1],
                          rest_.subspan(kChunkHeaderSize, length - kChunkHeaderSize)};
    const std::size_t padded = paddedSize(length);
    rest_ = padded < rest_.size() ? rest_.subspan(padded) : ConstBytes{};
    return chunk;
  }
  bool malformed() const { return malformed_; }
  bool atEnd() const { return rest_.empty(); }

 private:
  ConstBytes rest_;
  bool malformed_ = false;
};

// Whether a checksum of zero is good, too: when we said so in our INIT or INIT ACK (RFC 9653).
enum class AcceptZeroChecksum : bool { No, Yes };

class PacketView {
 public:
  static Result<PacketView> parse(ConstBytes packet, AcceptZeroChecksum acceptZero);

  CommonHeader header() const {
    return {loadBe16(bytes_.data()), loadBe16(bytes_.data() + 2),
            VerificationTag{loadBe32(bytes_.data() + 4)}};
  }
  // Whether the sender left the checksum out.
  bool hasZeroChecksum() const { return loadBe32(bytes_.data() + 8) == 0; }
  ChunkIterator chunks() const { return ChunkIterator(bytes_.subspan(kCommonHeaderSize)); }
  ConstBytes bytes() const { return bytes_; }

 private:
  explicit PacketView(ConstBytes bytes) : bytes_(bytes) {}
  ConstBytes bytes_;
};

}  // namespace parley::sctp
