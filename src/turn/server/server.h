// The STUN and TURN server of one shard (RFC 8489, RFC 8656) as a machine without I/O: it answers
// Binding and the TURN methods over UDP, TCP and TLS clients, keeps the allocations, and says of
// every relayed train where it goes.
//
// The driver
//   - hands every train to route() first and does what the verdict says with its own receive
//     buffer (verdict.h); what is Control goes to handleDatagrams(). Where speed does not matter
//     (simulation), handleDatagrams() alone does all of it and copies relayed bytes.
//   - gives each client socket or connection and each relay socket its own LinkId. A train's path
//     names the link, our address there (`local`, the concrete one, not a wildcard) and the other
//     end (`remote`). IPv4 over an IPv6 socket is given as IPv4.
//   - cuts streams with StreamFramer (turn/stream_framer.h): one message, without its padding, is
//     one train. STUN answers need no padding; Forward verdicts to streams say theirs.
//   - drains after each call that may change the engine (net/engine.h). route() is no such call:
//     it changes counters only.
//   - calls setWallTime() at the start, then every few seconds and whenever the clock jumped.
//
// What it does not do: RFC 6062, RFC 5780, mobility and DONT-FRAGMENT (answered as the RFCs say
// for servers without them); sockets; logs. No relayed packet allocates memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "net/engine.h"
#include "turn/server/config.h"
#include "turn/server/counters.h"
#include "turn/server/events.h"
#include "turn/server/relay_registry.h"
#include "turn/server/verdict.h"

namespace parley::turn {

class Server {
 public:
  using Event = ServerEvent;

  // config must be valid (validate()). `registry` is shared by the shards of one process; without
  // it the engine keeps its own. random and registry must outlive the engine.
  Server(Config config, RandomSource& random, RelayRegistry* registry = nullptr);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The fast path. The first two are route() where the driver knows the side the train came from.
  Verdict routeFromClient(const Train& in, Time now);
  Verdict routeFromPeer(const Train& in, Time now);
  Verdict route(const Train& in, Time now);

  // The five verbs. Trains of either side.
  void handleDatagrams(const Train& in, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const;
  More pollTransmit(TransmitBatch& out, Time now);
  std::optional<Event> pollEvent();

  // A client's stream closed: its allocation ends. Other events are ignored.
  void handlePathEvent(const Path& path, PathEvent event, Time now);
  // The answer to a BindRelay event. An answer nobody waits for is closed at once.
  void handleRelayBound(RelayId relay, const Result<LinkId>& bound, Time now);

  // What expiring credentials are measured with; they are refused until it was called.
  void setWallTime(WallTime wall, Time now);
  // Replaces users and secrets. Allocations whose credential is gone end within kRevocationGrace.
  void setCredentials(Credentials credentials, Time now);
  // Replaces the rules, for example when an interface changed. Permissions that the new rules deny
  // stop passing at once.
  void setPeerRules(PeerRules rules);
  // Ends every allocation.
  void closeAll(Time now);

  std::size_t allocationCount() const;
  const Counters& counters() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

static_assert(Engine<Server>);

}  // namespace parley::turn
