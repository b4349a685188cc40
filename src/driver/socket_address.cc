#include "driver/socket_address.h"

#include <netinet/in.h>

#include <cstring>

namespace parley::driver {

SocketAddress toSocketAddress(const Address& address) {
  SocketAddress out;
  const ConstBytes ip = address.ip().bytes();
  if (address.ip().isV4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port());
    std::memcpy(&in.sin_addr, ip.data(), ip.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(address.port());
    std::memcpy(&in.sin6_addr, ip.data(), ip.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  }
  return out;
}

std::optional<Address> fromSocketAddress(const sockaddr_storage& storage, socklen_t length) {
  if (storage.ss_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    return Address(IpAddress::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port));
  }
  if (storage.ss_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, &storage, sizeof in);
    std::array<std::uint8_t, 16> ip{};
    std::memcpy(ip.data(), &in.sin6_addr, ip.size());
    return Address(IpAddress::v6(ip), ntohs(in.sin6_port));
  }
  return std::nullopt;
}

Address localAddress(int socket) {
  SocketAddress a;
  a.length = sizeof a.storage;
  if (::getsockname(socket, a.get(), &a.length) != 0) return {};
  return fromSocketAddress(a.storage, a.length).value_or(Address{});
}

Address remoteAddress(int socket) {
  SocketAddress a;
  a.length = sizeof a.storage;
  if (::getpeername(socket, a.get(), &a.length) != 0) return {};
  return fromSocketAddress(a.storage, a.length).value_or(Address{});
}

}  // namespace parley::driver
