#include "server/relay_settings.h"

#include <algorithm>

#include "server/host_addresses.h"
#include "server/relay/relay_server.h"

namespace parley::server {
namespace {

std::uint16_t portOf(const std::vector<Address>& addresses) {
  return addresses.empty() ? std::uint16_t{0} : addresses.front().port();
}

}  // namespace

RelayConfig relayConfig(const Config& config, std::shared_ptr<driver::TlsContext> tls) {
  RelayConfig out;
  out.bind = config.bind;
  out.turnPort = config.turnPort;
  out.stunAltPort = config.stunAltPort;
  out.turnsPort = config.turnsPort;
  out.tls = std::move(tls);
  for (const IpAddress& external : config.externalIps) {
    // The address behind the external one: a bound one of its family, else the default route's.
    const auto bound =
        std::find_if(config.bind.begin(), config.bind.end(), [&](const IpAddress& ip) {
          return ip.family() == external.family() && !ip.isUnspecified();
        });
    const auto inside =
        bound != config.bind.end() ? std::optional(*bound) : defaultRouteAddress(external.family());
    if (inside) out.relayAddresses.push_back({*inside, external});
  }
  out.minRelayPort = config.relayPorts.first;
  out.maxRelayPort = config.relayPorts.last;
  out.realm = config.realm;
  for (const TurnUser& user : config.turnUsers)
    out.users.push_back({user.name, user.password.reveal()});
  for (const Secret& secret : config.turnSecrets)
    out.secrets.push_back(secret.reveal());
  out.allowPeers = config.allowPeers;
  out.denyPeers = config.denyPeers;
  out.shards = config.threads;
  return out;
}

Relay::Relay() = default;
Relay::~Relay() = default;

Result<std::unique_ptr<Relay>, ConfigError> Relay::start(const Config& config,
                                                         std::shared_ptr<driver::TlsContext> tls) {
  auto started = RelayServer::start(relayConfig(config, std::move(tls)));
  if (!started) {
    const RelayStartError& e = started.error();
    return ConfigError{e.key, e.value, "", e.error.describe(),
                       "stop the program that has it, or choose another port (0 takes a free one)"};
  }
  std::unique_ptr<Relay> out(new Relay());
  out->server_ = std::move(*started);
  return out;
}

std::uint16_t Relay::turnPort() const {
  return portOf(server_->endpoints().udp);
}
std::uint16_t Relay::stunAltPort() const {
  return portOf(server_->endpoints().stunAlt);
}
std::uint16_t Relay::turnsPort() const {
  return portOf(server_->endpoints().tls);
}
std::optional<RelayMetrics> Relay::metrics() const {
  return server_->metrics();
}
void Relay::stop() {
  server_->stop();
}

}  // namespace parley::server
