#include "server/port_check.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "server/server.h"

namespace parley::server {
namespace {

// 0, or errno of what failed.
int tryBind(const IpAddress& ip, std::uint16_t port, bool udp) {
  const bool v4 = ip.isV4();
  const int s =
      ::socket(v4 ? AF_INET : AF_INET6, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
  if (s < 0) return errno == EAFNOSUPPORT && ip.isUnspecified() ? 0 : errno;
  const int on = 1;
  // As the server itself does: a TCP port whose last connections are just closing is free.
  if (!udp) ::setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (v4) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(ip.v4HostOrder());
    size = sizeof address;
    std::memcpy(&storage, &address, size);
  } else {
    ::setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    std::memcpy(&address.sin6_addr, ip.bytes().data(), ip.bytes().size());
    size = sizeof address;
    std::memcpy(&storage, &address, size);
  }
  const sockaddr* address = reinterpret_cast<const sockaddr*>(&storage);
  const bool good = ::bind(s, address, size) == 0 && (udp || ::listen(s, 1) == 0);
  const int error = good ? 0 : errno;
  ::close(s);
  return error;
}

}  // namespace

std::vector<PortUse> portsOf(const Config& config) {
  std::vector<PortUse> out;
  const auto add = [&](const char* key, bool udp, std::uint16_t port, const char* purpose) {
    out.push_back({key, udp, port, port, purpose});
  };
  add("http-port", false, config.httpPort,
      config.tls() ? "page and signalling (HTTPS)" : "page and signalling (HTTP)");
  add("turn-port", true, config.turnPort, "STUN and TURN");
  add("turn-port", false, config.turnPort, "TURN over TCP");
  add("turns-port", false, config.turnsPort, "TURN over TLS");
  if (config.stunAltPort) {
    add("stun-alt-port", true, *config.stunAltPort, "second STUN port");
  } else if (config.turnPort != 0 && config.turnPort < 65535) {
    add("stun-alt-port", true, static_cast<std::uint16_t>(config.turnPort + 1), "second STUN port");
  }
  out.push_back(
      {"relay-ports", true, config.relayPorts.first, config.relayPorts.last, "relayed media"});
  return out;
}

std::vector<ConfigError> tryPorts(const Config& config) {
  std::vector<ConfigError> errors;
  const auto attempt = [&](const PortUse& use, const IpAddress& ip) {
    const int error = tryBind(ip, use.first, use.udp);
    if (error == 0) return;
    const ConfigError found = bindError(use.key, use.first, ip, error);
    for (const ConfigError& old : errors)
      if (old.text() == found.text()) return;
    errors.push_back(found);
  };
  for (const PortUse& use : portsOf(config)) {
    if (use.first != use.last || use.first == 0) continue;
    for (const IpAddress& ip : config.bind)
      attempt(use, ip);
  }
  if (config.metricsPort && *config.metricsPort != 0) {
    attempt({"metrics-port", false, *config.metricsPort, *config.metricsPort, ""},
            IpAddress::loopback(Family::V4));
  }
  return errors;
}

}  // namespace parley::server
