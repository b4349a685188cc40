// From the configuration to the STUN and TURN server, and its start in the configuration's words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "driver/tls_context.h"
#include "server/config/load.h"
#include "server/relay/relay_config.h"
#include "server/relay/relay_metrics.h"

namespace parley::server {

class RelayServer;

RelayConfig relayConfig(const Config& config, std::shared_ptr<driver::TlsContext> tls);

class Relay {
 public:
  static Result<std::unique_ptr<Relay>, ConfigError> start(const Config& config,
                                                           std::shared_ptr<driver::TlsContext> tls);
  ~Relay();

  std::uint16_t turnPort() const;
  std::uint16_t stunAltPort() const;
  std::uint16_t turnsPort() const;
  std::optional<RelayMetrics> metrics() const;
  void stop();

 private:
  Relay();
  std::unique_ptr<RelayServer> server_;
};

}  // namespace parley::server
