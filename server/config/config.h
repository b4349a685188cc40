// What `parley serve` is told: the typed result of command line, environment, file and defaults.
//
// A Config that load() returned without errors is consistent: every value is in its range, no two
// settings contradict each other, and what it names on disk has been looked at (certificates are
// read by tls_files.h). It holds secrets (class Secret) and is never printed as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address.h"
#include "server/config/secret.h"

namespace parley::server {

enum class LogLevel : std::uint8_t { Trace, Debug, Info, Warning, Error, Off };
enum class LogFormat : std::uint8_t { Text, Json };
enum class TokenMode : std::uint8_t { Required, Optional };
enum class TokenAlgorithm : std::uint8_t { Hs256, Rs256, Es256 };

const char* name(TokenAlgorithm algorithm);

struct TurnUser {
  std::string name;
  Secret password;
};

struct TokenKey {
  std::string id;  // `kid`; may be empty
  TokenAlgorithm algorithm = TokenAlgorithm::Hs256;
  Secret key;  // the bytes (HS256), or PEM
};

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};

// The limits of docs/signalling.md, section 13. Counts, unless a unit is named.
struct SignalLimits {
  std::uint32_t roomSize = 16;
  std::uint32_t sockets = 0;
  std::uint32_t socketsPerAddress = 0;
  std::uint32_t membersPerAddress = 0;
  std::uint32_t roomsPerAddress = 0;
  std::uint32_t messageRate = 0;      // a second and member
  std::uint32_t messageByteRate = 0;  // bytes a second and member
  Duration resumeTime{};
  Duration idleTimeout{};
};

struct Config {
  std::vector<IpAddress> bind;
  std::uint16_t httpPort = 0;  // 0: a free one, for all ports
  std::uint16_t turnPort = 0;
  std::uint16_t turnsPort = 0;
  std::optional<std::uint16_t> stunAltPort;
  std::optional<std::uint16_t> metricsPort;

  std::vector<std::string> hosts;  // lower case, without port
  bool lan = false;
  bool tlsSelfSigned = false;
  std::string tlsCert;
  std::string tlsKey;
  std::string stateDir;

  std::vector<IpAddress> externalIps;
  PortRange relayPorts;
  std::vector<Prefix> allowPeers;
  std::vector<Prefix> denyPeers;
  std::vector<TurnUser> turnUsers;
  std::vector<Secret> turnSecrets;  // the first one mints; none: one kept in the state directory
  std::string realm;
  Duration credentialLifetime{};

  std::vector<TokenKey> tokenKeys;
  TokenMode tokenMode = TokenMode::Required;
  std::vector<std::string> anonymousRights;
  std::string tokenAudience;

  std::vector<std::string> allowOrigins;  // "https://example.org:8443", lower case; or "*"
  std::vector<Prefix> trustedProxies;
  bool proxyProtocol = false;

  SignalLimits limits;
  LogLevel logLevel = LogLevel::Info;
  LogFormat logFormat = LogFormat::Text;
  bool json = false;
  std::uint32_t threads = 0;  // shards of the relay; 0: one a processor

  // HTTP over TLS, by a certificate of the operator's or our own.
  bool tls() const { return tlsSelfSigned || lan || !tlsCert.empty(); }
  bool ownCertificate() const { return !tlsCert.empty(); }
  // Only this machine can reach the listeners, and nobody forwards to them.
  bool loopbackOnly() const;
};

}  // namespace parley::server
