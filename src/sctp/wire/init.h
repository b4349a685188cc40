// INIT and INIT ACK (RFC 9260 sections 3.3.2, 3.3.3) with the parameters we know: state cookie,
// supported extensions (RFC 5061), forward-TSN-supported (RFC 3758), zero checksum acceptable (RFC
// 9653). Addresses, host names, ECN and authentication mean nothing over DTLS and are passed over.
#pragma once

#include <optional>

#include "sctp/wire/packet_reader.h"
#include "sctp/wire/packet_writer.h"
#include "sctp/wire/parameters.h"

namespace parley::sctp {

// The error detection method of RFC 9653 section 4 that DTLS is.
inline constexpr std::uint32_t kErrorDetectionDtls = 1;

// What a side can do besides RFC 9260.
struct Extensions {
  bool forwardTsn = false;    // RFC 3758
  bool reconfig = false;      // RFC 6525
  bool interleaving = false;  // RFC 8260: I-DATA and I-FORWARD-TSN
  bool zeroChecksum = false;  // it takes packets with a zero checksum over DTLS
  friend bool operator==(const Extensions&, const Extensions&) = default;
};

struct InitView {
  VerificationTag initiateTag;
  std::uint32_t advertisedWindow = 0;
  std::uint16_t outboundStreams = 0;
  std::uint16_t inboundStreams = 0;
  Tsn initialTsn;
  Extensions extensions;
  ConstBytes cookie;      // of an INIT ACK; empty when there is none
  ConstBytes parameters;  // all of them as they lie in the chunk
  // Whether a parameter says that processing must stop at it (its highest bit is not set).
  bool stoppedAtUnknown = false;

  // Calls `report` with each parameter that is unknown and wants to be reported (section 3.2.1).
  template <class Report>
  void forEachUnknown(Report report) const {
    ParameterIterator it(parameters);
    while (const auto p = it.next()) {
      if (isKnown(p->type())) continue;
      if (reportsIfUnknown(p->type())) report(*p);
      if (!skipsIfUnknown(p->type())) return;
    }
  }
  static bool isKnown(ParameterType type);
};

// Of a chunk of type Init or InitAck; nothing when it does not follow its grammar. That values are
// sensible (tag, streams) is the association's to judge.
std::optional<InitView> readInit(const ChunkView& chunk);

struct InitFields {
  VerificationTag initiateTag;
  std::uint32_t advertisedWindow = 0;
  std::uint16_t outboundStreams = 0;
  std::uint16_t inboundStreams = 0;
  Tsn initialTsn;
  Extensions extensions;
  ConstBytes cookie;        // INIT ACK only
  ConstBytes unrecognized;  // INIT ACK only: whole Unrecognized Parameter parameters, padded
};

// False when it does not fit.
bool writeInit(PacketWriter& w, ChunkType type, const InitFields& init);

}  // namespace parley::sctp
