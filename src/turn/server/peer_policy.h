// Which peers a client may reach through the relay. Judged once when a permission is made; the
// judgement is kept with the permission, and what depends on the port is asked for each train.
//
// The rule, in this order:
//   1. an address that embeds an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) is judged
//      as that IPv4 address too, and both must pass; a mapped one is IPv4 and nothing else;
//   2. a relay address of our own, bound or announced, is OwnRelay: only ports where a relay lives
//      now. With an explicit allow and no explicit deny it is OwnOpen: any port but a listener's;
//   3. an explicit deny beats an explicit allow beats the list denied by default (every address
//      of a local interface, and kDeniedByDefault in the .cc).
#pragma once

#include <optional>
#include <vector>

#include "net/address.h"
#include "turn/server/config.h"
#include "turn/server/relay_registry.h"

namespace parley::turn {

enum class PeerClass : std::uint8_t { Denied, Open, OwnRelay, OwnOpen };

class PeerPolicy {
 public:
  PeerPolicy(PeerRules rules, std::vector<RelayAddress> relays);

  void setRules(PeerRules rules);

  PeerClass judge(const IpAddress& ip) const;
  // Whether the port passes too, now, for an address judged to be of this class.
  bool portPasses(PeerClass judged, const Address& peer, const RelayRegistry& live) const;
  // One of our listening sockets: refused whatever else is allowed.
  bool isListener(const Address& peer) const;
  // The address a relay of ours is bound to when its own or announced address is `ip`.
  const RelayAddress* ownRelay(const IpAddress& ip) const;

  // The address to send to for a peer of this class as the client named it.
  Address toBound(const Address& peer) const;
  // How a packet's source is shown to clients: the announced address of an own relay.
  Address toVisible(const Address& source) const;

 private:
  PeerClass judgeExactly(const IpAddress& ip) const;
  bool isOwn(const IpAddress& ip) const;

  PeerRules rules_;
  std::vector<RelayAddress> relays_;
  bool mapped_ = false;  // whether any relay address is announced as another
};

}  // namespace parley::turn
