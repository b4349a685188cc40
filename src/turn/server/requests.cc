// Dispatch of requests, and the methods that work on an allocation that is there.
#include <algorithm>

#include "stun/attributes.h"
#include "turn/server/server_core.h"

namespace parley::turn {
namespace {

using stun::Method;
namespace attr = stun::attr;

CountedMethod counted(Method method) {
  switch (method) {
    case Method::Binding:
      return CountedMethod::Binding;
    case Method::Allocate:
      return CountedMethod::Allocate;
    case Method::Refresh:
      return CountedMethod::Refresh;
    case Method::CreatePermission:
      return CountedMethod::CreatePermission;
    case Method::ChannelBind:
      return CountedMethod::ChannelBind;
    default:
      return CountedMethod::Other;
  }
}

// The comprehension-required attributes we understand. One that means nothing to a method is
// ignored there (RFC 8489 section 14); DONT-FRAGMENT, CONNECTION-ID and CHANGE-REQUEST are unknown
// to a server without their features and get 420 (RFC 8656 section 7.2).
bool known(stun::AttributeType type) {
  switch (type) {
    case attr::kMappedAddress:
    case attr::kUsername:
    case attr::kMessageIntegrity:
    case attr::kErrorCode:
    case attr::kUnknownAttributes:
    case attr::kRealm:
    case attr::kNonce:
    case attr::kMessageIntegritySha256:
    case attr::kPasswordAlgorithm:
    case attr::kUserhash:
    case attr::kXorMappedAddress:
    case attr::kChannelNumber:
    case attr::kLifetime:
    case attr::kXorPeerAddress:
    case attr::kData:
    case attr::kXorRelayedAddress:
    case attr::kRequestedAddressFamily:
    case attr::kEvenPort:
    case attr::kRequestedTransport:
    case attr::kReservationToken:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Server::Core::handleControl(ConstBytes datagram, const Path& client, Time now) {
  const auto message = stun::Message::parse(datagram);
  if (!message) {
    ++counters_.malformedMessages;
    return;
  }
  // Indications but Send mean nothing to a server, and responses are not for it.
  if (message->messageClass() != stun::Class::Request) return;
  const CountedMethod method = counted(message->method());
  ++counters_.requests[static_cast<std::size_t>(method)];
  if (method == CountedMethod::Other) return;  // RFC 8489 section 6.3: discarded silently

  Request request{*message, {}, now};
  request.reply.client = client;
  request.reply.method = message->method();
  request.reply.transaction = message->transactionId();
  request.reply.fingerprint = message->hasFingerprint();
  if (method == CountedMethod::Binding) {
    handleBinding(request);
  } else {
    handleTurnRequest(request);
  }
}

bool Server::Core::refuseUnknown(Request& request) {
  std::array<stun::AttributeType, kMaxUnknownListed> unknown{};
  const std::size_t n = request.message.unknownRequired(unknown, known);
  if (n == 0) return false;
  answers_.error(request.reply, 420, request.now, std::span(unknown).first(n));
  return true;
}

void Server::Core::handleBinding(Request& request) {
  if (refuseUnknown(request)) return;
  answers_.success(request.reply, [&](stun::MessageWriter& w) {
    w.xorAddress(attr::kXorMappedAddress, request.reply.client.remote);
  });
}

void Server::Core::handleTurnRequest(Request& request) {
  Allocation* const existing = table_.byClient(request.reply.client);
  const AuthResult auth = authenticator_.check(request.message, request.reply.client, existing,
                                               wallNow(request.now), request.now);
  request.reply.proven = auth.proven;
  request.reply.credential = auth.credential;
  if (auth.code != 0) {
    answers_.error(request.reply, auth.code, request.now);
    return;
  }
  if (refuseUnknown(request)) return;
  request.allocation = existing;
  if (request.message.method() == Method::Allocate) {
    handleAllocate(request);
    return;
  }
  // RFC 8656 section 5: all other methods need an allocation.
  if (existing == nullptr || existing->state != Allocation::State::Live) {
    refuse(request, 437);
    return;
  }
  switch (request.message.method()) {
    case Method::Refresh:
      handleRefresh(request);
      break;
    case Method::CreatePermission:
      handleCreatePermission(request);
      break;
    default:
      handleChannelBind(request);
      break;
  }
}

// `why` set: worth a line in the log.
void Server::Core::refuse(const Request& request, std::uint16_t code, const char* why) {
  answers_.error(request.reply, code, request.now);
  if (why != nullptr) news(RequestRefused{request.reply.client, code, why});
}

// RFC 8656 section 7.2: at least the default, at most our limit; absent is the default. Nothing
// for a LIFETIME that is no number.
std::optional<Duration> Server::Core::lifetimeOf(const stun::Message& message) const {
  const auto value = message.find(attr::kLifetime);
  if (!value) return kDefaultLifetime;
  const auto seconds = stun::decodeU32(*value);
  if (!seconds) return std::nullopt;
  if (*seconds == 0) return Duration::zero();
  return std::clamp<Duration>(std::chrono::seconds{*seconds}, kDefaultLifetime,
                              config_.maxLifetime);
}

Duration Server::Core::grant(const Allocation& allocation, Duration asked, Time now) const {
  if (allocation.latestEnd == kNever) return asked;
  return std::max(Duration::zero(), std::min(asked, allocation.latestEnd - now));
}

// RFC 8656 section 8.2, with REQUESTED-ADDRESS-FAMILY for one relay of two.
void Server::Core::handleRefresh(Request& request) {
  Allocation& allocation = *request.allocation;
  const auto asked = lifetimeOf(request.message);
  std::optional<stun::RequestedFamily> family;
  if (const auto value = request.message.find(attr::kRequestedAddressFamily)) {
    family = stun::decodeFamily(*value);
    if (!family) return refuse(request, 400);
  }
  if (!asked) return refuse(request, 400);
  const auto chosen = [&](const RelaySocket& r) {
    return !family || (*family == stun::RequestedFamily::V4 && r.family() == Family::V4) ||
           (*family == stun::RequestedFamily::V6 && r.family() == Family::V6);
  };
  const Duration granted = grant(allocation, *asked, request.now);
  bool any = false;
  for (std::uint8_t i = allocation.relayCount; i > 0; --i) {
    if (!chosen(allocation.relays[i - 1])) continue;
    any = true;
    // What is over goes by the same road as what expires.
    allocation.relays[i - 1].expires = request.now + granted;
  }
  if (!any) return refuse(request, 443);
  answers_.success(request.reply, [&](stun::MessageWriter& w) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(granted).count();
    w.u32(attr::kLifetime, static_cast<std::uint32_t>(seconds));
  });
  if (granted > Duration::zero()) return reschedule(allocation);
  const bool all =
      std::all_of(allocation.relays.begin(), allocation.relays.begin() + allocation.relayCount,
                  [&](const RelaySocket& r) { return r.expires <= request.now; });
  if (all) return end(allocation, EndReason::Deleted);
  sweep(allocation, request.now);
}

// 0 when this client may reach this peer. Policy is judged before the family, so that a mapped
// form of a denied address is a 403 like the address itself.
std::uint16_t Server::Core::judgePeer(const Allocation& allocation, const Address& peer,
                                      bool portCounts) const {
  const PeerClass judged = policy_.judge(peer.ip());
  if (judged == PeerClass::Denied || policy_.isListener(peer) ||
      policy_.isListener(policy_.toBound(peer))) {
    return 403;
  }
  if (portCounts && (peer.port() < allocation.limits.minPeerPort ||
                     !policy_.portPasses(judged, peer, registry_))) {
    return 403;
  }
  // An IPv4 peer in IPv6 clothes is no peer of an IPv6 relay (RFC 8656 sections 10.2, 12.2).
  if (peer.ip().unmapped() != peer.ip()) return 443;
  const auto first = allocation.relays.begin();
  const bool family = std::any_of(first, first + allocation.relayCount,
                                  [&](const auto& r) { return r.family() == peer.family(); });
  return family ? 0 : 443;
}

bool Server::Core::hasRoomFor(Allocation& allocation, std::span<const Address> peers,
                              Time now) const {
  std::erase_if(allocation.permissions, [&](const Permission& p) { return p.expires <= now; });
  std::size_t needed = 0;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const auto earlier = peers.first(i);
    const bool twice = std::any_of(earlier.begin(), earlier.end(),
                                   [&](const Address& a) { return a.ip() == peers[i].ip(); });
    if (!twice && allocation.permissionFor(peers[i].ip()) == nullptr) ++needed;
  }
  return allocation.permissions.size() + needed <= kMaxPermissions;
}

void Server::Core::permit(Allocation& allocation, const IpAddress& ip, Time now) {
  Permission* permission = allocation.permissionFor(ip);
  if (permission == nullptr) permission = &allocation.permissions.emplace_back();
  *permission = {now + kPermissionLifetime, ip, policy_.judge(ip)};
}

// RFC 8656 section 10.2: all of the addresses or none. The port is ignored there; we look at it
// only to name a listener of ours.
void Server::Core::handleCreatePermission(Request& request) {
  Allocation& allocation = *request.allocation;
  std::array<Address, kMaxPeersPerRequest> peers;
  std::size_t n = 0;
  for (const stun::Attribute a : request.message.attributes()) {
    if (a.type != attr::kXorPeerAddress) continue;
    const auto peer = stun::decodeXorAddress(a.value, request.reply.transaction);
    if (!peer) return refuse(request, 400);
    if (n == peers.size()) return refuse(request, 508, "too many peers in a CreatePermission");
    peers[n++] = *peer;
  }
  if (n == 0) return refuse(request, 400);
  const std::span<const Address> asked = std::span(peers).first(n);
  for (const Address& peer : asked) {
    const std::uint16_t code = judgePeer(allocation, peer, false);
    if (code != 0) return refuse(request, code, code == 403 ? "peer address is denied" : nullptr);
  }
  if (!hasRoomFor(allocation, asked, request.now)) {
    return refuse(request, 508, "too many permissions");
  }
  for (const Address& peer : asked)
    permit(allocation, peer.ip(), request.now);
  reschedule(allocation);
  answers_.success(request.reply, [](stun::MessageWriter&) {});
}

// RFC 8656 section 12.2.
void Server::Core::handleChannelBind(Request& request) {
  Allocation& allocation = *request.allocation;
  const auto numberValue = request.message.find(attr::kChannelNumber);
  const auto peerValue = request.message.find(attr::kXorPeerAddress);
  if (!numberValue || !peerValue) return refuse(request, 400);
  const auto number = stun::decodeChannelNumber(*numberValue);
  const auto peer = stun::decodeXorAddress(*peerValue, request.reply.transaction);
  if (!number || !peer || !isChannelNumber(*number)) return refuse(request, 400);

  const ChannelNumber asked{*number};
  std::erase_if(allocation.channels, [&](Channel& c) {
    if (c.expires > request.now) return false;
    reportBinding(allocation, c, false);
    return true;
  });
  Channel* channel = allocation.channel(asked);
  Channel* toPeer = allocation.channelTo(*peer);
  if (channel != toPeer) return refuse(request, 400);  // either is bound, and not to the other
  if (const std::uint16_t code = judgePeer(allocation, *peer, true); code != 0) {
    return refuse(request, code, code == 403 ? "peer address is denied" : nullptr);
  }
  if (!hasRoomFor(allocation, std::span(&*peer, 1), request.now) ||
      (channel == nullptr && allocation.channels.size() >= kMaxChannels)) {
    return refuse(request, 508, "too many channels or permissions");
  }
  if (channel == nullptr) {
    channel = &allocation.channels.emplace_back();
    channel->peer = *peer;
    channel->number = asked;
  }
  channel->expires = request.now + kChannelLifetime;
  permit(allocation, peer->ip(), request.now);
  reportBinding(allocation, *channel, true);
  reschedule(allocation);
  answers_.success(request.reply, [](stun::MessageWriter&) {});
}

}  // namespace parley::turn
