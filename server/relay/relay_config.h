// What a STUN and TURN server is started with. Values only; defaults are those of
// `parley serve` on one machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "base/units.h"
#include "driver/tls_context.h"
#include "net/address.h"

namespace parley::server {

struct RelayUser {
  std::string name;
  std::string password;  // secret: never logged
};

// An address of this machine that relay sockets are bound to, and the one that the world knows it
// by (a cloud's one-to-one NAT), if that is another.
struct RelayAddress {
  IpAddress ip;
  std::optional<IpAddress> external;
};

struct RelayLimits {
  std::uint32_t allocations = 10'000;        // of the server
  std::uint32_t allocationsPerUser = 100;    // of one long-term user or one minted name
  std::uint32_t allocationsPerSource = 400;  // of one IPv4 address or IPv6 /56
  std::uint32_t connections = 10'000;        // TCP and TLS, of the server
  std::uint32_t connectionsPerSource = 400;
  DataRate mintedRate;  // of one allocation of a minted user, each way; zero: not limited
};

struct RelayConfig {
  // Where to listen. 0.0.0.0 and :: take every interface; answers leave from the address that was
  // asked.
  std::vector<IpAddress> bind = {IpAddress::v4(127, 0, 0, 1)};
  std::uint16_t turnPort = 3478;  // UDP and TCP; 0 takes a free one
  // A second UDP port, so that a client can see whether its NAT maps each destination anew.
  // Without a value: turnPort + 1, or a free one when turnPort is 0.
  std::optional<std::uint16_t> stunAltPort;
  std::uint16_t turnsPort = 5349;           // TLS over TCP; used only with `tls`
  std::shared_ptr<driver::TlsContext> tls;  // null: no TLS

  // Empty: the addresses of `bind`; for a wildcard, the address that the default route leaves by.
  std::vector<RelayAddress> relayAddresses;
  // Inclusive. The default is the part of RFC 8656's range (section 7.2) that Linux does not give
  // to outgoing connections.
  std::uint16_t minRelayPort = 61'000;
  std::uint16_t maxRelayPort = 65'535;

  std::string realm = "parley";
  std::vector<RelayUser> users;
  // For short-lived credentials `expiry:userid`; the newest first, all are accepted.
  std::vector<std::string> secrets;

  // Exceptions to what is refused by default, and further refusals; a refusal wins.
  std::vector<Prefix> allowPeers;
  std::vector<Prefix> denyPeers;
  // Further listeners of this process (HTTP), which no exception opens to relayed packets.
  std::vector<Address> otherListeners;

  Duration maxLifetime = 3600s;  // of an allocation between refreshes
  RelayLimits limits;
  unsigned shards = 0;  // threads; 0: one a core
};

}  // namespace parley::server
