#include "ice/candidate.h"

#include <algorithm>

namespace parley::ice {

const char* name(CandidateType type) {
  switch (type) {
    case CandidateType::Host:
      return "host";
    case CandidateType::ServerReflexive:
      return "srflx";
    case CandidateType::PeerReflexive:
      return "prflx";
    case CandidateType::Relayed:
      return "relay";
  }
  return "";
}

std::uint16_t networkCost(InterfaceKind kind) {
  switch (kind) {
    case InterfaceKind::Ethernet:
    case InterfaceKind::Loopback:
      return 0;
    case InterfaceKind::Wifi:
      return 10;
    case InterfaceKind::Unknown:
    case InterfaceKind::Vpn:
      return 50;
    case InterfaceKind::Cellular:
      return 900;
  }
  return 50;
}

std::uint8_t typePreference(CandidateType type, Transport relayProtocol) {
  switch (type) {
    case CandidateType::Host:
      return 126;
    case CandidateType::PeerReflexive:
      return 110;
    case CandidateType::ServerReflexive:
      return 100;
    case CandidateType::Relayed:
      break;
  }
  if (relayProtocol == Transport::Udp) return 2;
  return relayProtocol == Transport::Tcp ? 1 : 0;
}

bool isUsableRemote(const Address& address) {
  const IpAddress& ip = address.ip();
  if (address.port() == 0 || ip.isUnspecified()) return false;
  if (ip.isV4()) {
    const std::uint32_t v = ip.v4HostOrder();
    return (v >> 28) != 0xE && v != 0xFFFFFFFF && (v >> 24) != 0;  // 224/4, broadcast, 0/8
  }
  return ip.bytes()[0] != 0xFF;
}

bool isLinkLocal(const IpAddress& ip) {
  const ConstBytes b = ip.bytes();
  if (ip.isV4()) return b[0] == 169 && b[1] == 254;
  return b[0] == 0xFE && (b[1] & 0xC0) == 0x80;
}

std::string lowerCase(std::string_view name) {
  std::string text{name};
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

bool isMdnsName(std::string_view name) {
  constexpr std::string_view kLocal = ".local";
  constexpr std::size_t kMaxName = 253;  // RFC 1035 section 3.1, without the root's dot
  if (name.size() <= kLocal.size() || name.size() > kMaxName || !name.ends_with(kLocal)) {
    return false;
  }
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

}  // namespace parley::ice
