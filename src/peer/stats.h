// A snapshot of everything a connection counts, in the shape of the W3C's dictionaries
// (webrtc-stats; a field there is named the same here). Times are the core's; the api turns them
// into DOMHighResTimeStamps. What we do not measure is absent, not zero.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"

namespace parley::peer {

struct PeerConnectionStats {
  std::string id;
  std::uint32_t dataChannelsOpened = 0;
  std::uint32_t dataChannelsClosed = 0;
};

struct DataChannelStats {
  std::string id;
  std::string label;
  std::string protocol;
  std::optional<std::uint16_t> dataChannelIdentifier;
  std::string state;
  std::uint64_t messagesSent = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t messagesReceived = 0;
  std::uint64_t bytesReceived = 0;
};

struct IceCandidateStats {
  std::string id;
  bool remote = false;  // remote-candidate or local-candidate
  std::string transportId;
  std::string address;
  std::uint16_t port = 0;
  std::string protocol;  // udp, tcp
  std::string candidateType;
  std::uint32_t priority = 0;
  std::string url;
  std::string relayProtocol;
  std::string foundation;
  std::string relatedAddress;
  std::uint16_t relatedPort = 0;
  std::string usernameFragment;
  std::string tcpType;
};

struct IceCandidatePairStats {
  std::string id;
  std::string transportId;
  std::string localCandidateId;
  std::string remoteCandidateId;
  std::string state;  // frozen, waiting, in-progress, failed, succeeded
  bool nominated = false;
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::optional<Time> lastPacketSentTimestamp;
  std::optional<Time> lastPacketReceivedTimestamp;
  double totalRoundTripTime = 0;  // seconds
  std::optional<double> currentRoundTripTime;
  std::uint64_t requestsReceived = 0;
  std::uint64_t requestsSent = 0;
  std::uint64_t responsesReceived = 0;
  std::uint64_t responsesSent = 0;
  std::uint64_t consentRequestsSent = 0;
  std::string failureReason;  // ours: why it failed
};

struct TransportStats {
  std::string id;
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::string iceRole;  // unknown, controlling, controlled
  std::string iceLocalUsernameFragment;
  std::string iceState;
  std::string dtlsState;
  std::string selectedCandidatePairId;
  std::string localCertificateId;
  std::string remoteCertificateId;
  std::string tlsVersion;  // four hex digits: FEFD is DTLS 1.2
  std::string dtlsCipher;
  std::string dtlsRole;
  std::string srtpCipher;
  std::uint32_t selectedCandidatePairChanges = 0;
};

struct CertificateStats {
  std::string id;
  std::string fingerprint;
  std::string fingerprintAlgorithm;
  std::string base64Certificate;
};

// What the W3C took out of its list and people miss.
struct SctpTransportStats {
  std::string id;
  std::string transportId;
  double smoothedRoundTripTime = 0;  // seconds
  std::uint64_t congestionWindow = 0;
  std::uint64_t receiverWindow = 0;
  std::uint64_t mtu = 0;
  std::uint64_t bytesInFlight = 0;
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t retransmittedChunks = 0;
  std::uint64_t sacksSent = 0;
  std::uint64_t sacksReceived = 0;
};

using Stats =
    std::variant<PeerConnectionStats, DataChannelStats, IceCandidateStats, IceCandidatePairStats,
                 TransportStats, CertificateStats, SctpTransportStats>;
using StatsReport = std::vector<Stats>;

}  // namespace parley::peer
