#include "signal/hub.h"

#include <algorithm>

#include "base/check.h"
#include "signal/hub_internal.h"

namespace parley::signal {
namespace {

constexpr Duration kAckDelay = 500ms;           // promised: within 1 s (section 5.7)
constexpr std::uint32_t kAckMessages = 16;      // section 5.7
constexpr std::uint32_t kAckBytes = 32 * 1024;  // section 5.7

}  // namespace

Hub::Hub(HubConfig config, RandomSource& random, RoomDirectory& rooms, IceServerMinter minter,
         std::unique_ptr<TokenVerifier> tokens, Time now)
    : config_(std::move(config)),
      random_(random),
      rooms_(rooms),
      minter_(std::move(minter)),
      tokens_(std::move(tokens)),
      proofs_(config_.serverKey, config_.proofLife, random),
      started_(now),
      rememberedLocks_(config_.lockDigests.begin(), config_.lockDigests.end()) {
  PARLEY_CHECK(config_.validate().ok());
  PARLEY_CHECK(minter_ != nullptr);
  config_.lockDigests.clear();
}

Hub::~Hub() = default;

void Hub::handleOpened(ConnectionId id, const IpAddress& source, Time now) {
  const SourceKey key(source);
  const bool full = connections_.size() >= config_.maxConnections;
  const bool tooMany = sources_.count(key, SourceUse::Sockets) >= config_.connectionsPerSource;
  auto [it, fresh] = connections_.emplace(id, std::make_unique<Connection>(id, key, now));
  PARLEY_CHECK(fresh);
  sources_.add(key, SourceUse::Sockets);
  Connection& c = *it->second;
  if (stopping_) return fail(c, SignalError::Shutdown, {}, now);
  if (full) return fail(c, SignalError::ServerFull, {}, now, 5s);
  if (tooMany) return fail(c, SignalError::TooManySockets, {}, now, 5s);
  schedule(c, now + config_.joinWithin);
}

void Hub::handleText(ConnectionId id, std::string_view text, Time now, WallTime wall) {
  Connection* c = live(id);
  if (c == nullptr) return;
  if (text.size() > config_.messageBytes) return fail(*c, SignalError::TooLarge, {}, now);
  c->lastHeard = now;
  if (c->member != nullptr) c->member->heard();
  if (!withinRate(*c, text.size(), now)) return;
  const auto message = parseClientMessage(text);
  if (message.ok()) {
    dispatch(*c, *message, text.size(), now, wall);
  } else {
    handleBad(*c, message.error(), text.size(), now);
  }
  removeDoomed(now);
}

void Hub::handleBinary(ConnectionId id, Time now) {
  if (Connection* c = live(id)) fail(*c, SignalError::Binary, {}, now);
}

void Hub::handleTooLarge(ConnectionId id, Time now) {
  if (Connection* c = live(id)) fail(*c, SignalError::TooLarge, {}, now);
}

void Hub::handleAlive(ConnectionId id, Time now) {
  if (Connection* c = live(id)) c->lastHeard = now;
}

void Hub::handleClosed(ConnectionId id, Time now) {
  const auto it = connections_.find(id);
  if (it == connections_.end()) return;
  Connection& c = *it->second;
  if (c.member != nullptr) detach(*c.member, now);
  connectionDeadlines_.set(c.id, c.scheduled, kNever);
  sources_.remove(c.source, SourceUse::Sockets);
  connections_.erase(it);
}

void Hub::handleTimeout(Time now, WallTime wall) {
  while (const auto id = connectionDeadlines_.due(now))
    checkSilence(*connections_.at(*id), now);
  while (const auto id = memberDeadlines_.due(now))
    serveMember(*members_.at(*id), now, wall);
  forgetLocks(now);
  removeDoomed(now);
}

Time Hub::nextTimeout() const {
  const Time t = std::min(connectionDeadlines_.next(), memberDeadlines_.next());
  return rememberedLocks_.empty() ? t : std::min(t, started_ + config_.locksKept);
}

std::optional<Effect> Hub::pollEffect() {
  if (effects_.empty()) return std::nullopt;
  Effect effect = std::move(effects_.front());
  effects_.pop_front();
  return effect;
}

void Hub::shutdown(Time now) {
  stopping_ = true;
  for (auto& [id, c] : connections_) {
    if (!c->closing) fail(*c, SignalError::Shutdown, {}, now);
  }
}

HubStats Hub::stats() const {
  HubStats s = stats_;
  s.connections = connections_.size();
  s.members = members_.size();
  s.membersAway = members_.size() - attached_;
  s.rooms = rooms_.size();
  return s;
}

Connection* Hub::live(ConnectionId id) {
  const auto it = connections_.find(id);
  return it == connections_.end() || it->second->closing ? nullptr : it->second.get();
}

void Hub::fail(Connection& c, SignalError code, std::string_view message, Time now,
               std::optional<Duration> retryAfter) {
  ++stats_.errors[static_cast<std::size_t>(code)];
  effects_.push_back(SendText{c.id, writeError({code, message, {}, {}, retryAfter})});
  close(c, info(code).close, info(code).name, now);
}

void Hub::close(Connection& c, std::uint16_t code, std::string_view reason, Time now) {
  if (c.member != nullptr) detach(*c.member, now);
  c.closing = true;
  connectionDeadlines_.set(c.id, c.scheduled, kNever);
  effects_.push_back(CloseConnection{c.id, code, std::string(reason)});
}

void Hub::complain(Connection& c, SignalError code, std::string_view message,
                   std::optional<std::uint64_t> ref) {
  ++stats_.errors[static_cast<std::size_t>(code)];
  if (c.member == nullptr) {
    effects_.push_back(SendText{c.id, writeError({code, message, ref, {}, {}})});
    return;
  }
  deliver(*c.member, [&](const Envelope& e) { return writeError({code, message, ref, e, {}}); });
}

// The membership goes on without its socket until goneAt.
void Hub::detach(Member& member, Time now) {
  PARLEY_CHECK(member.connection.has_value());
  connections_.at(*member.connection)->member = nullptr;
  member.connection.reset();
  --attached_;
  member.ackAt = kNever;
  member.iceAt = kNever;
  member.goneAt = now + config_.resumeWithin;
  wakeAt(member, member.goneAt);
}

bool Hub::withinRate(Connection& c, std::size_t bytes, Time now) {
  if (c.member == nullptr) {
    if (c.messages.take(1, now)) return true;
    fail(c, SignalError::RateLimited, {}, now, c.messages.untilHalf(now));
    return false;
  }
  Member& m = *c.member;
  if (m.messages.take(1, now) && m.bytes.take(static_cast<double>(bytes), now)) return true;
  fail(c, SignalError::RateLimited, {}, now,
       std::max(m.messages.untilHalf(now), m.bytes.untilHalf(now)));
  return false;
}

void Hub::schedule(Connection& c, Time at) {
  connectionDeadlines_.set(c.id, c.scheduled, at);
}

void Hub::checkSilence(Connection& c, Time now) {
  if (c.member == nullptr) {
    const Time limit = c.opened + config_.joinWithin;
    return limit <= now ? fail(c, SignalError::JoinTimeout, {}, now) : schedule(c, limit);
  }
  const Time limit = c.lastHeard + config_.idleAfter;
  return limit <= now ? fail(c, SignalError::Idle, {}, now) : schedule(c, limit);
}

void Hub::dispatch(Connection& c, const ClientMessage& message, std::size_t bytes, Time now,
                   WallTime wall) {
  if (const auto* ping = std::get_if<PingMessage>(&message.body)) {
    if (takeAck(c, message.ack, now)) effects_.push_back(SendText{c.id, writePong(ping->echo)});
    return;
  }
  if (const auto* join = std::get_if<JoinMessage>(&message.body)) {
    if (c.member != nullptr) return complain(c, SignalError::AlreadyJoined, {}, {});
    return handleJoin(c, *join, now, wall);
  }
  if (std::holds_alternative<LeaveMessage>(message.body)) return handleLeave(c, now);
  if (c.member == nullptr) return complain(c, SignalError::NotJoined, {}, message.seq);
  if (!takeAck(c, message.ack, now)) return;
  if (!message.sequenced() || !inSequence(c, message.seq, bytes, now)) return;
  Member& m = *c.member;
  if (const auto* signal = std::get_if<SignalMessage>(&message.body)) {
    handleSignal(m, *signal);
  } else if (const auto* lock = std::get_if<LockMessage>(&message.body)) {
    handleLock(m, *lock);
  }
  if (m.unackedMessages >= kAckMessages || m.unackedBytes >= kAckBytes) sendAck(m);
}

void Hub::handleBad(Connection& c, const BadMessage& bad, std::size_t bytes, Time now) {
  if (info(bad.code).fatal) return fail(c, bad.code, bad.what, now);
  std::optional<std::uint64_t> ref = bad.seq;
  if (c.member != nullptr && bad.sequenced) {
    if (!inSequence(c, bad.seq, bytes, now)) return;
    ref = c.member->received;
  }
  complain(c, bad.code, bad.what, ref);
}

// Section 5.3. True if the message is the next one; it has been counted then.
bool Hub::inSequence(Connection& c, std::optional<std::uint64_t> seq, std::size_t bytes, Time now) {
  Member& m = *c.member;
  if (seq && *seq > m.received + 1) {
    fail(c, SignalError::BadSequence, "seq leaves a gap", now);
    return false;
  }
  // A repetition is counted as well: who repeats has not seen our acknowledgement.
  ++m.unackedMessages;
  m.unackedBytes += static_cast<std::uint32_t>(bytes);
  if (m.ackAt == kNever) {
    m.ackAt = now + kAckDelay;
    wakeAt(m, m.ackAt);
  }
  if (seq && *seq <= m.received) return false;
  ++m.received;
  return true;
}

// Section 5.5.
bool Hub::takeAck(Connection& c, std::optional<std::uint64_t> ack, Time now) {
  if (!ack || c.member == nullptr || c.member->out.acknowledge(*ack)) return true;
  fail(c, SignalError::BadSequence, "ack is beyond what was sent", now);
  return false;
}

}  // namespace parley::signal
