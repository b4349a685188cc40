// CandidateAttribute: the text of one ICE candidate ("candidate:1 1 udp 2122 10.0.0.1 5000 typ host
// ...", RFC 8839 section 5.1), as it stands in an a=candidate line and in a trickled
// RTCIceCandidate.
//
// A text model only: the address is a string (it may be a name, RFC 8828's mDNS mode sends
// "….local"), the transport and type are tokens that may be unknown to us. Who uses it decides
// which ones it can do. Extensions that are not named here are kept in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/parse_error.h"

namespace parley::sdp {

inline constexpr std::size_t kMaxCandidateLength = 1024;    // characters, without the line's end
inline constexpr std::size_t kMaxFoundationLength = 32;     // RFC 8839 section 5.1
inline constexpr std::size_t kMaxCandidateAddress = 253;    // a domain name (RFC 1035)
inline constexpr std::size_t kMaxCandidateExtensions = 16;  // pairs of name and value
inline constexpr std::size_t kMaxUfragLength = 256;         // RFC 8839 section 5.4
inline constexpr std::size_t kMinUfragLength = 4;
inline constexpr std::size_t kMaxPwdLength = 256;
inline constexpr std::size_t kMinPwdLength = 22;

enum class CandidateType : std::uint8_t { Host, Srflx, Prflx, Relay, Unknown };
enum class CandidateProtocol : std::uint8_t { Udp, Tcp, Unknown };
enum class TcpType : std::uint8_t { Active, Passive, So };  // RFC 6544 section 4.5

std::string_view name(CandidateType type);
std::string_view name(TcpType type);

struct CandidateExtension {
  std::string name, value;
  friend bool operator==(const CandidateExtension&, const CandidateExtension&) = default;
};

struct CandidateAttribute {
  std::string foundation;
  std::uint16_t component = 1;  // 1 RTP (and all, with rtcp-mux), 2 RTCP
  CandidateProtocol protocol = CandidateProtocol::Udp;
  std::string protocolText = "udp";  // as written; browsers write "udp" and "UDP"
  std::uint32_t priority = 0;
  std::string address;  // IPv4, IPv6 without brackets, or a name
  std::uint16_t port = 0;
  CandidateType type = CandidateType::Host;
  std::string typeText = "host";
  std::optional<std::string> relatedAddress;  // raddr
  std::optional<std::uint16_t> relatedPort;   // rport
  std::optional<TcpType> tcpType;
  std::optional<std::uint32_t> generation;
  std::optional<std::string> ufrag;
  std::optional<std::uint32_t> networkId;
  std::optional<std::uint32_t> networkCost;
  std::vector<CandidateExtension> extensions;

  // A name of multicast DNS, which only who is on the same link can resolve.
  bool isMdns() const;
  friend bool operator==(const CandidateAttribute&, const CandidateAttribute&) = default;
};

// `text` with or without a leading "a=" and "candidate:". The error's line is 0.
ParseResult<CandidateAttribute> parseCandidate(std::string_view text);

// "candidate:…" without "a=" and line end: the `candidate` member of RTCIceCandidate.
std::string writeCandidate(const CandidateAttribute& candidate);

// ice-ufrag and ice-pwd: 4 to 256, 22 to 256 of ALPHA / DIGIT / "+" / "/" (RFC 8839 section 5.4).
bool isUfrag(std::string_view text);
bool isPwd(std::string_view text);

}  // namespace parley::sdp
