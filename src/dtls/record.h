// The record of DTLS 1.2 (RFC 6347 section 4.1): its header, read and written.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace parley::dtls {

enum class ContentType : std::uint8_t {
  ChangeCipherSpec = 20,
  Alert = 21,
  Handshake = 22,
  ApplicationData = 23,
};

inline constexpr std::size_t kRecordHeader = 13;
inline constexpr std::uint16_t kVersion12 = 0xfefd;
// RFC 5246 section 6.2.3: 2^14 of plaintext and at most 2048 that protection adds.
inline constexpr std::size_t kMaxRecordBody = 16'384 + 2048;
inline constexpr std::uint64_t kMaxSequence = (std::uint64_t{1} << 48) - 1;
// Handshake messages that outlive the handshake (RFC 6347 section 4.2.2).
inline constexpr std::size_t kHandshakeHeader = 12;
inline constexpr std::uint8_t kHelloRequest = 0;
inline constexpr std::uint8_t kClientHello = 1;
inline constexpr std::uint8_t kFinished = 20;

struct RecordView {
  ContentType type = ContentType::ApplicationData;
  std::uint16_t epoch = 0;
  std::uint64_t sequence = 0;
  Bytes whole;  // with its header
};

// The record that `datagram` begins with; empty when it does not begin with one, which ends the
// reading of the datagram (RFC 6347 section 4.1.2.7: dropped in silence).
inline std::optional<RecordView> firstRecord(Bytes datagram) {
  if (datagram.size() < kRecordHeader) return std::nullopt;
  const std::uint8_t* p = datagram.data();
  if (p[0] < 20 || p[0] > 23 || p[1] != 0xfe) return std::nullopt;
  const std::size_t body = loadBe16(p + 11);
  if (body > kMaxRecordBody || body > datagram.size() - kRecordHeader) return std::nullopt;
  return RecordView{static_cast<ContentType>(p[0]), loadBe16(p + 3), loadBe64(p + 3) & kMaxSequence,
                    datagram.first(kRecordHeader + body)};
}

inline void writeRecordHeader(std::uint8_t* p, ContentType type, std::uint16_t epoch,
                              std::uint64_t sequence, std::size_t body) {
  p[0] = static_cast<std::uint8_t>(type);
  storeBe16(p + 1, kVersion12);
  storeBe64(p + 3, (std::uint64_t{epoch} << 48) | sequence);
  storeBe16(p + 11, static_cast<std::uint16_t>(body));
}

}  // namespace parley::dtls
