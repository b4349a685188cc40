#include "driver/udp_socket.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>

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
