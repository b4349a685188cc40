// What the TURN server engine is told at its start, and the limits it keeps. Validated by
// validate(): the server's configuration layer says which of its own keys is wrong.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "net/address.h"

namespace parley::turn {

// RFC 8656 sections 3.2, 9 and 12: allocations live 600 s unless asked otherwise, permissions
// 300 s, channels 600 s. The longest life is ours (the RFC suggests one hour).
inline constexpr Duration kDefaultLifetime = 600s;
inline constexpr Duration kPermissionLifetime = 300s;
inline constexpr Duration kChannelLifetime = 600s;
// RFC 8656 section 14.7 via 7.2: a reserved port waits 30 s for its token.
inline constexpr Duration kReservationLifetime = 30s;
// How long a nonce is good (RFC 8489 section 9.2 wants it to change at least hourly).
inline constexpr Duration kNonceLifetime = 3600s;
// An allocation made by an expiring credential ends this long after its start.
inline constexpr Duration kMaxExpiringUse = 24h;
// Allocations whose secret or user was removed end within this.
inline constexpr Duration kRevocationGrace = 600s;

// A permission or channel beyond these is refused with 508.
inline constexpr std::size_t kMaxPermissions = 128;
inline constexpr std::size_t kMaxChannels = 128;
// XOR-PEER-ADDRESS attributes in one CreatePermission; more is 508 and changes nothing.
inline constexpr std::size_t kMaxPeersPerRequest = 32;
// Ports tried before an Allocate is refused with 508.
inline constexpr int kMaxBindAttempts = 16;
// A realm longer than this would push a 401 beyond 128 bytes.
inline constexpr std::size_t kMaxRealmLength = 40;
// RFC 8489 section 14.3.
inline constexpr std::size_t kMaxUsernameLength = 508;
inline constexpr std::size_t kMaxQueuedNews = 1024;

struct StaticUser {
  std::string name;
  std::string password;
};

// Who may allocate. With neither users nor secrets every Allocate is refused (401).
struct Credentials {
  std::vector<StaticUser> users;
  // REST credentials: user name "expiry:userid", password base64(HMAC-SHA1(secret, user name)).
  // Any of them is good, so that a secret can be replaced without a gap.
  std::vector<std::string> secrets;
};

// What a kind of user may do.
struct UserLimits {
  std::uint32_t maxAllocations = 128;  // a user; beyond it 486. For REST the userid counts.
  std::uint16_t minPeerPort = 1;       // lower peer ports are denied
  DataRate bandwidth;                  // of one allocation, each way; zero is without limit
  bool operator==(const UserLimits&) const = default;
};

struct RelayAddress {
  IpAddress bind;
  // What clients and peers are told, where a NAT maps `bind` one to one (--external-ip).
  std::optional<IpAddress> announced;
  const IpAddress& visible() const { return announced ? *announced : bind; }
};

// Which peers may be reached (peer_policy.h has the rule and the list denied by default).
struct PeerRules {
  std::vector<Prefix> allow;
  std::vector<Prefix> deny;
  // Every address of a local interface; the relay's own and announced ones are added by itself.
  std::vector<IpAddress> ownAddresses;
  // Our listening sockets, never reached through the relay whatever `allow` says. An unspecified
  // address stands for every own one.
  std::vector<Address> listeners;
};

struct Config {
  std::string realm = "parley";
  Credentials credentials;
  UserLimits staticUserLimits;
  UserLimits restUserLimits{128, 1024, {}};

  // At most kMaxRelayAddresses. The one whose `bind` is the address the client spoke to is taken,
  // else the first of the family.
  std::vector<RelayAddress> relayAddresses;
  std::uint16_t minPort = 49152;  // RFC 8656 section 7.2: the dynamic range
  std::uint16_t maxPort = 65535;
  PeerRules peers;

  Duration maxLifetime = 3600s;
  std::uint32_t maxAllocations = 10'000;          // of this shard; beyond it 508
  std::uint32_t maxAllocationsPerSource = 1'024;  // a client's IPv4 address or IPv6 /56; 486
  // Answers to requests without a valid nonce, a client's /24 or /56, over datagrams. Loopback and
  // streams are not limited: their source cannot be forged.
  double errorsPerSecond = 200;
  double errorBurst = 1'000;

  // Shared by shards between which clients may move; random when not given.
  std::optional<std::array<std::uint8_t, 32>> nonceKey;
  std::uint8_t shard = 0;       // named in reservation tokens
  bool reportBindings = false;  // BindingAdded and BindingRemoved events
};
inline constexpr std::size_t kMaxRelayAddresses = 16;

// Error::what() names the field.
Status validate(const Config& config);

}  // namespace parley::turn
