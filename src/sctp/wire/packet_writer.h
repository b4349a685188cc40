// Writes one SCTP packet into bytes that someone else owns: common header, chunks with their
// padding, checksum. It knows the space left and refuses what does not fit; nothing is allocated.
//
//   PacketWriter w(room, {source, destination, tag});
//   if (Bytes body = w.chunk(ChunkType::Heartbeat, 0, n); !body.empty()) ...
//   size = w.finish(Checksum::Crc32c);      // 0 when no chunk was written
#pragma once

#include <cstring>

#include "base/bytes.h"
#include "sctp/wire/chunk_type.h"
#include "sctp/wire/packet_reader.h"

namespace parley::sctp {

enum class Checksum : std::uint8_t { Crc32c, Zero };

class PacketWriter {
 public:
  // The packet takes at most room.size() bytes: give it no more than the path's MTU allows.
  PacketWriter(Bytes room, const CommonHeader& header) : room_(room), header_(header) {
    if (room_.size() < kCommonHeaderSize) room_ = {};
    used_ = room_.empty() ? 0 : kCommonHeaderSize;
  }

  // How long a chunk may be, header included and padding not, to fit still; 0 or at least 4.
  std::size_t spaceLeft() const {
    const std::size_t left = (room_.size() - used_) & ~std::size_t{3};
    return left < kChunkHeaderSize ? 0 : left;
  }
  bool fits(std::size_t chunkLength) const { return paddedSize(chunkLength) <= spaceLeft(); }
  bool empty() const { return used_ <= kCommonHeaderSize; }
  // What the packet takes by now, common header included; 0 when there is no room at all.
  std::size_t size() const { return used_; }

  // Appends a chunk of bodyLength bytes after its header and gives these bytes to fill. Padding is
  // zeroed. When it does not fit: nothing is written and the span's data() is null.
  Bytes chunk(ChunkType type, std::uint8_t flags, std::size_t bodyLength) {
    const std::size_t length = kChunkHeaderSize + bodyLength;
    if (!fits(length) || length > 0xFFFF) return {};
    std::uint8_t* p = room_.data() + used_;
    const std::size_t padded = paddedSize(length);
    // The last word first: it holds the padding, and the body overwrites the rest of it.
    if (padded != length) std::memset(p + padded - 4, 0, 4);
    p[0] = static_cast<std::uint8_t>(type);
    p[1] = flags;
    storeBe16(p + 2, static_cast<std::uint16_t>(length));
    used_ += padded;
    return {p + kChunkHeaderSize, bodyLength};
  }
  // A chunk with this body; false when it does not fit.
  bool chunk(ChunkType type, std::uint8_t flags, ConstBytes body) {
    const Bytes out = chunk(type, flags, body.size());
    if (out.data() == nullptr) return false;
    if (!body.empty()) std::memcpy(out.data(), body.data(), body.size());
    return true;
  }

  // Writes the common header and the checksum; the packet's length, or 0 without chunks. A packet
  // with INIT, COOKIE ECHO or for no association wants its CRC32c always (RFC 9653 section 5.2).
  std::size_t finish(Checksum checksum);

 private:
  Bytes room_;
  CommonHeader header_;
  std::size_t used_ = 0;
};

}  // namespace parley::sctp
