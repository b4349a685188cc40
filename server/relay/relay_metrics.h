// The relay's counters as one value. Counters run from the start of the server and never fall;
// gauges say what is now. No name, address or other text that a user chooses is in here.
#pragma once

#include <cstdint>

namespace parley::server {

struct RelayMetrics {
  // Gauges.
  std::uint64_t allocationsUdp = 0;  // by the client's transport
  std::uint64_t allocationsTcp = 0;
  std::uint64_t allocationsTls = 0;
  std::uint64_t connections = 0;  // TCP and TLS

  // Counters.
  std::uint64_t allocationsMade = 0;
  std::uint64_t requestsRefused = 0;  // authenticated, but over a quota or against a rule
  std::uint64_t challenges = 0;       // 401 and 438: no, old or wrong credentials
  std::uint64_t bindingRequests = 0;
  std::uint64_t answersLimited = 0;  // errors held back, one source asked too often
  std::uint64_t malformedMessages = 0;

  std::uint64_t packetsToPeers = 0;
  std::uint64_t packetsToClients = 0;
  std::uint64_t bytesToPeers = 0;  // payload
  std::uint64_t bytesToClients = 0;

  std::uint64_t droppedNoPermission = 0;  // datagrams; also without a channel or an allocation
  std::uint64_t droppedDeniedPeer = 0;
  std::uint64_t droppedOverRate = 0;
  std::uint64_t droppedOther = 0;        // not TURN, malformed, too large, the engine's queue full
  std::uint64_t droppedUnsent = 0;       // the socket had no room
  std::uint64_t droppedFromStreams = 0;  // old media in the queue of a slow TCP or TLS client
  std::uint64_t sendErrors = 0;          // datagrams the system refused to send

  std::uint64_t connectionsAccepted = 0;
  std::uint64_t connectionsRefused = 0;  // over a limit, or no descriptor left
  std::uint64_t connectionsFailed = 0;   // ended by us: TLS, time limits, rubbish
  std::uint64_t mailboxFull = 0;         // orders to a shard that were lost: an error of ours
};

}  // namespace parley::server
