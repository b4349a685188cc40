// A simulated IP packet: a flow, what TCP needs, and its payload. serialize() makes of it what
// would lie on the wire, for captures.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "net/train.h"
#include "sim/flow.h"

namespace parley::sim {

struct Packet {
  Flow flow;
  Ecn ecn = Ecn::NotEct;
  std::uint8_t hopLimit = 64;
  // A bit was flipped under way. Streams drop it, as TCP's checksum would; datagrams are delivered
  // nevertheless, because a UDP checksum misses some and the parser above must stand it.
  bool corrupted = false;
  std::uint32_t sequence = 0;         // TCP
  std::uint32_t acknowledgement = 0;  // TCP
  std::uint16_t window = 0;           // TCP
  std::vector<std::uint8_t> payload;

  std::size_t headerSize() const {
    return (flow.source.ip().isV4() ? std::size_t{20} : std::size_t{40}) +
           (flow.protocol == Protocol::Udp ? std::size_t{8} : std::size_t{20});
  }
  std::size_t size() const { return headerSize() + payload.size(); }
};

// The packet with its IPv4 or IPv6 and UDP or TCP headers, checksums right.
std::vector<std::uint8_t> serialize(const Packet& packet);

}  // namespace parley::sim
