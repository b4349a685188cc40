#include "server/relay/relay_server.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>

#include "crypto/random.h"
#include "driver/host_limits.h"
#include "driver/interfaces.h"
#include "server/relay/listen_sockets.h"
#include "server/relay/live_relays.h"
#include "server/relay/relay_shard.h"

namespace parley::server {
namespace {

constexpr unsigned kMaxShards = 64;

unsigned shardCount(const RelayConfig& config) {
  const unsigned wanted = config.shards != 0 ? config.shards : std::thread::hardware_concurrency();
  return std::clamp(wanted, 1u, kMaxShards);
}

// Where a wildcard relays from: the address the default route leaves by; on a machine without one,
// the first address that is up, and on one without a network, loopback.
IpAddress relayAddressFor(const IpAddress& wildcard) {
  if (const auto ip = driver::defaultSourceAddress(wildcard.family())) return ip.value();
  if (const auto interfaces = driver::listInterfaces()) {
    for (const driver::Interface& i : *interfaces) {
      if (i.up && !i.loopback && i.address.family() == wildcard.family()) return i.address;
    }
  }
  return IpAddress::loopback(wildcard.family());
}

std::vector<turn::RelayAddress> relayAddresses(const RelayConfig& config) {
  std::vector<turn::RelayAddress> out;
  for (const RelayAddress& a : config.relayAddresses) {
    out.push_back({a.ip, a.external});
  }
  if (!out.empty()) return out;
  for (const IpAddress& ip : config.bind) {
    const IpAddress relay = ip.isUnspecified() ? relayAddressFor(ip) : ip;
    const bool known = std::any_of(out.begin(), out.end(),
                                   [&relay](const auto& known_) { return known_.bind == relay; });
    if (!known) out.push_back({relay, std::nullopt});
  }
  return out;
}

std::uint32_t share(std::uint32_t whole, unsigned shards) {
  return (whole + shards - 1) / shards;
}

turn::Credentials credentials(const RelayConfig& config) {
  turn::Credentials out;
  for (const RelayUser& u : config.users) {
    out.users.push_back({u.name, u.password});
  }
  out.secrets = config.secrets;
  return out;
}

turn::Config engineConfig(const RelayConfig& config, const RelayEndpoints& endpoints,
                          unsigned shards) {
  turn::Config c;
  c.realm = config.realm;
  c.credentials = credentials(config);
  c.staticUserLimits.maxAllocations = config.limits.allocationsPerUser;
  c.restUserLimits.maxAllocations = config.limits.allocationsPerUser;
  c.restUserLimits.bandwidth = config.limits.mintedRate;
  c.relayAddresses = relayAddresses(config);
  c.minPort = config.minRelayPort;
  c.maxPort = config.maxRelayPort;
  c.peers.allow = config.allowPeers;
  c.peers.deny = config.denyPeers;
  if (const auto interfaces = driver::listInterfaces()) {
    for (const driver::Interface& i : *interfaces) {
      c.peers.ownAddresses.push_back(i.address);
    }
  }
  c.peers.listeners = config.otherListeners;
  for (const auto* list : {&endpoints.udp, &endpoints.tcp, &endpoints.tls, &endpoints.stunAlt}) {
    c.peers.listeners.insert(c.peers.listeners.end(), list->begin(), list->end());
  }
  c.maxLifetime = config.maxLifetime;
  c.maxAllocations = share(config.limits.allocations, shards);
  c.maxAllocationsPerSource = config.limits.allocationsPerSource;
  // One nonce key: a client whose next connection lands on another shard need not ask again.
  c.nonceKey.emplace();
  crypto::SystemRandom().fill(*c.nonceKey);
  return c;
}

}  // namespace

std::string RelayStartError::describe() const {
  return key + " " + value + ": " + error.describe();
}

struct RelayServer::Impl {
  Impl(const std::vector<IpAddress>& relayIps, const RelayLimits& limits)
      : liveRelays(relayIps), connections(limits.connections, limits.connectionsPerSource) {}

  LiveRelays liveRelays;
  ConnectionLimiter connections;
  RelayEndpoints endpoints;
  std::vector<std::unique_ptr<RelayShard>> shards;
  std::vector<std::thread> threads;
  std::mutex mutex;  // of credentials, and of stop()
  turn::Credentials credentials;

  Status addShard(const turn::Config& config, std::shared_ptr<driver::TlsContext> tls,
                  ListenSockets& sockets);
  bool tellCredentials();
};

Status RelayServer::Impl::addShard(const turn::Config& config,
                                   std::shared_ptr<driver::TlsContext> tls,
                                   ListenSockets& sockets) {
  const std::size_t i = shards.size();
  turn::Config own = config;
  own.shard = static_cast<std::uint8_t>(i);
  auto made = RelayShard::make(own, {liveRelays, connections, std::move(tls)});
  if (!made) return made.error();
  RelayShard& shard = **made;
  shards.push_back(std::move(made).value());
  for (driver::UdpSocket& s : sockets.udp[i]) {
    if (const Status added = shard.addUdp(std::move(s), UdpPort::Role::Clients); !added) {
      return added.error();
    }
  }
  for (driver::UdpSocket& s : sockets.stunAlt[i]) {
    if (const Status added = shard.addUdp(std::move(s), UdpPort::Role::StunOnly); !added) {
      return added.error();
    }
  }
  for (driver::TcpSocket& s : sockets.tcp[i]) {
    if (const Status added = shard.addTcp(std::move(s), false); !added) return added.error();
  }
  for (std::size_t k = 0; !sockets.tls.empty() && k < sockets.tls[i].size(); ++k) {
    if (const Status added = shard.addTcp(std::move(sockets.tls[i][k]), true); !added) {
      return added.error();
    }
  }
  return Ok{};
}

bool RelayServer::Impl::tellCredentials() {
  bool all = true;
  for (const auto& shard : shards) {
    all = shard->setCredentials(credentials) && all;
  }
  return all;
}

RelayServer::RelayServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RelayServer::~RelayServer() {
  stop();
}

Result<std::unique_ptr<RelayServer>, RelayStartError> RelayServer::start(
    const RelayConfig& config) {
  driver::raiseDescriptorLimit();
  const unsigned shards = shardCount(config);
  auto sockets = ListenSockets::bind(config, shards);
  if (!sockets) return sockets.error();
  const turn::Config engine = engineConfig(config, sockets->endpoints, shards);
  if (const Status valid = turn::validate(engine); !valid) {
    return RelayStartError{valid.error().what(), "", valid.error()};
  }
  std::vector<IpAddress> relayIps;
  for (const turn::RelayAddress& a : engine.relayAddresses) {
    // What cannot be bound now will not be bound for a client.
    const auto probe = driver::UdpSocket::bind(Address(a.bind, 0));
    if (!probe) return RelayStartError{"relay-address", a.bind.toString(), probe.error()};
    relayIps.push_back(a.bind);
  }
  auto impl = std::make_unique<Impl>(relayIps, config.limits);
  impl->endpoints = sockets->endpoints;
  impl->credentials = engine.credentials;
  for (unsigned i = 0; i < shards; ++i) {
    const Status added = impl->addShard(engine, config.tls, sockets.value());
    // Two may bind a TCP port at once, but only one can listen.
    if (!added) return RelayStartError{"turn-port", "", added.error()};
  }
  for (const auto& shard : impl->shards) {
    impl->threads.emplace_back([&s = *shard] { s.run(); });
  }
  return std::unique_ptr<RelayServer>(new RelayServer(std::move(impl)));
}

const RelayEndpoints& RelayServer::endpoints() const {
  return impl_->endpoints;
}

unsigned RelayServer::shards() const {
  return static_cast<unsigned>(impl_->shards.size());
}

RelayMetrics RelayServer::metrics() const {
  RelayMetrics sum;
  for (const auto& shard : impl_->shards) {
    shard->addMetrics(sum);
  }
  return sum;
}

bool RelayServer::setUser(std::string_view name, std::string_view password) {
  const std::lock_guard lock(impl_->mutex);
  auto& users = impl_->credentials.users;
  const auto it =
      std::find_if(users.begin(), users.end(), [name](const auto& u) { return u.name == name; });
  if (it != users.end()) {
    it->password = password;
  } else {
    users.push_back({std::string(name), std::string(password)});
  }
  return impl_->tellCredentials();
}

bool RelayServer::removeUser(std::string_view name) {
  const std::lock_guard lock(impl_->mutex);
  std::erase_if(impl_->credentials.users, [name](const auto& u) { return u.name == name; });
  return impl_->tellCredentials();
}

bool RelayServer::setSecrets(const std::vector<std::string>& secrets) {
  const std::lock_guard lock(impl_->mutex);
  impl_->credentials.secrets = secrets;
  return impl_->tellCredentials();
}

void RelayServer::stop() {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& shard : impl_->shards) {
    shard->stop();
  }
  for (std::thread& t : impl_->threads) {
    if (t.joinable()) t.join();
  }
  impl_->threads.clear();
}

}  // namespace parley::server
