// The relay's counters as one value. Counters run from the start of the server and never fall;
// gauges say what is now. No name, address or other text that a user chooses is in here.
#pragma once

#include <cstdint>

namespace parley::server {

struct RelayMetrics {
  // Gauges.
  std::uint64_t allocations = 0;
  std::uint64_t connections = 0;  // TCP and TLS

  // Counters.
  std::uint64_t allocationsMade = 0;
  std::uint64_t allocationsRefused = 0;
  std::uint64_t authenticationFailures = 0;
  std::uint64_t bindingRequests = 0;
  std::uint64_t packetsToPeers = 0;
  std::uint64_t packetsToClients = 0;
  std::uint64_t bytesToPeers = 0;  // payload
  std::uint64_t bytesToClients = 0;
  std::uint64_t peersRefused = 0;      // a permission or a packet that the address rules forbid
  std::uint64_t datagramsDropped = 0;  // no permission, no binding, malformed, over a limit
  std::uint64_t sendsDropped = 0;      // the socket or a stream's queue was full
  std::uint64_t sendErrors = 0;
  std::uint64_t connectionsAccepted = 0;
  std::uint64_t connectionsRefused = 0;  // over a limit, or no descriptor left
  std::uint64_t tlsFailures = 0;
  std::uint64_t mailboxFull = 0;  // messages between shards that were lost: an error of ours
};

}  // namespace parley::server
