#include <algorithm>

#include "server/config/load.h"

namespace parley::server {
namespace {

class Finder {
 public:
  Finder(const Config& config, const GivenSettings& given) : config_(config), given_(given) {}

  std::vector<ConfigError> find() {
    tls();
    addresses();
    ports();
    tokens();
    if (config_.proxyProtocol && config_.trustedProxies.empty()) {
      add("proxy-protocol", "true", "needs to know whose PROXY header to believe",
          "give trusted-proxy as well");
    }
    if (config_.stateDir.empty()) {
      add("state-dir", "", "has no default here, for neither HOME nor XDG_STATE_HOME is set",
          "give state-dir");
    }
    return std::move(errors_);
  }

 private:
  void add(const char* key, std::string value, std::string problem, std::string remedy) {
    const auto it = given_.find(key);
    errors_.push_back({key, std::move(value), it == given_.end() ? "" : it->second.source,
                       std::move(problem), std::move(remedy)});
  }

  void tls() {
    if (config_.tlsCert.empty() != config_.tlsKey.empty()) {
      const bool cert = !config_.tlsCert.empty();
      add(cert ? "tls-cert" : "tls-key", cert ? config_.tlsCert : config_.tlsKey,
          cert ? "has no private key" : "has no certificate",
          cert ? "give tls-key as well" : "give tls-cert as well");
    }
    if (config_.tlsSelfSigned && !config_.tlsCert.empty()) {
      add("tls-self-signed", "true", "contradicts tls-cert", "give one of the two");
    }
  }

  void addresses() {
    if (config_.bind.empty()) {
      add("bind", "", "names no address", "give one, such as 127.0.0.1");
    }
    const bool loopback = std::all_of(config_.bind.begin(), config_.bind.end(),
                                      [](const IpAddress& ip) { return ip.isLoopback(); });
    if (config_.lan && loopback && !config_.bind.empty()) {
      add("bind", config_.bind.front().toString(),
          "contradicts lan: no other device can reach a loopback address",
          "leave out bind, or give the address of an interface");
    }
    for (const IpAddress& ip : config_.externalIps) {
      if (!ip.isUnspecified() && !ip.isLoopback()) continue;
      add("external-ip", ip.toString(), "cannot be reached from outside",
          "give the public address of this machine");
    }
  }

  void ports() {
    struct Port {
      const char* key;
      std::uint16_t number;
    };
    std::vector<Port> used{{"http-port", config_.httpPort},
                           {"turn-port", config_.turnPort},
                           {"turns-port", config_.turnsPort}};
    if (config_.metricsPort) used.push_back({"metrics-port", *config_.metricsPort});
    if (config_.stunAltPort) used.push_back({"stun-alt-port", *config_.stunAltPort});
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (used[i].number == 0) continue;
      const std::string number = std::to_string(used[i].number);
      for (std::size_t j = 0; j < i; ++j) {
        if (used[j].number != used[i].number) continue;
        add(used[i].key, number, std::string("is taken by ") + used[j].key,
            "give each its own port, or 0 for a free one");
      }
      if (used[i].number >= config_.relayPorts.first && used[i].number <= config_.relayPorts.last) {
        add(used[i].key, number, "lies in relay-ports",
            "choose a port outside " + std::to_string(config_.relayPorts.first) + "-" +
                std::to_string(config_.relayPorts.last));
      }
    }
  }

  void tokens() {
    if (!config_.tokenKeys.empty()) return;
    const auto it = given_.find("tokens");
    if (it != given_.end() && !it->second.source.empty()) {
      add("tokens", it->second.values.front(), "means nothing without a key",
          "give token-key as well");
    }
  }

  const Config& config_;
  const GivenSettings& given_;
  std::vector<ConfigError> errors_;
};

}  // namespace

std::vector<ConfigError> findContradictions(const Config& config, const GivenSettings& given) {
  return Finder(config, given).find();
}

}  // namespace parley::server
