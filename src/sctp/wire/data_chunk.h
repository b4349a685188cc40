// DATA (RFC 9260 section 3.3.1) and I-DATA (RFC 8260 section 2.1), read and written.
#pragma once

#include <optional>

#include "sctp/wire/packet_reader.h"
#include "sctp/wire/packet_writer.h"

namespace parley::sctp {

// Whether messages travel as DATA or as I-DATA: settled once by the handshake.
enum class Interleaving : bool { Off, On };

namespace data_flag {
inline constexpr std::uint8_t kEnd = 0x01;
inline constexpr std::uint8_t kBegin = 0x02;
inline constexpr std::uint8_t kUnordered = 0x04;
inline constexpr std::uint8_t kImmediateSack = 0x08;  // RFC 7053
}  // namespace data_flag

struct DataHeader {
  Tsn tsn;
  StreamId stream;
  std::uint8_t flags = 0;
  Mid mid;                // DATA: its lower 16 bits are the SSN, 0 when unordered
  std::uint32_t fsn = 0;  // I-DATA only: number of the fragment; 0 in the first
  Ppid ppid;              // I-DATA: in the first fragment only

  bool isBegin() const { return (flags & data_flag::kBegin) != 0; }
  bool isEnd() const { return (flags & data_flag::kEnd) != 0; }
  bool isUnordered() const { return (flags & data_flag::kUnordered) != 0; }
  bool wantsImmediateSack() const { return (flags & data_flag::kImmediateSack) != 0; }
  Ssn ssn() const { return Ssn{static_cast<std::uint16_t>(mid.value())}; }
};

struct DataChunk : DataHeader {
  ConstBytes payload;  // never empty
};

constexpr std::size_t dataHeaderSize(Interleaving i) {
  return i == Interleaving::On ? kIDataHeaderSize : kDataHeaderSize;
}

// A chunk of type Data; nothing when it is too short or has no user data (section 6.2).
inline std::optional<DataChunk> readData(const ChunkView& chunk) {
  constexpr std::size_t kHeader = kDataHeaderSize - kChunkHeaderSize;
  if (chunk.value.size() <= kHeader) return std::nullopt;
  const std::uint8_t* p = chunk.value.data();
  DataChunk d;
  d.tsn = Tsn{loadBe32(p)};
  d.stream = StreamId{loadBe16(p + 4)};
  d.flags = chunk.flags;
  d.mid = Mid{loadBe16(p + 6)};
  d.ppid = Ppid{loadBe32(p + 8)};
  d.payload = chunk.value.subspan(kHeader);
  return d;
}

// A chunk of type IData.
inline std::optional<DataChunk> readIData(const ChunkView& chunk) {
  constexpr std::size_t kHeader = kIDataHeaderSize - kChunkHeaderSize;
  if (chunk.value.size() <= kHeader) return std::nullopt;
  const std::uint8_t* p = chunk.value.data();
  DataChunk d;
  d.tsn = Tsn{loadBe32(p)};
  d.stream = StreamId{loadBe16(p + 4)};
  d.flags = chunk.flags;
  d.mid = Mid{loadBe32(p + 8)};
  // One field for two: the first fragment carries the PPID and has number 0.
  if (d.isBegin())
    d.ppid = Ppid{loadBe32(p + 12)};
  else
    d.fsn = loadBe32(p + 12);
  d.payload = chunk.value.subspan(kHeader);
  return d;
}

// Appends a DATA or I-DATA chunk and gives the payloadLength bytes of user data to fill; data() is
// null when it does not fit. payloadLength must not be 0.
inline Bytes writeData(PacketWriter& w, Interleaving interleaving, const DataHeader& d,
                       std::size_t payloadLength) {
  const bool i = interleaving == Interleaving::On;
  const std::size_t header = dataHeaderSize(interleaving) - kChunkHeaderSize;
  const Bytes body =
      w.chunk(i ? ChunkType::IData : ChunkType::Data, d.flags, header + payloadLength);
  if (body.data() == nullptr) return {};
  std::uint8_t* p = body.data();
  storeBe32(p, d.tsn.value());
  storeBe16(p + 4, d.stream.value());
  if (i) {
    storeBe16(p + 6, 0);
    storeBe32(p + 8, d.mid.value());
    storeBe32(p + 12, d.isBegin() ? d.ppid.value() : d.fsn);
  } else {
    storeBe16(p + 6, d.isUnordered() ? std::uint16_t{0} : d.ssn().value());
    storeBe32(p + 8, d.ppid.value());
  }
  return body.subspan(header);
}

}  // namespace parley::sctp
