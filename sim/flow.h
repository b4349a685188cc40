// What a NAT or a firewall knows of a packet: its protocol, its two ends and TCP's flags. No bytes,
// so that the same NAT serves the simulation and a router of real packets.
#pragma once

#include <compare>
#include <cstdint>

#include "net/address.h"

namespace parley::sim {

// The numbers of IP's protocol field.
enum class Protocol : std::uint8_t { Tcp = 6, Udp = 17 };

// RFC 9293 section 3.1.
inline constexpr std::uint8_t kTcpFin = 0x01;
inline constexpr std::uint8_t kTcpSyn = 0x02;
inline constexpr std::uint8_t kTcpRst = 0x04;
inline constexpr std::uint8_t kTcpPsh = 0x08;
inline constexpr std::uint8_t kTcpAck = 0x10;

struct Flow {
  Protocol protocol = Protocol::Udp;
  Address source;
  Address destination;
  std::uint8_t tcpFlags = 0;
  friend constexpr auto operator<=>(const Flow&, const Flow&) = default;
};

}  // namespace parley::sim
