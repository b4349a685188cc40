// RTCIceCandidateInit and RTCIceCandidate (webrtc-pc section 4.8.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "parley/error.h"

namespace parley {

// What travels through signalling. An empty `candidate` ends the candidates of its generation.
struct IceCandidateInit {
  std::string candidate{};  // "candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host"
  std::optional<std::string> sdpMid{};
  std::optional<std::uint16_t> sdpMLineIndex{};
  std::optional<std::string> usernameFragment{};
  friend bool operator==(const IceCandidateInit&, const IceCandidateInit&) = default;
};

enum class IceCandidateType : std::uint8_t { Host, Srflx, Prflx, Relay };
enum class IceProtocol : std::uint8_t { Udp, Tcp };
enum class IceTcpCandidateType : std::uint8_t { Active, Passive, So };
// How the TURN server of a relayed candidate was reached.
enum class RelayProtocol : std::uint8_t { Udp, Tcp, Tls };

std::string_view toString(IceCandidateType type);  // "host"
std::string_view toString(IceProtocol protocol);   // "udp"
std::string_view toString(RelayProtocol protocol);

// The same, read. Fields without a value are those that the text does not have.
struct IceCandidate : IceCandidateInit {
  std::string foundation;
  std::uint16_t component = 1;  // RTP; all of ours, as RTCP is multiplexed
  std::uint32_t priority = 0;
  std::string address;  // an IP address, or a name that ends in .local
  IceProtocol protocol = IceProtocol::Udp;
  std::uint16_t port = 0;
  IceCandidateType type = IceCandidateType::Host;
  std::optional<IceTcpCandidateType> tcpType;
  std::optional<std::string> relatedAddress;
  std::optional<std::uint16_t> relatedPort;
  std::optional<RelayProtocol> relayProtocol;  // local candidates only
  std::optional<std::string> url;              // of the server; local candidates only

  bool isEnd() const { return candidate.empty(); }
  // TypeError when neither sdpMid nor sdpMLineIndex is there; OperationError when it is no
  // candidate.
  static Expected<IceCandidate> parse(const IceCandidateInit& init);
};

struct IceCandidatePair {
  IceCandidate local;
  IceCandidate remote;
};

}  // namespace parley
