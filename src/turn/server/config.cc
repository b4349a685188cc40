#include "turn/server/config.h"

namespace parley::turn {
namespace {

Status bad(const char* what, std::int32_t detail = 0) {
  return Error{ErrorCode::Invalid, what, detail};
}

Status validateUsers(const Config& config) {
  for (const StaticUser& user : config.credentials.users) {
    if (user.name.empty() || user.name.size() > kMaxUsernameLength) {
      return bad("credentials.users: name");
    }
    // The long-term key joins its parts with colons (RFC 8489 section 9.2.2).
    if (user.name.find(':') != std::string::npos) return bad("credentials.users: colon in name");
    if (user.password.empty()) return bad("credentials.users: empty password");
  }
  for (const std::string& secret : config.credentials.secrets) {
    if (secret.empty()) return bad("credentials.secrets: empty secret");
  }
  return Ok{};
}

Status validateRelays(const Config& config) {
  if (config.relayAddresses.size() > kMaxRelayAddresses) return bad("relayAddresses: too many");
  for (const RelayAddress& r : config.relayAddresses) {
    if (r.bind.isUnspecified()) return bad("relayAddresses: an unspecified address");
    if (r.announced && (r.announced->family() != r.bind.family() || r.announced->isUnspecified())) {
      return bad("relayAddresses: announced address");
    }
    if (r.bind.unmapped() != r.bind) return bad("relayAddresses: an IPv4-mapped address");
  }
  return Ok{};
}

}  // namespace

Status validate(const Config& config) {
  if (config.realm.empty() || config.realm.size() > kMaxRealmLength) {
    return bad("realm: length", static_cast<std::int32_t>(config.realm.size()));
  }
  // A quote or a colon would make the key ambiguous for clients that take them for syntax.
  if (config.realm.find_first_of("\":") != std::string::npos) return bad("realm: quote or colon");
  if (const Status s = validateUsers(config); !s) return s;
  if (const Status s = validateRelays(config); !s) return s;
  // Four ports at least, so that an even one has its odd neighbour.
  if (config.minPort < 1 || config.maxPort < config.minPort ||
      config.maxPort - config.minPort < 3) {
    return bad("minPort, maxPort: range", config.minPort);
  }
  if (config.maxLifetime < kDefaultLifetime || config.maxLifetime > 24h) return bad("maxLifetime");
  if (config.maxAllocations == 0 || config.maxAllocations > 1'000'000) return bad("maxAllocations");
  if (!(config.errorsPerSecond > 0) || !(config.errorBurst >= 1)) return bad("errorsPerSecond");
  return Ok{};
}

}  // namespace parley::turn
