// What the TURN server engine asks of its driver, and what it tells: plain values from
// Server::pollEvent(). No event carries a secret.
//
// BindRelay and CloseRelay are orders and never lost. The others are for logs and for a kernel
// driver that mirrors bindings; when nobody polls, those beyond kMaxQueuedNews are dropped and
// counted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/strong_id.h"
#include "net/path.h"
#include "turn/channel_data.h"

namespace parley::turn {

// One allocation; never reused while the engine lives.
using AllocationId = StrongId<struct AllocationTag, std::uint64_t>;
// One request for a relay socket; never reused.
using RelayId = StrongId<struct RelayTag, std::uint64_t>;

// Bind a UDP socket to exactly this address, exclusively (no address or port sharing; IPv6 only
// where the address is IPv6), and answer with Server::handleRelayBound(relay, link or error). A
// port in use is Error{ErrorCode::InUse}: the engine tries another port. Any other error ends the
// try with 508. The answer may come from within the handling of this event, or later.
struct BindRelay {
  RelayId relay;
  Address address;
};

// Close this relay socket; nothing more is sent on it, and what still comes from it is dropped.
struct CloseRelay {
  LinkId link;
};

struct AllocationMade {
  AllocationId allocation;
  Path client;
  Address relayed;                    // as announced to the client
  std::optional<Address> additional;  // RFC 8656 section 7.2, ADDITIONAL-ADDRESS-FAMILY
  std::string user;
};

struct Traffic {
  std::uint64_t packetsToPeers = 0;
  std::uint64_t bytesToPeers = 0;
  std::uint64_t packetsToClient = 0;
  std::uint64_t bytesToClient = 0;
};

enum class EndReason : std::uint8_t {
  Deleted,       // Refresh with lifetime 0
  Expired,       // not refreshed
  ClientClosed,  // the client's stream ended
  Revoked,       // its secret or user was removed
  RelayFailed,   // the relay socket could not be had
  ServerClosed,  // Server::closeAll
};
const char* name(EndReason reason);

struct AllocationEnded {
  AllocationId allocation;
  Path client;
  EndReason reason = EndReason::Deleted;
  Traffic traffic;
  std::string user;
};

// An authenticated request that policy, a quota or a limit refused. `why` is a literal.
struct RequestRefused {
  Path client;
  std::uint16_t code = 0;
  const char* why = "";
};

// A channel came to be or ended, only with Config::reportBindings: bytes from `client` with this
// channel go out on `peer`, and the other way round.
struct BindingAdded {
  AllocationId allocation;
  Path client;
  Path peer;
  ChannelNumber channel;
};
struct BindingRemoved {
  AllocationId allocation;
  Path client;
  Path peer;
  ChannelNumber channel;
};

using ServerEvent = std::variant<BindRelay, CloseRelay, AllocationMade, AllocationEnded,
                                 RequestRefused, BindingAdded, BindingRemoved>;

}  // namespace parley::turn
