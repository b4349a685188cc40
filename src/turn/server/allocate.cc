// Allocate: the checks of RFC 8656 section 7.2 in its order, then the relay sockets one after the
// other by effects, then the answer.
#include <algorithm>
#include <utility>

#include "stun/attributes.h"
#include "turn/server/server_core.h"

namespace parley::turn {

namespace attr = stun::attr;

// What an Allocate asks for, once it was found fair.
struct Server::Core::Plan {
  Duration lifetime{};
  const RelayAddress* first = nullptr;
  bool wantsAdditional = false;
  const RelayAddress* additional = nullptr;
  bool even = false;
  bool reserve = false;
  std::optional<std::uint64_t> token;
};

const RelayAddress* Server::Core::chooseRelay(Family family, const IpAddress& spokenTo) const {
  const RelayAddress* first = nullptr;
  for (const RelayAddress& r : config_.relayAddresses) {
    if (r.bind.family() != family) continue;
    if (r.bind == spokenTo) return &r;
    if (first == nullptr) first = &r;
  }
  return first;
}

// Returns the code to refuse with, 0 for none.
std::uint16_t Server::Core::plan(const Request& request, Plan& plan) const {
  const stun::Message& m = request.message;
  const auto transport = m.find(attr::kRequestedTransport);
  const auto protocol = transport ? stun::decodeRequestedTransport(*transport) : std::nullopt;
  if (!protocol) return 400;
  if (*protocol != stun::kTransportUdp) return 442;  // TCP too: RFC 6062 is off

  const auto lifetime = lifetimeOf(m);
  if (!lifetime) return 400;
  plan.lifetime = std::max(*lifetime, kDefaultLifetime);  // 0 means delete only in a Refresh

  const auto token = m.find(attr::kReservationToken);
  const auto even = m.find(attr::kEvenPort);
  const auto family = m.find(attr::kRequestedAddressFamily);
  const auto additional = m.find(attr::kAdditionalAddressFamily);
  if (token) {
    if (even || family || additional) return 400;
    plan.token = stun::decodeU64(*token);
    return plan.token ? 0 : 400;
  }
  if (family && additional) return 400;
  if (even) {
    const auto r = stun::decodeEvenPort(*even);
    if (!r) return 400;
    plan.even = true;
    plan.reserve = *r;
  }
  Family wanted = Family::V4;
  if (family) {
    const auto f = stun::decodeFamily(*family);
    if (!f) return 400;
    if (*f == stun::RequestedFamily::Unknown) return 440;
    wanted = *f == stun::RequestedFamily::V4 ? Family::V4 : Family::V6;
  }
  if (additional) {
    // Only IPv6 may be asked for besides the IPv4 of the default, and no pair of ports with it.
    if (stun::decodeFamily(*additional) != stun::RequestedFamily::V6 || plan.reserve) return 400;
    plan.wantsAdditional = true;
    plan.additional = chooseRelay(Family::V6, request.reply.client.local.ip());
  }
  plan.first = chooseRelay(wanted, request.reply.client.local.ip());
  return plan.first == nullptr ? 440 : 0;
}

void Server::Core::handleAllocate(Request& request) {
  if (Allocation* existing = request.allocation; existing != nullptr) {
    if (existing->transaction != request.reply.transaction) return refuse(request, 437);
    // A retransmission: the same answer again, or patience while the sockets are being made.
    if (existing->state == Allocation::State::Live) answerAllocate(*existing, request.reply);
    return;
  }
  Plan wanted;
  if (const std::uint16_t code = plan(request, wanted); code != 0) {
    return refuse(request, code, code == 440 ? "address family is not offered" : nullptr);
  }
  if (wanted.token &&
      findReservation(*wanted.token, request.reply.credential->name) == reservations_.end()) {
    return refuse(request, 508, "unknown reservation token");
  }
  if (wanted.reserve && reservations_.size() >= kMaxReservations) {
    return refuse(request, 508, "too many reserved ports");
  }
  if (table_.full()) return refuse(request, 508, "the allocation table is full");
  const UserLimits& limits = limitsOf(request.reply.credential->kind);
  switch (quota_.take(request.reply.credential->account(), limits.maxAllocations,
                      request.reply.client.remote.ip())) {
    case Quota::Verdict::UserFull:
      return refuse(request, 486, "the user's quota is reached");
    case Quota::Verdict::SourceFull:
      return refuse(request, 486, "the network's quota is reached");
    case Quota::Verdict::Taken:
      break;
  }
  allocate(request, wanted);
}

void Server::Core::allocate(Request& request, const Plan& wanted) {
  Allocation& allocation = table_.add(request.reply.client);
  allocation.credential = request.reply.credential;
  allocation.limits = limitsOf(allocation.credential->kind);
  if (allocation.credential->kind == UserKind::Rest) {
    allocation.latestEnd = request.now + kMaxExpiringUse;
  }
  allocation.transaction = request.reply.transaction;
  allocation.granted = grant(allocation, wanted.lifetime, request.now);
  table_.setDeadline(allocation, request.now + kBindTimeout);

  Pending pending;
  pending.allocation = allocation.id;
  pending.reply = request.reply;
  if (wanted.token) {
    const auto held = findReservation(*wanted.token, allocation.credential->name);
    allocation.relays[0] = held->socket;
    allocation.relayCount = 1;
    reservations_.erase(held);
    finishAllocate(pending, request.now);
    return;
  }
  pending.first = *wanted.first;
  pending.even = wanted.even;
  pending.reserve = wanted.reserve;
  if (wanted.additional != nullptr) pending.additional = *wanted.additional;
  // RFC 8656 section 7.2: a family we do not have is told beside the one we have.
  if (wanted.wantsAdditional && wanted.additional == nullptr) allocation.additionalError = 440;
  askForSocket(std::move(pending), request.now);
}

// Orders the next socket of the plan. Ports are chosen at random, so that nobody can tell the next
// (RFC 8656 section 7.2); whether one is free, the kernel says.
void Server::Core::askForSocket(Pending pending, Time /*now*/) {
  const RelayAddress& relay =
      pending.step == Pending::Step::Additional ? *pending.additional : pending.first;
  const auto allocation = table_.byId(pending.allocation);
  PARLEY_CHECK(allocation != nullptr);
  if (pending.step == Pending::Step::Reserved) {
    const Address& even = allocation->relays[0].bound;
    pending.asked = even.withPort(static_cast<std::uint16_t>(even.port() + 1));
  } else {
    const std::uint64_t span = std::uint64_t{config_.maxPort} - config_.minPort + 1;
    auto port = static_cast<std::uint32_t>(config_.minPort + random_.below(span));
    if (pending.even && port % 2 != 0) port = port == config_.maxPort ? port - 1 : port + 1;
    if (pending.even && pending.step == Pending::Step::First && port + 1u > config_.maxPort) {
      port -= 2;  // leave room for its odd neighbour
    }
    pending.asked = Address{relay.bind, static_cast<std::uint16_t>(port)};
  }
  ++pending.attempts;
  const RelayId id{++lastRelayId_};
  orders_.emplace_back(BindRelay{id, pending.asked});
  pending_.emplace(id, std::move(pending));
}

void Server::Core::handleRelayBound(RelayId relay, const Result<LinkId>& bound, Time now) {
  const auto found = pending_.find(relay);
  if (found == pending_.end()) {
    if (bound) closeLink(*bound);  // its allocation ended meanwhile
    return;
  }
  Pending pending = std::move(found->second);
  pending_.erase(found);
  if (bound) {
    socketBound(std::move(pending), *bound, now);
  } else {
    socketFailed(std::move(pending), bound.error(), now);
  }
}

void Server::Core::socketBound(Pending pending, LinkId link, Time now) {
  Allocation& allocation = *table_.byId(pending.allocation);
  const RelayAddress& relay =
      pending.step == Pending::Step::Additional ? *pending.additional : pending.first;
  RelaySocket socket;
  socket.link = link;
  socket.bound = pending.asked;
  socket.visible = Address{relay.visible(), pending.asked.port()};
  idleLinks_.insert(link);
  if (pending.step == Pending::Step::Reserved) {
    pending.reserved = socket;
  } else {
    allocation.relays[allocation.relayCount++] = socket;
  }
  if (pending.step == Pending::Step::First && (pending.reserve || pending.additional)) {
    pending.step = pending.reserve ? Pending::Step::Reserved : Pending::Step::Additional;
    return askForSocket(std::move(pending), now);
  }
  finishAllocate(pending, now);
}

void Server::Core::socketFailed(Pending pending, const Error& error, Time now) {
  Allocation& allocation = *table_.byId(pending.allocation);
  const bool again = error.code() == ErrorCode::InUse && pending.attempts < kMaxBindAttempts;
  if (pending.step == Pending::Step::Reserved) {
    // The neighbour is taken: another even port.
    dropRelay(allocation, 0);
    pending.step = Pending::Step::First;
  } else if (pending.step == Pending::Step::Additional && !again) {
    allocation.additionalError = 508;
    return finishAllocate(pending, now);
  }
  if (again) return askForSocket(std::move(pending), now);
  failAllocate(pending, now);
}

void Server::Core::failAllocate(Pending& pending, Time now) {
  answers_.error(pending.reply, 508, now);
  news(RequestRefused{pending.reply.client, 508, "no relay socket could be bound"});
  end(*table_.byId(pending.allocation), EndReason::RelayFailed);
}

void Server::Core::finishAllocate(Pending& pending, Time now) {
  Allocation& allocation = *table_.byId(pending.allocation);
  const std::string& user = allocation.credential->name;
  if (pending.reserved) allocation.reservationToken = reserve(*pending.reserved, user, now);
  for (std::uint8_t i = 0; i < allocation.relayCount; ++i) {
    allocation.relays[i].expires = now + grant(allocation, allocation.granted, now);
    makeLive(allocation, allocation.relays[i]);
  }
  allocation.state = Allocation::State::Live;
  allocation.countedFamily = allocation.relays[0].family();
  countAllocation(allocation, 1);
  ++counters_.allocationsMade;
  reschedule(allocation);
  answerAllocate(allocation, pending.reply);
  AllocationMade made{allocation.id, allocation.client, allocation.relays[0].visible, {}, user};
  if (allocation.relayCount > 1) made.additional = allocation.relays[1].visible;
  news(std::move(made));
}

// RFC 8656 section 7.2 and 7.3, the success response.
void Server::Core::answerAllocate(const Allocation& allocation, const ReplyTo& to) {
  answers_.success(to, [&](stun::MessageWriter& w) {
    for (std::uint8_t i = 0; i < allocation.relayCount; ++i)
      w.xorAddress(attr::kXorRelayedAddress, allocation.relays[i].visible);
    const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(allocation.granted);
    w.u32(attr::kLifetime, static_cast<std::uint32_t>(lifetime.count()));
    if (allocation.reservationToken != 0) {
      w.u64(attr::kReservationToken, allocation.reservationToken);
    }
    w.xorAddress(attr::kXorMappedAddress, to.client.remote);
    if (allocation.additionalError != 0) {
      w.addressErrorCode(Family::V6, allocation.additionalError,
                         stun::reasonPhrase(allocation.additionalError));
    }
  });
}

// The token names its shard in the first byte, so that one which lands elsewhere can be handed on.
std::uint64_t Server::Core::reserve(const RelaySocket& socket, const std::string& user, Time now) {
  constexpr unsigned kShardShift = 56;
  const std::uint64_t low = random_.next64() & ((std::uint64_t{1} << kShardShift) - 1);
  const std::uint64_t token = (std::uint64_t{config_.shard} << kShardShift) | low | 1;
  reservations_.push_back({token, user, socket, now + kReservationLifetime});
  return token;
}

std::deque<Server::Core::Reservation>::iterator Server::Core::findReservation(
    std::uint64_t token, const std::string& user) {
  return std::find_if(reservations_.begin(), reservations_.end(),
                      [&](const Reservation& r) { return r.token == token && r.user == user; });
}

}  // namespace parley::turn
