// The registered numbers of chunks, parameters and error causes that we know (IANA "SCTP
// Parameters"), and their sizes on the wire.
#pragma once

#include <cstddef>
#include <cstdint>

namespace parley::sctp {

enum class ChunkType : std::uint8_t {
  Data = 0,
  Init = 1,
  InitAck = 2,
  Sack = 3,
  Heartbeat = 4,
  HeartbeatAck = 5,
  Abort = 6,
  Shutdown = 7,
  ShutdownAck = 8,
  Error = 9,
  CookieEcho = 10,
  CookieAck = 11,
  ShutdownComplete = 14,
  IData = 0x40,        // RFC 8260
  ReConfig = 0x82,     // RFC 6525
  Pad = 0x84,          // RFC 4820
  ForwardTsn = 0xC0,   // RFC 3758
  IForwardTsn = 0xC2,  // RFC 8260
};

// RFC 9260 section 3.2: what to do with a chunk of unknown type, by its two highest bits. (Those of
// a parameter say the same, section 3.2.1.)
constexpr bool skipsIfUnknown(ChunkType type) {
  return (static_cast<std::uint8_t>(type) & 0x80) != 0;
}
constexpr bool reportsIfUnknown(ChunkType type) {
  return (static_cast<std::uint8_t>(type) & 0x40) != 0;
}

enum class ParameterType : std::uint16_t {
  HeartbeatInfo = 1,
  Ipv4Address = 5,
  Ipv6Address = 6,
  StateCookie = 7,
  UnrecognizedParameter = 8,
  CookiePreservative = 9,
  HostName = 11,
  SupportedAddressTypes = 12,
  OutgoingResetRequest = 13,  // RFC 6525 section 4
  IncomingResetRequest = 14,
  SsnTsnResetRequest = 15,
  ReconfigResponse = 16,
  AddOutgoingStreams = 17,
  AddIncomingStreams = 18,
  EcnCapable = 0x8000,
  ZeroChecksumAcceptable = 0x8001,  // RFC 9653
  Random = 0x8002,                  // RFC 4895; sent by usrsctp
  ChunkList = 0x8003,
  RequestedHmac = 0x8004,
  Padding = 0x8005,
  SupportedExtensions = 0x8008,  // RFC 5061 section 4.2.7
  ForwardTsnSupported = 0xC000,
  AdaptationLayer = 0xC006,
};

constexpr bool skipsIfUnknown(ParameterType type) {
  return (static_cast<std::uint16_t>(type) & 0x8000) != 0;
}
constexpr bool reportsIfUnknown(ParameterType type) {
  return (static_cast<std::uint16_t>(type) & 0x4000) != 0;
}

enum class CauseCode : std::uint16_t {
  None = 0,
  InvalidStream = 1,
  MissingParameter = 2,
  StaleCookie = 3,
  OutOfResource = 4,
  UnresolvableAddress = 5,
  UnrecognizedChunk = 6,
  InvalidParameter = 7,
  UnrecognizedParameters = 8,
  NoUserData = 9,
  CookieWhileShuttingDown = 10,
  RestartWithNewAddresses = 11,
  UserInitiatedAbort = 12,
  ProtocolViolation = 13,
};

inline constexpr std::size_t kCommonHeaderSize = 12;
inline constexpr std::size_t kChunkHeaderSize = 4;
inline constexpr std::size_t kDataHeaderSize = 16;   // with the chunk header
inline constexpr std::size_t kIDataHeaderSize = 20;  // with the chunk header

constexpr std::size_t paddedSize(std::size_t length) {
  return (length + 3) & ~std::size_t{3};
}

}  // namespace parley::sctp
