#include "server/config/settings.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace parley::server {
namespace {

using Kind = Setting::Kind;
using Values = std::vector<std::string>;
using Outcome = std::optional<Setting::Bad>;

// One value by a parser.
template <auto Member, auto Parser, auto... Args>
Outcome one(Config& config, const Values& values) {
  auto parsed = Parser(values.front(), Args...);
  if (auto* bad = std::get_if<ValueProblem>(&parsed)) {
    return Setting::Bad{values.front(), std::move(*bad)};
  }
  config.*Member = std::get<0>(std::move(parsed));
  return {};
}

template <auto Member, auto Parser, auto... Args>
Outcome list(Config& config, const Values& values) {
  (config.*Member).clear();
  for (const std::string& value : values) {
    auto parsed = Parser(value, Args...);
    if (auto* bad = std::get_if<ValueProblem>(&parsed)) return Setting::Bad{value, std::move(*bad)};
    (config.*Member).push_back(std::get<0>(std::move(parsed)));
  }
  return {};
}

template <auto Member>
Outcome text(Config& config, const Values& values) {
  config.*Member = values.front();
  return {};
}

template <auto Member, std::uint32_t Low, std::uint32_t High>
Outcome limit(Config& config, const Values& values) {
  auto parsed = parseCount(values.front(), Low, High);
  if (auto* bad = std::get_if<ValueProblem>(&parsed)) {
    return Setting::Bad{values.front(), std::move(*bad)};
  }
  config.limits.*Member = std::get<0>(parsed);
  return {};
}

template <auto Member, std::int64_t Low, std::int64_t High>
Outcome timeLimit(Config& config, const Values& values) {
  auto parsed =
      parseDuration(values.front(), std::chrono::seconds{Low}, std::chrono::seconds{High});
  if (auto* bad = std::get_if<ValueProblem>(&parsed)) {
    return Setting::Bad{values.front(), std::move(*bad)};
  }
  config.limits.*Member = std::get<0>(parsed);
  return {};
}

Outcome credentialLifetime(Config& config, const Values& values) {
  auto parsed = parseDuration(values.front(), 1min, 24h);
  if (auto* bad = std::get_if<ValueProblem>(&parsed)) {
    return Setting::Bad{values.front(), std::move(*bad)};
  }
  config.credentialLifetime = std::get<0>(parsed);
  return {};
}

template <class Enum, std::size_t N>
Outcome choice(Enum& target, const std::string& value,
               const std::array<std::pair<std::string_view, Enum>, N>& choices) {
  std::string names;
  for (const auto& [text, meaning] : choices) {
    if (value == text) {
      target = meaning;
      return {};
    }
    names += (names.empty() ? "" : ", ") + std::string(text);
  }
  return Setting::Bad{value, {"is not one of the choices", "give one of " + names}};
}

Outcome logLevel(Config& config, const Values& values) {
  static constexpr std::array<std::pair<std::string_view, LogLevel>, 6> kLevels{
      {{"trace", LogLevel::Trace},
       {"debug", LogLevel::Debug},
       {"info", LogLevel::Info},
       {"warning", LogLevel::Warning},
       {"error", LogLevel::Error},
       {"off", LogLevel::Off}}};
  return choice(config.logLevel, values.front(), kLevels);
}

Outcome logFormat(Config& config, const Values& values) {
  static constexpr std::array<std::pair<std::string_view, LogFormat>, 2> kFormats{
      {{"text", LogFormat::Text}, {"json", LogFormat::Json}}};
  return choice(config.logFormat, values.front(), kFormats);
}

Outcome tokenMode(Config& config, const Values& values) {
  static constexpr std::array<std::pair<std::string_view, TokenMode>, 2> kModes{
      {{"required", TokenMode::Required}, {"optional", TokenMode::Optional}}};
  return choice(config.tokenMode, values.front(), kModes);
}

Outcome anonymousRights(Config& config, const Values& values) {
  config.anonymousRights.clear();
  for (const std::string& value : values) {
    if (value == "none" && values.size() == 1) return {};
    if (value != "create" && value != "lock" && value != "relay") {
      return Setting::Bad{value, {"is not a right", "give create, lock and relay, or none"}};
    }
    config.anonymousRights.push_back(value);
  }
  return {};
}

Outcome realm(Config& config, const Values& values) {
  const std::string& value = values.front();
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  // RFC 8489 section 14.9: fewer than 128 characters; 40 keep the 401 answer small.
  if (value.empty() || value.size() > 40 || !printable) {
    return Setting::Bad{value, {"is not a realm", "give 1 to 40 printable ASCII characters"}};
  }
  config.realm = value;
  return {};
}

constexpr std::size_t kMinSharedSecret = 16;
constexpr std::string_view kAddresses = "Addresses and ports";
constexpr std::string_view kTls = "TLS and state";
constexpr std::string_view kTurn = "STUN and TURN";
constexpr std::string_view kRooms = "Rooms and tokens";
constexpr std::string_view kHttp = "Browsers and proxies";
constexpr std::string_view kLimits = "Limits";
constexpr std::string_view kOutput = "Logs and output";

using C = Config;
using L = SignalLimits;

constexpr std::array kSettings{
    Setting{"bind", Kind::List, "ADDRESS", "127.0.0.1", kAddresses,
            "Address to listen on; 0.0.0.0 and :: mean all interfaces.", false,
            list<&C::bind, parseIp>},
    Setting{"http-port", Kind::One, "PORT", "8080", kAddresses,
            "Port of the page and of signalling (TCP); 0 takes a free one.", false,
            one<&C::httpPort, parsePort>},
    Setting{"turn-port", Kind::One, "PORT", "3478", kAddresses,
            "Port of STUN and TURN (UDP and TCP); 0 takes a free one.", false,
            one<&C::turnPort, parsePort>},
    Setting{"turns-port", Kind::One, "PORT", "5349", kAddresses,
            "Port of TURN over TLS (TCP); 0 takes a free one.", false,
            one<&C::turnsPort, parsePort>},
    Setting{"stun-alt-port", Kind::One, "PORT", "", kAddresses,
            "A second STUN port (UDP), by which clients see how their NAT maps; next to turn-port "
            "unless given.",
            false, one<&C::stunAltPort, parsePort>},
    Setting{"metrics-port", Kind::One, "PORT", "", kAddresses,
            "Port of /metrics on 127.0.0.1. A server that only this machine can reach serves it on "
            "http-port too; a public one here only.",
            false, one<&C::metricsPort, parsePort>},
    Setting{"host", Kind::List, "NAME", "", kAddresses,
            "Name under which clients reach this server; the first one is handed out in links and "
            "ICE servers.",
            false, list<&C::hosts, parseHost>},
    Setting{"external-ip", Kind::List, "ADDRESS", "", kAddresses,
            "Public address when this machine has a private one (1:1 NAT of a cloud).", false,
            list<&C::externalIps, parseIp>},

    Setting{"lan", Kind::Flag, "", "false", kTls,
            "Listen on all interfaces with a self-signed certificate, and print the address for "
            "other devices.",
            false, one<&C::lan, parseBool>},
    Setting{"tls-self-signed", Kind::Flag, "", "false", kTls,
            "HTTPS with a self-signed certificate, made once and kept in state-dir.", false,
            one<&C::tlsSelfSigned, parseBool>},
    Setting{"tls-cert", Kind::One, "FILE", "", kTls,
            "Certificate chain (PEM) for HTTPS and TURN over TLS.", false, text<&C::tlsCert>},
    Setting{"tls-key", Kind::One, "FILE", "", kTls, "Private key (PEM) of tls-cert.", false,
            text<&C::tlsKey>},
    Setting{"state-dir", Kind::One, "DIRECTORY", "", kTls,
            "Where the self-signed certificate and the server's own secrets are kept; "
            "/var/lib/parley for root, else $XDG_STATE_HOME/parley or ~/.local/state/parley.",
            false, text<&C::stateDir>},

    Setting{"relay-ports", Kind::One, "FIRST-LAST", "61000-65535", kTurn,
            "UDP ports for relayed addresses; outside Linux's own range (32768-60999).", false,
            one<&C::relayPorts, parsePortRange>},
    Setting{"allow-peer", Kind::List, "CIDR", "", kTurn,
            "Peers that may be relayed to although they are denied by default.", false,
            list<&C::allowPeers, parsePrefix>},
    Setting{"deny-peer", Kind::List, "CIDR", "", kTurn,
            "Peers that are not relayed to; private, loopback and special addresses never are.",
            false, list<&C::denyPeers, parsePrefix>},
    Setting{"turn-user", Kind::List, "NAME:PASSWORD", "", kTurn,
            "A TURN user with a password of its own. On the command line others on this machine "
            "can see it.",
            true, list<&C::turnUsers, parseTurnUser>},
    Setting{"turn-secret", Kind::List, "SECRET|@FILE", "", kTurn,
            "Shared secret of TURN's REST credentials; the first one mints, all are accepted. "
            "Without one, a secret is made and kept in state-dir.",
            true, list<&C::turnSecrets, parseSecret, kMinSharedSecret>},
    Setting{"realm", Kind::One, "REALM", "parley", kTurn, "TURN's realm.", false, realm},
    Setting{"credential-lifetime", Kind::One, "TIME", "1h", kTurn,
            "How long TURN credentials handed to members are good for.", false, credentialLifetime},
    Setting{"threads", Kind::One, "COUNT", "0", kTurn,
            "Threads (shards) of the relay; 0 takes one a processor.", false,
            one<&C::threads, parseCount, 0u, 64u>},

    Setting{"room-size", Kind::One, "COUNT", "16", kRooms, "Members that a room holds.", false,
            limit<&L::roomSize, 1, 256>},
    Setting{"token-key", Kind::List, "[KID=]ALG:KEY|@FILE", "", kRooms,
            "Key of room tokens, such as hs256:@/etc/parley/token.key, rs256:@public.pem or "
            "es256:@public.pem. With one, members need a token.",
            true, list<&C::tokenKeys, parseTokenKey>},
    Setting{"tokens", Kind::One, "required|optional", "required", kRooms,
            "With token-key: whether members without a token are let in.", false, tokenMode},
    Setting{"anonymous-rights", Kind::List, "RIGHT", "create,lock,relay", kRooms,
            "What members without a token may do: create, lock, relay, or none.", false,
            anonymousRights},
    Setting{"token-audience", Kind::One, "NAME", "parley", kRooms,
            "The audience (aud) that tokens must name.", false, text<&C::tokenAudience>},

    Setting{"allow-origin", Kind::List, "ORIGIN", "", kHttp,
            "Pages of this origin may use signalling as well, such as https://example.org; * for "
            "all.",
            false, list<&C::allowOrigins, parseOrigin>},
    Setting{"trusted-proxy", Kind::List, "CIDR", "", kHttp,
            "Proxies whose X-Forwarded-For is believed.", false,
            list<&C::trustedProxies, parsePrefix>},
    Setting{"proxy-protocol", Kind::Flag, "", "false", kHttp,
            "Trusted proxies begin each connection with a PROXY header (version 1 or 2).", false,
            one<&C::proxyProtocol, parseBool>},

    Setting{"max-sockets", Kind::One, "COUNT", "20000", kLimits,
            "Sockets, members and rooms of the whole server, each.", false,
            limit<&L::sockets, 1, 1000000>},
    Setting{"sockets-per-address", Kind::One, "COUNT", "128", kLimits,
            "Connections from one address (an IPv4 address or an IPv6 /56).", false,
            limit<&L::socketsPerAddress, 1, 1000000>},
    Setting{"members-per-address", Kind::One, "COUNT", "128", kLimits, "Members from one address.",
            false, limit<&L::membersPerAddress, 1, 1000000>},
    Setting{"rooms-per-address", Kind::One, "COUNT", "64", kLimits,
            "Rooms opened from one address and alive.", false,
            limit<&L::roomsPerAddress, 1, 1000000>},
    Setting{"message-rate", Kind::One, "COUNT", "50", kLimits,
            "Signalling messages a second and member; bursts are ten times that.", false,
            limit<&L::messageRate, 1, 1000000>},
    Setting{"message-byte-rate", Kind::One, "BYTES", "131072", kLimits,
            "Bytes of signalling a second and member; bursts are eight times that.", false,
            limit<&L::messageByteRate, 1024, 1000000000>},
    Setting{"resume-time", Kind::One, "TIME", "30s", kLimits,
            "How long the place of a member is kept whose connection is gone.", false,
            timeLimit<&L::resumeTime, 1, 600>},
    Setting{"idle-timeout", Kind::One, "TIME", "90s", kLimits,
            "Silence after which a signalling connection is given up.", false,
            timeLimit<&L::idleTimeout, 10, 3600>},

    Setting{"log-level", Kind::One, "LEVEL", "info", kOutput,
            "trace, debug, info, warning, error or off.", false, logLevel},
    Setting{"log-format", Kind::One, "text|json", "text", kOutput,
            "Form of the log, which goes to standard error.", false, logFormat},
    Setting{"json", Kind::Flag, "", "false", kOutput,
            "One JSON object a line on standard output instead of words.", false,
            one<&C::json, parseBool>},
};

std::size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

const char* name(TokenAlgorithm algorithm) {
  switch (algorithm) {
    case TokenAlgorithm::Hs256:
      return "HS256";
    case TokenAlgorithm::Rs256:
      return "RS256";
    case TokenAlgorithm::Es256:
      return "ES256";
  }
  return "";
}

bool Config::loopbackOnly() const {
  return trustedProxies.empty() &&
         std::all_of(bind.begin(), bind.end(), [](const IpAddress& ip) { return ip.isLoopback(); });
}

std::span<const Setting> settings() {
  return kSettings;
}

const Setting* findSetting(std::string_view name) {
  for (const Setting& setting : kSettings) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

const Setting* nearestSetting(std::string_view mistyped) {
  if (mistyped.size() > 64) return nullptr;  // keeps hostile input cheap
  const Setting* best = nullptr;
  std::size_t least = std::max<std::size_t>(2, mistyped.size() / 3) + 1;
  for (const Setting& setting : kSettings) {
    const std::size_t distance = editDistance(mistyped, setting.name);
    if (distance < least) {
      least = distance;
      best = &setting;
    }
  }
  return best;
}

std::string environmentName(const Setting& setting) {
  std::string out = "PARLEY_";
  for (const char c : setting.name)
    out += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

}  // namespace parley::server
