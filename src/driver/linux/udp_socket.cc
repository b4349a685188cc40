#include "driver/udp_socket.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>

#include <cstring>

#include "driver/linux/udp_control.h"
#include "driver/socket_address.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace parley::driver {
namespace {

bool setOption(int fd, int level, int name, int value) {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

bool setOptions(int fd, Family family, const UdpOptions& options) {
  bool ok = true;
  if (family == Family::V4) {
    ok = setOption(fd, IPPROTO_IP, IP_PKTINFO, 1) && setOption(fd, IPPROTO_IP, IP_RECVTOS, 1) &&
         (!options.errors || setOption(fd, IPPROTO_IP, IP_RECVERR, 1));
  } else {
    ok = setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
         setOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
         setOption(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1) &&
         (!options.errors || setOption(fd, IPPROTO_IPV6, IPV6_RECVERR, 1));
  }
  if (options.shared) ok = ok && setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  // Wishes: an older kernel or a lower limit of the system is no error.
  if (options.coalesce) setOption(fd, IPPROTO_UDP, UDP_GRO, 1);
  if (options.receiveBufferBytes > 0) {
    setOption(fd, SOL_SOCKET, SO_RCVBUF, options.receiveBufferBytes);
  }
  if (options.sendBufferBytes > 0) setOption(fd, SOL_SOCKET, SO_SNDBUF, options.sendBufferBytes);
  return ok;
}

Error bindError(const char* what) {
  const int code = errno;
  return {code == EADDRINUSE ? ErrorCode::InUse : ErrorCode::System, what, code};
}

}  // namespace

Result<UdpSocket> UdpSocket::bind(const Address& address, const UdpOptions& options) {
  const int family = address.family() == Family::V4 ? AF_INET : AF_INET6;
  Descriptor fd(::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return bindError("open a UDP socket");
  if (!setOptions(fd.get(), address.family(), options)) return bindError("set up a UDP socket");
  const SocketAddress sa = toSocketAddress(address);
  if (::bind(fd.get(), sa.get(), sa.length) != 0) return bindError("bind a UDP socket");
  const Address local = localAddress(fd.get());
  return UdpSocket(std::move(fd), local);
}

Result<UdpSocket> UdpSocket::bindInRange(const IpAddress& ip, PortRange range, std::uint32_t start,
                                         const UdpOptions& options) {
  if (range.first == 0 && range.last == 0) return bind(Address(ip, 0), options);
  if (range.first == 0 || range.last < range.first)
    return Error{ErrorCode::Invalid, "a range of UDP ports"};
  const std::uint32_t count = std::uint32_t{range.last} - range.first + 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(range.first + (start % count + i) % count);
    auto socket = bind(Address(ip, port), options);
    if (socket || socket.error().code() != ErrorCode::InUse) return socket;
  }
  return Error{ErrorCode::InUse, "all UDP ports of the range", static_cast<std::int32_t>(count)};
}

Address UdpSocket::mdnsGroup(Family family) {
  constexpr std::uint16_t kPort = 5353;
  if (family == Family::V4) return {IpAddress::v4(224, 0, 0, 251), kPort};
  return {IpAddress::v6({0xFF, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFB}), kPort};
}

Result<UdpSocket> UdpSocket::bindMdns(const IpAddress& ofInterface, unsigned interfaceIndex) {
  const Family family = ofInterface.family();
  const bool v4 = family == Family::V4;
  Descriptor fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return bindError("open a UDP socket");
  UdpOptions options;
  options.coalesce = false;
  if (!setOptions(fd.get(), family, options)) return bindError("set up a UDP socket");
  // Not SO_REUSEPORT: that would deal unicast out among the sharers, and wants one user for all.
  if (!setOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1)) return bindError("share the mDNS port");
  const SocketAddress any =
      toSocketAddress(Address(IpAddress::any(family), mdnsGroup(family).port()));
  if (::bind(fd.get(), any.get(), any.length) != 0) return bindError("bind the mDNS port");
  const int index = static_cast<int>(interfaceIndex);
  bool ok = false;
  if (v4) {
    ip_mreqn group{};
    const auto bytes = mdnsGroup(family).ip().bytes();
    std::memcpy(&group.imr_multiaddr, bytes.data(), bytes.size());
    std::memcpy(&group.imr_address, ofInterface.bytes().data(), 4);
    group.imr_ifindex = index;
    ok = ::setsockopt(fd.get(), IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) == 0 &&
         ::setsockopt(fd.get(), IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group) == 0 &&
         setOption(fd.get(), IPPROTO_IP, IP_MULTICAST_TTL, 255) &&
         setOption(fd.get(), IPPROTO_IP, IP_MULTICAST_LOOP, 1) &&
         setOption(fd.get(), IPPROTO_IP, IP_MULTICAST_ALL, 0);
  } else {
    ipv6_mreq group{};
    const auto bytes = mdnsGroup(family).ip().bytes();
    std::memcpy(&group.ipv6mr_multiaddr, bytes.data(), bytes.size());
    group.ipv6mr_interface = interfaceIndex;
    ok = ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_JOIN_GROUP, &group, sizeof group) == 0 &&
         setOption(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, index) &&
         setOption(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255) &&
         setOption(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
#ifdef IPV6_MULTICAST_ALL
    ok = ok && setOption(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
#endif
  }
  if (!ok) return bindError("join the mDNS group");
  const Address local = localAddress(fd.get());
  return UdpSocket(std::move(fd), local);
}

Status UdpSocket::share() {
  if (!setOption(fd_.get(), SOL_SOCKET, SO_REUSEPORT, 1)) return bindError("share a UDP port");
  return Ok{};
}

std::optional<UdpError> UdpSocket::readError() const {
  SocketAddress to;
  alignas(cmsghdr) char control[256];
  char payload = 0;  // the datagram itself is of no interest
  iovec part{&payload, sizeof payload};
  msghdr msg{};
  msg.msg_name = &to.storage;
  msg.msg_namelen = sizeof to.storage;
  msg.msg_iov = &part;
  msg.msg_iovlen = 1;
  msg.msg_control = control;
  msg.msg_controllen = sizeof control;
  if (::recvmsg(fd_.get(), &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
  std::optional<UdpError> error;
  eachControl(msg, [&](const cmsghdr& c) {
    const bool ours = (c.cmsg_level == IPPROTO_IP && c.cmsg_type == IP_RECVERR) ||
                      (c.cmsg_level == IPPROTO_IPV6 && c.cmsg_type == IPV6_RECVERR);
    sock_extended_err e{};
    if (!ours || !getControl(c, e)) return;
    error.emplace();
    error->remote = fromSocketAddress(to.storage, msg.msg_namelen).value_or(Address{});
    error->systemCode = static_cast<int>(e.ee_errno);
    error->type = e.ee_type;
    error->code = e.ee_code;
    error->mtu = e.ee_errno == EMSGSIZE ? e.ee_info : 0;
  });
  return error;
}

}  // namespace parley::driver
