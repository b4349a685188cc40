// What `parley probe` finds out: this machine's addresses, what its NAT does (RFC 5780), and which
// STUN and TURN servers answer over which transport and how fast. Runs a loop of its own until all
// is known or the time is over; asks nobody but the servers named.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/interfaces.h"
#include "driver/tls_context.h"
#include "stun/client/nat_discovery.h"
#include "stun/uri.h"

namespace parley::cli {

struct ProbeServer {
  std::string url;
  stun::Uri uri;
  std::string username;
  std::string password;
};

struct ProbeOptions {
  std::vector<ProbeServer> servers;
  driver::TlsClientOptions tls;
  Duration timeout = 20s;  // for all of it
};

struct ProbeService {
  std::string kind;  // "STUN", "TURN/UDP", "TURN/TCP", "TURN/TLS"
  std::string url;
  std::optional<Address> server;  // nothing: its name was not found
  bool answers = false;
  Duration took{};      // STUN: the round trip; TURN: from the first packet to the allocation
  std::string problem;  // of one that does not answer, for people
  std::optional<Address> mapped;
  std::optional<Address> relayed;
};

struct ProbeNat {
  Family family = Family::V4;
  stun::NatReport report;
};

struct ProbeReport {
  std::vector<driver::Interface> interfaces;
  std::vector<ProbeNat> nat;  // of each family that a server was asked in
  std::vector<ProbeService> services;
};

// Fails only when there is no loop or no TLS to be had.
Result<ProbeReport> runProbe(const ProbeOptions& options);

}  // namespace parley::cli
