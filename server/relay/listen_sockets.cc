#include "server/relay/listen_sockets.h"

#include <utility>

namespace parley::server {
namespace {

// How often a free port is looked for that is free for all addresses and kinds at once.
constexpr int kFreePortAttempts = 32;

template <class Socket>
struct Bound {
  std::vector<std::vector<Socket>> sockets;  // [shard][address]
  std::vector<Address> addresses;
  std::uint16_t port = 0;
};

Result<driver::UdpSocket> open(const Address& a, bool shared, driver::UdpSocket*) {
  driver::UdpOptions options;
  options.shared = shared;
  return driver::UdpSocket::bind(a, options);
}
Result<driver::TcpSocket> open(const Address& a, bool shared, driver::TcpSocket*) {
  return driver::TcpSocket::bind(a, shared);
}

template <class Socket>
Status openOnShards(Bound<Socket>& out, const Address& at, unsigned shards) {
  Socket* const kind = nullptr;
  auto first = open(at, false, kind);
  if (!first) return first.error();
  const Address local = first->local();
  if (shards > 1) {
    if (const Status s = first->share(); !s) return s.error();
  }
  out.sockets[0].push_back(std::move(first).value());
  for (unsigned i = 1; i < shards; ++i) {
    auto next = open(local, true, kind);
    if (!next) return next.error();
    out.sockets[i].push_back(std::move(next).value());
  }
  out.addresses.push_back(local);
  out.port = local.port();
  return Ok{};
}

struct Failure {
  Address address;
  Error error;
};

template <class Socket>
Result<Bound<Socket>, Failure> openAll(const std::vector<IpAddress>& ips, std::uint16_t port,
                                       unsigned shards) {
  Bound<Socket> out;
  out.sockets.resize(shards);
  for (const IpAddress& ip : ips) {
    // Once a free port is found for the first address, the others take the same.
    const Address at(ip, out.port != 0 ? out.port : port);
    if (const Status s = openOnShards(out, at, shards); !s) return Failure{at, s.error()};
  }
  return out;
}

// As openAll(), and with port 0 again until one is free on all addresses.
template <class Socket>
Result<Bound<Socket>, Failure> openFree(const std::vector<IpAddress>& ips, std::uint16_t port,
                                        unsigned shards) {
  auto bound = openAll<Socket>(ips, port, shards);
  for (int i = 1; port == 0 && !bound && i < kFreePortAttempts; ++i) {
    if (bound.error().error.code() != ErrorCode::InUse) break;
    bound = openAll<Socket>(ips, 0, shards);
  }
  return bound;
}

struct TurnPorts {
  Bound<driver::UdpSocket> udp;
  Bound<driver::TcpSocket> tcp;
};

RelayStartError failed(const Failure& failure, const char* key, const char* transport) {
  // An address that cannot be bound is the address's fault, whatever the port.
  const bool address = failure.error.code() == ErrorCode::System;
  return {address ? "bind" : key, failure.address.toString() + "/" + transport, failure.error};
}

Result<TurnPorts, RelayStartError> openTurnPorts(const RelayConfig& config, unsigned shards) {
  for (int attempt = 1;; ++attempt) {
    auto udp = openFree<driver::UdpSocket>(config.bind, config.turnPort, shards);
    if (!udp) return failed(udp.error(), "turn-port", "udp");
    auto tcp = openFree<driver::TcpSocket>(config.bind, udp->port, shards);
    if (tcp) return TurnPorts{std::move(udp).value(), std::move(tcp).value()};
    const bool again = config.turnPort == 0 && attempt < kFreePortAttempts &&
                       tcp.error().error.code() == ErrorCode::InUse;
    if (!again) return failed(tcp.error(), "turn-port", "tcp");
  }
}

Result<Bound<driver::UdpSocket>, RelayStartError> openStunAlt(const RelayConfig& config,
                                                              std::uint16_t turnPort,
                                                              unsigned shards) {
  const bool wished = config.stunAltPort.has_value();
  const bool next = !wished && config.turnPort != 0 && turnPort != UINT16_MAX;
  const auto port =
      static_cast<std::uint16_t>(next ? turnPort + 1 : config.stunAltPort.value_or(0));
  auto bound = openFree<driver::UdpSocket>(config.bind, port, shards);
  // Nobody asked for this very number.
  if (!bound && next) bound = openFree<driver::UdpSocket>(config.bind, 0, shards);
  if (!bound) return failed(bound.error(), "stun-alt-port", "udp");
  return std::move(bound).value();
}

}  // namespace

Result<ListenSockets, RelayStartError> ListenSockets::bind(const RelayConfig& config,
                                                           unsigned shards) {
  if (config.bind.empty()) {
    return RelayStartError{"bind", "", Error{ErrorCode::Invalid, "listen on no address"}};
  }
  ListenSockets out;
  auto turn = openTurnPorts(config, shards);
  if (!turn) return turn.error();
  auto alt = openStunAlt(config, turn->udp.port, shards);
  if (!alt) return alt.error();
  if (config.tls) {
    auto tls = openFree<driver::TcpSocket>(config.bind, config.turnsPort, shards);
    if (!tls) return failed(tls.error(), "turns-port", "tcp");
    out.tls = std::move(tls->sockets);
    out.endpoints.tls = std::move(tls->addresses);
  }
  out.udp = std::move(turn->udp.sockets);
  out.endpoints.udp = std::move(turn->udp.addresses);
  out.tcp = std::move(turn->tcp.sockets);
  out.endpoints.tcp = std::move(turn->tcp.addresses);
  out.stunAlt = std::move(alt->sockets);
  out.endpoints.stunAlt = std::move(alt->addresses);
  return out;
}

}  // namespace parley::server
