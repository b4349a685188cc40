// RTCStatsReport: the dictionaries of webrtc-stats that concern connections and data channels,
// with the W3C's names and units (seconds, bytes, counts). What is not known has no value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "parley/data_channel.h"
#include "parley/transports.h"

namespace parley {

// RTCPeerConnectionStats, "peer-connection"
struct PeerConnectionStats {
  std::uint32_t dataChannelsOpened = 0;
  std::uint32_t dataChannelsClosed = 0;
};

// RTCDataChannelStats, "data-channel"
struct DataChannelStats {
  std::string label;
  std::string protocol;
  std::optional<std::uint16_t> dataChannelIdentifier;
  DataChannelState state = DataChannelState::Connecting;
  std::uint32_t messagesSent = 0;
  std::uint64_t bytesSent = 0;
  std::uint32_t messagesReceived = 0;
  std::uint64_t bytesReceived = 0;
};

// RTCTransportStats, "transport"
struct TransportStats {
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  IceRole iceRole = IceRole::Unknown;
  std::string iceLocalUsernameFragment;
  IceTransportState iceState = IceTransportState::New;
  DtlsTransportState dtlsState = DtlsTransportState::New;
  std::string selectedCandidatePairId;
  std::string localCertificateId;
  std::string remoteCertificateId;
  std::string tlsVersion;  // "FEFD" is DTLS 1.2
  std::string dtlsCipher;
  std::string dtlsRole;  // "client", "server", "unknown"
  std::uint32_t selectedCandidatePairChanges = 0;
};

// RTCIceCandidateStats, "local-candidate" and "remote-candidate"
struct IceCandidateStats {
  bool local = true;
  IceCandidate candidate;
};

enum class CandidatePairState : std::uint8_t { Frozen, Waiting, InProgress, Failed, Succeeded };

// RTCIceCandidatePairStats, "candidate-pair"
struct IceCandidatePairStats {
  std::string localCandidateId;
  std::string remoteCandidateId;
  CandidatePairState state = CandidatePairState::Frozen;
  bool nominated = false;
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::optional<double> currentRoundTripTime;  // seconds
  double totalRoundTripTime = 0;
  std::uint64_t requestsSent = 0;
  std::uint64_t requestsReceived = 0;
  std::uint64_t responsesSent = 0;
  std::uint64_t responsesReceived = 0;
  std::uint64_t consentRequestsSent = 0;
};

// RTCCertificateStats, "certificate"
struct CertificateStats {
  std::string fingerprint;
  std::string fingerprintAlgorithm;
  std::string base64Certificate;
};

// RTCSctpTransportStats, "sctp-transport" (obsolete there, kept here), with what tells a slow path
// from a slow program.
struct SctpTransportStats {
  std::optional<double> smoothedRoundTripTime;  // seconds
  std::uint64_t congestionWindow = 0;           // bytes
  std::uint64_t receiverWindow = 0;
  std::uint32_t mtu = 0;        // of an SCTP packet
  std::uint64_t unackData = 0;  // bytes in flight
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t retransmittedChunks = 0;
  std::uint64_t sacksSent = 0;
  std::uint64_t sacksReceived = 0;
};

struct Stats {
  std::string id;
  std::chrono::system_clock::time_point timestamp;
  std::variant<PeerConnectionStats, DataChannelStats, TransportStats, IceCandidateStats,
               IceCandidatePairStats, CertificateStats, SctpTransportStats>
      value;

  // "candidate-pair"
  std::string_view type() const;
};

struct StatsReport {
  std::vector<Stats> entries;

  const Stats* find(std::string_view id) const;
  // The first of a type, e.g. first<TransportStats>(); null when there is none.
  template <class T>
  const T* first() const {
    for (const Stats& s : entries)
      if (const T* v = std::get_if<T>(&s.value)) return v;
    return nullptr;
  }
};

}  // namespace parley
