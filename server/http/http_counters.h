// The HTTP server's own counters, for /metrics. Counters only rise.
#pragma once

#include <array>
#include <cstdint>

namespace parley::server {

struct HttpCounters {
  std::uint64_t connectionsAccepted = 0;
  std::uint64_t connectionsRefused = 0;  // over a limit, or no descriptor left
  std::uint64_t upgrades = 0;
  std::uint64_t timeouts = 0;
  std::array<std::uint64_t, 6> answers{};  // by the status code's hundreds
  std::uint64_t connections = 0;           // now, WebSockets not counted
};

}  // namespace parley::server
