// Packets as a pcap file in memory: link type RAW (IP without Ethernet), nanosecond stamps of
// virtual time. Wireshark reads it. The same packets give the same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "sim/packet.h"

namespace parley::sim {

class PcapWriter {
 public:
  // What comes when it is full is not kept, and counted: the start of a failing run tells more
  // than its end.
  static constexpr std::size_t kMaxBytes = std::size_t{256} << 20;

  PcapWriter();
  void add(const Packet& packet, Time when);

  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  std::size_t packets() const { return packets_; }
  std::size_t dropped() const { return dropped_; }

 private:
  void append32(std::uint32_t value);

  std::vector<std::uint8_t> bytes_;
  std::size_t packets_ = 0;
  std::size_t dropped_ = 0;
};

}  // namespace parley::sim
