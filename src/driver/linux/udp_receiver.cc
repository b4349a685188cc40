#include "driver/udp_receiver.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <array>
#include <optional>

#include "driver/linux/udp_control.h"
#include "driver/socket_address.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace parley::driver {
namespace {

constexpr std::size_t kControlBytes = 128;
// Pending errors of earlier sends are reported on receives too; so many are skipped in a row.
constexpr int kMaxErrorsInARow = 16;

struct Ancillary {
  std::optional<IpAddress> destination;
  std::size_t segmentSize = 0;
  Ecn ecn = Ecn::NotEct;
};

IpAddress fromIn6(const in6_addr& a) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &a, bytes.size());
  return IpAddress::v6(bytes);
}

void readControl(const cmsghdr& c, Ancillary& out) {
  if (c.cmsg_level == IPPROTO_IP && c.cmsg_type == IP_PKTINFO) {
    in_pktinfo info{};
    if (getControl(c, info)) out.destination = IpAddress::v4(ntohl(info.ipi_addr.s_addr));
  } else if (c.cmsg_level == IPPROTO_IPV6 && c.cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo info{};
    if (getControl(c, info)) out.destination = fromIn6(info.ipi6_addr);
  } else if (c.cmsg_level == IPPROTO_IP && c.cmsg_type == IP_TOS) {
    std::uint8_t tos = 0;
    if (getControl(c, tos)) out.ecn = static_cast<Ecn>(tos & 3);
  } else if (c.cmsg_level == IPPROTO_IPV6 && c.cmsg_type == IPV6_TCLASS) {
    int trafficClass = 0;
    if (getControl(c, trafficClass)) out.ecn = static_cast<Ecn>(trafficClass & 3);
  } else if (c.cmsg_level == IPPROTO_UDP && c.cmsg_type == UDP_GRO) {
    int size = 0;
    if (getControl(c, size) && size > 0) out.segmentSize = static_cast<std::size_t>(size);
  }
}

}  // namespace

struct UdpReceiver::Buffers {
  std::array<mmsghdr, kMessages> messages{};
  std::array<iovec, kMessages> parts{};
  std::array<sockaddr_storage, kMessages> names{};
  alignas(cmsghdr) std::array<std::array<char, kControlBytes>, kMessages> control{};
  // Not initialised: pages that no datagram reached cost nothing.
  std::unique_ptr<std::uint8_t[]> bytes{new std::uint8_t[kMessages * kMessageBytes]};

  void prepare(std::size_t i) {
    msghdr& m = messages[i].msg_hdr;
    parts[i] = {bytes.get() + i * kMessageBytes, kMessageBytes};
    m.msg_name = &names[i];
    m.msg_namelen = sizeof names[i];
    m.msg_iov = &parts[i];
    m.msg_iovlen = 1;
    m.msg_control = control[i].data();
    m.msg_controllen = kControlBytes;
    m.msg_flags = 0;
  }
};

UdpReceiver::UdpReceiver() : buffers_(std::make_unique<Buffers>()) {
  trains_.reserve(kMessages);
}
UdpReceiver::~UdpReceiver() = default;

std::span<const Train> UdpReceiver::receive(const UdpSocket& socket, LinkId link) {
  Buffers& b = *buffers_;
  trains_.clear();
  for (std::size_t i = 0; i < kMessages; ++i) {
    b.prepare(i);
  }
  int n = -1;
  for (int tries = 0; n < 0 && tries < kMaxErrorsInARow; ++tries) {
    n = ::recvmmsg(socket.descriptor(), b.messages.data(), kMessages, MSG_DONTWAIT, nullptr);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
  }
  for (std::size_t i = 0; n > 0 && i < static_cast<std::size_t>(n); ++i) {
    msghdr& m = b.messages[i].msg_hdr;
    const auto remote = fromSocketAddress(b.names[i], m.msg_namelen);
    if (!remote || (m.msg_flags & MSG_TRUNC) != 0) {
      ++truncated_;
      continue;
    }
    Ancillary extra;
    eachControl(m, [&extra](const cmsghdr& c) { readControl(c, extra); });
    const Bytes bytes(b.bytes.get() + i * kMessageBytes, b.messages[i].msg_len);
    const std::size_t whole = bytes.empty() ? 1 : bytes.size();
    const Path path{link, Transport::Udp,
                    Address(extra.destination.value_or(socket.local().ip()), socket.local().port()),
                    *remote};
    trains_.emplace_back(
        path, bytes,
        extra.segmentSize == 0 || extra.segmentSize > whole ? whole : extra.segmentSize, extra.ecn);
  }
  return trains_;
}

}  // namespace parley::driver
