#include "turn/server/server_core.h"

#include <algorithm>
#include <utility>

namespace parley::turn {
namespace {

std::array<std::uint8_t, 32> nonceKey(const Config& config, RandomSource& random) {
  if (config.nonceKey) return *config.nonceKey;
  std::array<std::uint8_t, 32> key{};
  random.fill(key);
  return key;
}

}  // namespace

Server::Core::Core(Config config, RandomSource& random, RelayRegistry* registry)
    : config_(std::move(config)),
      random_(random),
      registry_(registry == nullptr ? ownRegistry_ : *registry),
      hash_(random),
      policy_(config_.peers, config_.relayAddresses),
      table_(config_.maxAllocations, hash_),
      store_(config_.realm, config_.credentials),
      nonces_(nonceKey(config_, random), store_.offersUserhash()),
      authenticator_(store_, nonces_),
      limiter_(config_.errorsPerSecond, config_.errorBurst, hash_),
      answers_(queue_, counters_, nonces_, store_, limiter_),
      router_(table_, policy_, registry_, counters_, random),
      quota_(config_.maxAllocationsPerSource) {
  PARLEY_CHECK(validate(config_).ok());
  config_.credentials = {};  // the store has them
}

void Server::Core::handleDatagrams(const Train& in, Time now) {
  if (nextTimeout() <= now) handleTimeout(now);  // nothing is done for what is over
  const bool fromPeer = isRelayLink(in.path().link);
  for (std::size_t done = 0; done < in.size();) {
    const Train rest = in.from(done);
    const Verdict v = fromPeer ? router_.fromPeer(rest, now) : router_.fromClient(rest, now);
    if (v.kind == Verdict::Kind::Forward) forward(v, rest);
    if (v.kind == Verdict::Kind::Control) {
      for (std::size_t i = 0; i < v.count; ++i)
        handleControl(rest[i], in.path(), now);
    }
    done += v.count;
  }
}

// The slow path: copies what the driver would send from its own buffer.
void Server::Core::forward(const Verdict& verdict, const Train& in) {
  for (std::size_t i = 0; i < verdict.count; ++i) {
    Bytes room;
    if (!queue_.reserve(verdict.sizeOf(i), room)) {
      ++counters_.drops[static_cast<std::size_t>(DropCause::Overflow)];
      continue;
    }
    ByteWriter w(room);
    w.bytes(verdict.prefixOf(i));
    w.bytes(verdict.payloadOf(in, i));
    w.zeros(verdict.paddingOf(i));
    queue_.commit(verdict.out, w.size(), in.ecn());
  }
}

std::optional<Server::Event> Server::Core::pollEvent() {
  std::deque<Event>& queue = orders_.empty() ? news_ : orders_;
  if (queue.empty()) return std::nullopt;
  Event event = std::move(queue.front());
  queue.pop_front();
  return event;
}

void Server::Core::news(Event event) {
  if (news_.size() == kMaxQueuedNews) {
    ++counters_.droppedNews;
    return;
  }
  news_.push_back(std::move(event));
}

void Server::Core::closeLink(LinkId link) {
  idleLinks_.erase(link);
  orders_.emplace_back(CloseRelay{link});
}

Time Server::Core::nextTimeout() const {
  const Time reservation = reservations_.empty() ? kNever : reservations_.front().expires;
  return std::min(table_.nextDeadline(), reservation);
}

void Server::Core::handleTimeout(Time now) {
  while (table_.nextDeadline() <= now)
    sweep(table_.nextDue(), now);
  while (!reservations_.empty() && reservations_.front().expires <= now) {
    closeLink(reservations_.front().socket.link);
    reservations_.pop_front();
  }
}

// Forgets what expired; an allocation without a relay is over.
void Server::Core::sweep(Allocation& allocation, Time now) {
  if (allocation.state == Allocation::State::Binding) {
    end(allocation, EndReason::RelayFailed);
    return;
  }
  for (std::uint8_t i = allocation.relayCount; i > 0; --i) {
    if (allocation.relays[i - 1].expires <= now) dropRelay(allocation, i - 1);
  }
  if (allocation.relayCount == 0) {
    end(allocation, allocation.revoked ? EndReason::Revoked : EndReason::Expired);
    return;
  }
  std::erase_if(allocation.permissions, [&](const Permission& p) { return p.expires <= now; });
  std::erase_if(allocation.channels, [&](Channel& c) {
    const bool over = c.expires <= now || allocation.relayFor(c.peer.family()) == nullptr;
    if (over) reportBinding(allocation, c, false);
    return over;
  });
  reschedule(allocation);
}

void Server::Core::reschedule(Allocation& allocation) {
  Time next = kNever;
  for (std::uint8_t i = 0; i < allocation.relayCount; ++i)
    next = std::min(next, allocation.relays[i].expires);
  for (const Permission& p : allocation.permissions)
    next = std::min(next, p.expires);
  for (const Channel& c : allocation.channels)
    next = std::min(next, c.expires);
  table_.setDeadline(allocation, next);
}

void Server::Core::makeLive(Allocation& allocation, RelaySocket& socket) {
  socket.live = true;
  idleLinks_.erase(socket.link);
  table_.addRelay(socket.link, allocation);
  registry_.setLive(socket.bound, true);
}

void Server::Core::dropRelay(Allocation& allocation, std::uint8_t index) {
  RelaySocket& socket = allocation.relays[index];
  if (socket.live) {
    registry_.setLive(socket.bound, false);
    table_.removeRelay(socket.link, allocation);
  }
  closeLink(socket.link);
  if (index == 0) allocation.relays[0] = allocation.relays[1];
  allocation.relays[1] = {};
  --allocation.relayCount;
}

void Server::Core::end(Allocation& allocation, EndReason reason) {
  for (Channel& c : allocation.channels)
    reportBinding(allocation, c, false);
  if (allocation.state == Allocation::State::Live) {
    countAllocation(allocation, -1);
    news(AllocationEnded{allocation.id, allocation.client, reason, allocation.traffic,
                         allocation.credential->name});
  } else {
    // Its Allocate is not answered any more; a socket still to come is closed when it does.
    for (auto it = pending_.begin(); it != pending_.end();) {
      const bool mine = it->second.allocation == allocation.id;
      if (mine && it->second.reserved) closeLink(it->second.reserved->link);
      it = mine ? pending_.erase(it) : std::next(it);
    }
  }
  while (allocation.relayCount > 0)
    dropRelay(allocation, static_cast<std::uint8_t>(allocation.relayCount - 1));
  quota_.give(allocation.credential->account(), allocation.client.remote.ip());
  table_.remove(allocation);
}

void Server::Core::countAllocation(const Allocation& allocation, int by) {
  const auto transport = static_cast<std::size_t>(allocation.client.transport);
  const auto family = static_cast<std::size_t>(allocation.countedFamily);
  counters_.allocations[transport][family] += static_cast<std::uint64_t>(by);
}

void Server::Core::reportBinding(const Allocation& allocation, Channel& channel, bool added) {
  if (!config_.reportBindings || channel.reported == added) return;
  channel.reported = added;
  Path peer;
  for (std::uint8_t i = 0; i < allocation.relayCount; ++i) {
    const RelaySocket& r = allocation.relays[i];
    if (r.family() != channel.peer.family()) continue;
    peer = Path{r.link, Transport::Udp, r.bound, policy_.toBound(channel.peer)};
  }
  if (added) {
    news(BindingAdded{allocation.id, allocation.client, peer, channel.number});
  } else {
    news(BindingRemoved{allocation.id, allocation.client, peer, channel.number});
  }
}

void Server::Core::handleClosed(const Path& client, Time /*now*/) {
  Allocation* allocation = table_.byClient(client);
  if (allocation != nullptr) end(*allocation, EndReason::ClientClosed);
}

void Server::Core::closeAll() {
  table_.forEach([&](Allocation& a) { end(a, EndReason::ServerClosed); });
  for (const Reservation& r : reservations_)
    closeLink(r.socket.link);
  reservations_.clear();
}

void Server::Core::setWallTime(WallTime wall, Time now) {
  wall_ = wall;
  wallAt_ = now;
}

std::optional<WallTime> Server::Core::wallNow(Time now) const {
  if (!wall_) return std::nullopt;
  return *wall_ + (now - wallAt_);
}

void Server::Core::setCredentials(Credentials credentials, Time now) {
  store_.replace(std::move(credentials));
  nonces_.setUsernameAnonymity(store_.offersUserhash());
  table_.forEach([&](Allocation& a) {
    if (a.revoked || store_.stillGood(*a.credential)) return;
    a.revoked = true;
    a.latestEnd = std::min(a.latestEnd, now + kRevocationGrace);
    for (std::uint8_t i = 0; i < a.relayCount; ++i)
      a.relays[i].expires = std::min(a.relays[i].expires, a.latestEnd);
    if (a.state == Allocation::State::Live) reschedule(a);
  });
}

void Server::Core::setPeerRules(PeerRules rules) {
  policy_.setRules(std::move(rules));
  table_.forEach([&](Allocation& a) {
    for (Permission& p : a.permissions)
      p.judged = policy_.judge(p.ip);
    std::erase_if(a.permissions, [](const Permission& p) { return p.judged == PeerClass::Denied; });
  });
}

}  // namespace parley::turn
