#include "server/hub_settings.h"

#include <algorithm>

#include "base/base64.h"

namespace parley::server {
namespace {

constexpr Duration kPingEvery = 25s;
constexpr unsigned kMessageBurst = 10;  // times the rate
constexpr unsigned kByteBurst = 8;

signal::Rights rightsOf(const std::vector<std::string>& names) {
  signal::Rights rights;
  for (const std::string& name : names) {
    if (name == "create") rights = rights.with(signal::Right::Create);
    if (name == "lock") rights = rights.with(signal::Right::Lock);
    if (name == "relay") rights = rights.with(signal::Right::Relay);
  }
  return rights;
}

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end != 0) out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

Result<signal::TokenKey> tokenKey(const TokenKey& key) {
  if (key.algorithm == TokenAlgorithm::Hs256) {
    return signal::TokenKey::hs256(asBytes(key.key.reveal()), key.id);
  }
  return signal::TokenKey::pem(key.key.reveal(), key.id);
}

Result<SignalOptions, ConfigError> signalOptions(const Config& config, const Secret& serverKey,
                                                 std::string_view locks) {
  SignalOptions out;
  signal::HubConfig& hub = out.hub;
  const SignalLimits& limits = config.limits;
  hub.roomMembers = limits.roomSize;
  hub.resumeWithin = limits.resumeTime;
  hub.maxConnections = hub.maxMembers = hub.maxRooms = limits.sockets;
  hub.connectionsPerSource = limits.socketsPerAddress;
  hub.membersPerSource = limits.membersPerAddress;
  hub.roomsPerSource = limits.roomsPerAddress;
  hub.messagesPerSecond = limits.messageRate;
  hub.messageBurst = limits.messageRate * double{kMessageBurst};
  hub.bytesPerSecond = limits.messageByteRate;
  hub.byteBurst = std::max(limits.messageByteRate * double{kByteBurst},
                           2.0 * static_cast<double>(hub.messageBytes));
  hub.idleAfter = limits.idleTimeout;
  hub.pingEvery = std::min<Duration>(kPingEvery, limits.idleTimeout / 3);
  hub.tokenRequired = config.tokenMode == TokenMode::Required;
  hub.anonymousRights = rightsOf(config.anonymousRights);
  const auto key = hexDecode(serverKey.reveal());
  if (key) hub.serverKey = *key;
  hub.lockDigests = lines(locks);
  if (const Status status = hub.validate(); !status.ok()) {
    return ConfigError{"", "", "", status.error().what(), "see docs/configuration.md, Limits"};
  }
  std::vector<signal::TokenKey> keys;
  for (const TokenKey& one : config.tokenKeys) {
    auto made = tokenKey(one);
    if (!made) {
      return ConfigError{"token-key", "(hidden)", "", made.error().describe(), "check the key"};
    }
    keys.push_back(std::move(*made));
  }
  if (!keys.empty()) {
    out.tokens = std::make_unique<signal::TokenVerifier>(std::move(keys), config.tokenAudience);
  }
  return out;
}

HttpOptions httpOptions(const Config& config, std::shared_ptr<const driver::TlsContext> tls) {
  HttpOptions out;
  out.tls = std::move(tls);
  out.proxyProtocol = config.proxyProtocol;
  out.maxConnections = config.limits.sockets + std::size_t{config.limits.sockets} / 4 + 64;
  out.connectionsPerSource = config.limits.socketsPerAddress;
  HttpPolicy& policy = out.policy;
  policy.hosts = config.hosts;
  policy.addresses = config.bind;
  policy.addresses.insert(policy.addresses.end(), config.externalIps.begin(),
                          config.externalIps.end());
  policy.allowOrigins = config.allowOrigins;
  policy.trustedProxies = config.trustedProxies;
  policy.loopbackOnly = config.loopbackOnly();
  policy.metrics = config.loopbackOnly();
  return out;
}

}  // namespace parley::server
