// Whether the ports of a configuration are free here, and which ones a firewall must let in.
#pragma once

#include <string>
#include <vector>

#include "server/config/load.h"

namespace parley::server {

struct PortUse {
  std::string key;  // the setting it comes from
  bool udp = false;
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  std::string purpose;
};

// In the order of the documentation. Ports given as 0 (any free one) have first 0.
std::vector<PortUse> portsOf(const Config& config);
// Binds each port on each address for a moment. Relay ports are taken as they are needed and not
// tried. One error for each port that cannot be had.
std::vector<ConfigError> tryPorts(const Config& config);

}  // namespace parley::server
