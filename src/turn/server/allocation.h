// One allocation: a client's 5-tuple, its relay sockets, permissions and channels (RFC 8656
// section 3.2). Data with look-ups; who changes it is server_core.
//
// Permissions and channels are flat and searched linearly: a browser has one to a handful, and the
// limits (config.h) keep the worst case below a microsecond. What expired stays until the next
// sweep and is looked past.
#pragma once

#include <array>
#include <vector>

#include "base/time.h"
#include "net/path.h"
#include "stun/types.h"
#include "turn/server/config.h"
#include "turn/server/credential_store.h"
#include "turn/server/events.h"
#include "turn/server/peer_policy.h"

namespace parley::turn {

struct Permission {
  Time expires{};
  IpAddress ip;  // as the client named it
  PeerClass judged = PeerClass::Denied;
};

struct Channel {
  Time expires{};
  Address peer;  // as the client named it
  ChannelNumber number;
  bool reported = false;  // BindingAdded went out
};

struct RelaySocket {
  LinkId link;
  Address bound;
  Address visible;
  Time expires{};
  bool live = false;
  Family family() const { return bound.family(); }
};

// The bandwidth of one direction: bytes that may pass, at most one second's worth.
struct RateBucket {
  Time at{};
  std::int64_t bytes = 0;

  bool take(std::uint64_t wanted, DataRate rate, Time now) {
    const auto second = static_cast<std::int64_t>(rate.bytesPerSecond());
    const double elapsed = std::chrono::duration<double>(now - at).count();
    if (at == Time{} || elapsed >= 1) {
      bytes = second;
      at = now;
    } else if (elapsed > 0) {
      const auto earned = static_cast<std::int64_t>(elapsed * static_cast<double>(second));
      if (earned > 0) {
        bytes = bytes + earned < second ? bytes + earned : second;
        at = now;
      }
    }
    if (bytes <= 0) return false;
    bytes -= static_cast<std::int64_t>(wanted);  // into debt once, so that any train can pass
    return true;
  }
};

struct Allocation {
  enum class State : std::uint8_t { Binding, Live };

  // What every train reads or writes stands together.
  Path client;
  std::vector<Permission> permissions;
  std::vector<Channel> channels;
  UserLimits limits;
  Traffic traffic;
  std::array<RelaySocket, 2> relays;
  std::uint8_t relayCount = 0;
  State state = State::Binding;
  bool revoked = false;
  Family countedFamily = Family::V4;  // of the first relay
  RateBucket toPeers;
  RateBucket toClient;

  AllocationId id;
  Time latestEnd = kNever;  // what no Refresh passes
  CredentialPtr credential;

  // What the answer to the Allocate said, to say it again to a retransmission.
  stun::TransactionId transaction;
  Duration granted{};
  std::uint64_t reservationToken = 0;
  std::uint16_t additionalError = 0;  // ADDRESS-ERROR-CODE

  RelaySocket* relayFor(Family family) {
    for (std::uint8_t i = 0; i < relayCount; ++i) {
      if (relays[i].live && relays[i].family() == family) return &relays[i];
    }
    return nullptr;
  }
  RelaySocket* relayOn(LinkId link) {
    for (std::uint8_t i = 0; i < relayCount; ++i) {
      if (relays[i].live && relays[i].link == link) return &relays[i];
    }
    return nullptr;
  }
  Permission* permissionFor(const IpAddress& ip) {
    for (Permission& p : permissions) {
      if (p.ip == ip) return &p;
    }
    return nullptr;
  }
  const Permission* livePermission(const IpAddress& ip, Time now) {
    const Permission* p = permissionFor(ip);
    return p != nullptr && p->expires > now ? p : nullptr;
  }
  Channel* channel(ChannelNumber number) {
    for (Channel& c : channels) {
      if (c.number == number) return &c;
    }
    return nullptr;
  }
  Channel* channelTo(const Address& peer) {
    for (Channel& c : channels) {
      if (c.peer == peer) return &c;
    }
    return nullptr;
  }
};

}  // namespace parley::turn
