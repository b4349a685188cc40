// The STUN and TURN server of `parley serve`: listeners over UDP, TCP and TLS, the relay engine on
// one thread a shard, and what the rest of the process may ask of them.
//
// Every member function may be called from any thread; none waits for a shard except start() and
// stop(). The object owns its threads and sockets: after stop() (or the destructor) all are gone,
// clients find their ports closed, and TURN has no message to tell them before.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/relay/relay_config.h"
#include "server/relay/relay_metrics.h"

namespace parley::server {

// Addresses that are really listened on, ports taken for 0 included.
struct RelayEndpoints {
  std::vector<Address> udp;
  std::vector<Address> tcp;
  std::vector<Address> tls;
  std::vector<Address> stunAlt;  // UDP, the second port
};

// What could not be had, in the words of the configuration.
struct RelayStartError {
  std::string key;    // "turn-port", "turns-port", "stun-alt-port", "bind", "relay-address", …
  std::string value;  // "127.0.0.1:3478/udp"
  Error error;
  std::string describe() const;
};

class RelayServer {
 public:
  static Result<std::unique_ptr<RelayServer>, RelayStartError> start(const RelayConfig& config);
  ~RelayServer();
  RelayServer(const RelayServer&) = delete;
  RelayServer& operator=(const RelayServer&) = delete;

  const RelayEndpoints& endpoints() const;
  unsigned shards() const;
  RelayMetrics metrics() const;  // a moment of running counters, added up over the shards

  // Users and secrets while running. A changed or removed user keeps allocations that stand until
  // they expire; they are refreshed only with the new password. The allocations of a removed
  // secret end within 10 minutes. false: a shard's mailbox was full and the change is not complete;
  // calling again is right.
  bool setUser(std::string_view name, std::string_view password);
  bool removeUser(std::string_view name);
  bool setSecrets(const std::vector<std::string>& secrets);

  // Closes everything and waits for the threads. Again is harmless.
  void stop();

 private:
  struct Impl;
  explicit RelayServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::server
