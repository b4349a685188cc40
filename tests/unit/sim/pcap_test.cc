#include "sim/pcap.h"

#include <gtest/gtest.h>

namespace parley::sim {
namespace {

std::uint16_t internetSum(ConstBytes bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += i + 1 < bytes.size() ? loadBe16(bytes.data() + i) : std::uint32_t{bytes[i]} << 8;
  while (sum >> 16 != 0)
    sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// A header whose checksum is right sums up to all ones (RFC 1071), the transport's with the
// pseudo-header.
void expectGoodChecksums(const Packet& p) {
  const std::vector<std::uint8_t> wire = serialize(p);
  const bool v4 = p.flow.source.ip().isV4();
  const std::size_t ip = v4 ? 20 : 40;
  if (v4) {
    EXPECT_EQ(internetSum(ConstBytes{wire}.first(20)), 0xffff);
  }
  std::uint32_t pseudo =
      static_cast<std::uint32_t>(wire.size() - ip) + static_cast<std::uint32_t>(p.flow.protocol);
  pseudo += internetSum(p.flow.source.ip().bytes());
  pseudo += internetSum(p.flow.destination.ip().bytes());
  EXPECT_EQ(internetSum(ConstBytes{wire}.subspan(ip), pseudo), 0xffff);
}

Packet example(bool v4, Protocol protocol, std::size_t payload) {
  Packet p;
  p.flow = {protocol,
            v4 ? Address{IpAddress::v4(192, 0, 2, 1), 1234} : *Address::parse("[2001:db8::1]:1234"),
            v4 ? Address{IpAddress::v4(192, 0, 2, 2), 80} : *Address::parse("[2001:db8::2]:80"),
            protocol == Protocol::Tcp ? std::uint8_t{kTcpSyn} : std::uint8_t{0}};
  p.sequence = 0x01020304;
  for (std::size_t i = 0; i < payload; ++i)
    p.payload.push_back(static_cast<std::uint8_t>(i * 7));
  return p;
}

TEST(Packet, isWhatLiesOnTheWire) {
  for (const bool v4 : {true, false})
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
      for (const std::size_t size : {0u, 1u, 2u, 999u, 1400u}) {
        const Packet p = example(v4, protocol, size);
        EXPECT_EQ(serialize(p).size(), p.size());
        expectGoodChecksums(p);
      }
  const auto wire = serialize(example(true, Protocol::Udp, 3));
  EXPECT_EQ(wire[0], 0x45);
  EXPECT_EQ(loadBe16(&wire[2]), 31);
  EXPECT_EQ(wire[9], 17);
  EXPECT_EQ(loadBe32(&wire[12]), 0xc0000201u);
  EXPECT_EQ(loadBe16(&wire[20]), 1234);
  EXPECT_EQ(loadBe16(&wire[24]), 11);
  const auto v6 = serialize(example(false, Protocol::Tcp, 0));
  EXPECT_EQ(v6[0], 0x60);
  EXPECT_EQ(v6[6], 6);
  EXPECT_EQ(loadBe32(&v6[44]), 0x01020304u);
  EXPECT_EQ(v6[53], kTcpSyn);
}

TEST(PcapWriter, writesWhatWiresharkReads) {
  PcapWriter pcap;
  const Packet p = example(true, Protocol::Udp, 10);
  pcap.add(p, Time{1s + 5ns});
  const auto& b = pcap.bytes();
  ASSERT_EQ(b.size(), 24 + 16 + p.size());
  EXPECT_EQ(loadBe32(b.data()), 0xa1b23c4du);
  EXPECT_EQ(loadBe32(b.data() + 20), 101u);
  EXPECT_EQ(loadBe32(b.data() + 24), 1u);
  EXPECT_EQ(loadBe32(b.data() + 28), 5u);
  EXPECT_EQ(loadBe32(b.data() + 32), p.size());
  EXPECT_EQ(pcap.packets(), 1u);
}

TEST(PcapWriter, isBounded) {
  PcapWriter pcap;
  Packet p = example(true, Protocol::Udp, 60'000);
  for (int i = 0; i < 5000; ++i)
    pcap.add(p, Time{});
  EXPECT_LE(pcap.bytes().size(), PcapWriter::kMaxBytes);
  EXPECT_EQ(pcap.packets() + pcap.dropped(), 5000u);
  EXPECT_GT(pcap.dropped(), 0u);
}

}  // namespace
}  // namespace parley::sim
