// A candidate as a value (RFC 8445 section 5.3), ours or the other side's, and the formulas of
// sections 5.1.2 and 6.1.2.3. Its text belongs to SDP, not here.
//
// A candidate whose address is hidden behind a multicast DNS name has the name in `mdnsName` and
// only the port in `address` (draft-ietf-mmusic-mdns-ice-candidates section 3.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/path.h"

namespace parley::ice {

enum class CandidateType : std::uint8_t { Host, ServerReflexive, PeerReflexive, Relayed };
const char* name(CandidateType type);  // "host", "srflx", "prflx", "relay"

enum class TcpType : std::uint8_t { None, Active, Passive, SimultaneousOpen };

// What an interface is; decides between addresses that are otherwise alike.
enum class InterfaceKind : std::uint8_t { Ethernet, Wifi, Unknown, Cellular, Vpn, Loopback };
struct LinkOptions {
  InterfaceKind kind = InterfaceKind::Unknown;
  // Announced in place of the address, which then stays hidden; whoever gives it answers for it.
  std::string mdnsName{};
  // False: used towards servers and for checks, but its address is not announced (RFC 8828 mode 2).
  bool announced = true;
};
// The cost that libwebrtc announces for it in "network-cost" (0 to 999).
std::uint16_t networkCost(InterfaceKind kind);

struct Candidate {
  std::string foundation;
  std::uint16_t component = 1;
  Transport protocol = Transport::Udp;  // Udp or Tcp
  std::uint32_t priority = 0;
  Address address;
  std::string mdnsName;
  CandidateType type = CandidateType::Host;
  std::optional<Address> related;
  TcpType tcpType = TcpType::None;
  std::string ufrag;  // of the generation it belongs to; may be empty in one of the other side's
  std::uint16_t networkCost = 0;

  // Of our own only, for statistics and foundations: the configured URL that it comes from, the
  // server that gave it, and how a relayed one speaks with its server.
  std::optional<std::uint16_t> urlIndex;
  std::optional<Address> server;
  Transport relayProtocol = Transport::Udp;
};

// Section 5.1.2.2. The type preferences of host, srflx and prflx; a relay comes last, the better
// the less there is between us and it.
std::uint8_t typePreference(CandidateType type, Transport relayProtocol);
constexpr std::uint32_t candidatePriority(std::uint8_t typePreference, std::uint16_t local,
                                          std::uint16_t component) {
  return (std::uint32_t{typePreference} << 24) | (std::uint32_t{local} << 8) |
         (256u - (component & 0xFFu));
}

// Section 6.1.2.3: G is the controlling side's priority, D the controlled side's.
constexpr std::uint64_t pairPriority(std::uint32_t g, std::uint32_t d) {
  const std::uint64_t least = g < d ? g : d;
  const std::uint64_t most = g < d ? d : g;
  return (least << 32) + 2 * most + (g > d ? 1 : 0);
}

// Where checks may be sent: no port 0, no unspecified, multicast or broadcast address.
bool isUsableRemote(const Address& address);
bool isLinkLocal(const IpAddress& ip);  // fe80::/10 and 169.254/16
// "<something>.local", at most 253 characters of letters, digits, hyphens and dots.
bool isMdnsName(std::string_view name);
// Names are compared without regard to case (RFC 6762 section 16).
std::string lowerCase(std::string_view name);

}  // namespace parley::ice
