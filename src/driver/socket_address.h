// Address to and from the operating system's form.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "net/address.h"

namespace parley::driver {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress toSocketAddress(const Address& address);
// Nothing for families other than IPv4 and IPv6, or when `length` is too short for one.
std::optional<Address> fromSocketAddress(const sockaddr_storage& storage, socklen_t length);

// The address a socket is bound to; 0.0.0.0:0 when the system does not say.
Address localAddress(int socket);
Address remoteAddress(int socket);

}  // namespace parley::driver
