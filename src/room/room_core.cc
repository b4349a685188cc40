#include "room/room_core.h"

#include "api/settings.h"

namespace parley::room {
namespace {

namespace event = signal::client_event;

constexpr Duration kLinger = 1s;  // for the good-bye

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

LeaveReason reasonOf(const std::string& text) {
  if (text == "timeout") return LeaveReason::Timeout;
  if (text == "overflow") return LeaveReason::Overflow;
  return LeaveReason::Left;
}

RtcError refusal(const event::Ended& e) {
  RtcError out(ErrorName::NotAllowedError,
               e.message.empty() ? "the server ended the membership" : e.message);
  out.code = e.code;
  return out;
}

}  // namespace

RoomCore::RoomCore(api::Shard& shard) : shard_(shard), client_(random_) {}

RoomCore::~RoomCore() = default;

void RoomCore::say(const std::string& line, LogLevel level) const {
  const Configuration& c = options_.configuration;
  if (c.log && level >= c.logLevel) c.log(level, "room: " + line);
}

// ---- from any thread
// --------------------------------------------------------------------------------

Async<void> RoomCore::join(std::string_view url, const RoomOptions& options) {
  auto state = std::make_shared<detail::AsyncState<void>>(
      [weak = weak_from_this()](std::function<void()> task) {
        const auto self = weak.lock();
        if (self && self->sequence_ && self->sequence_->push(task)) return;
        task();
      });
  const Async<void> async(state);
  auto parsed = parseRoomUrl(url);
  if (!parsed) {
    state->complete(parsed.error());
    return async;
  }
  auto tls = api::tlsContext(options.configuration.tls);
  if (parsed->secure && !tls) {
    state->complete(tls.error());
    return async;
  }
  {
    const std::lock_guard guard(mutex_);
    if (begun_ || left_) {
      state->complete(RtcError(ErrorName::InvalidStateError, "a room is joined once"));
      return async;
    }
    begun_ = true;
    options_ = options;
    url_ = std::move(*parsed);
    if (options_.token.empty()) options_.token = url_.token;
    if (tls) tls_ = std::move(*tls);
    sequence_ = std::make_shared<api::Sequence>(shard_, options_.configuration.executor);
    joining_ = state;
    mirror_.state = RoomState::Connecting;
    mirror_.room = url_.room;
  }
  shard_.post([self = shared_from_this()] { self->start(); });
  return async;
}

void RoomCore::leave() {
  Callbacks callbacks;
  std::map<std::string, std::shared_ptr<MemberState>> members;
  {
    const std::lock_guard guard(mutex_);
    if (left_) return;
    left_ = true;
    std::swap(callbacks, on_);
    members.swap(mirror_.members);
    mirror_.state = RoomState::Closed;
  }
  for (const auto& [id, member] : members) {
    PeerConnection connection;
    {
      const std::lock_guard guard(member->mutex);
      connection = member->connection;
    }
    connection.close();
  }
  if (!sequence_) return;
  sequence_->close();
  finishJoin(RtcError(ErrorName::AbortError, "the room was left"));
  shard_.post([self = shared_from_this()] {
    self->client_.leave(self->shard_.now());
    self->pump();
    self->shutDown();
  });
}

Expected<void> RoomCore::lock(bool locked) {
  if (read([](const Mirror& m) { return m.state; }) != RoomState::Joined)
    return RtcError(ErrorName::InvalidStateError, "not in a room");
  if (!read([](const Mirror& m) { return m.canLock; }))
    return RtcError(ErrorName::NotAllowedError, "this member may not lock the room");
  shard_.post([self = shared_from_this(), locked] {
    self->client_.sendLock(locked, self->shard_.now());
    self->pump();
  });
  return {};
}

void RoomCore::disconnect(const std::string& id) {
  shard_.post([self = shared_from_this(), id] {
    const auto it = self->peers_.find(id);
    if (it == self->peers_.end() || !it->second.negotiation) return;
    self->client_.sendSignal(
        id, R"({"close":true,"session":")" + it->second.negotiation->session() + "\"}",
        self->shard_.now());
    self->dropConnection(it->second);
    self->pump();
  });
}

// The first one counts.
void RoomCore::finishJoin(std::optional<RtcError> error) {
  std::shared_ptr<detail::AsyncState<void>> joining;
  {
    const std::lock_guard guard(mutex_);
    joining.swap(joining_);
  }
  if (!joining) return;
  joining->complete(error ? Expected<void>(*error) : Expected<void>());
}

// ---- the membership
// ---------------------------------------------------------------------------------

void RoomCore::start() {
  if (over_) return;
  self_ = shared_from_this();
  timer_ = shard_.loop().addTimer(*this);
  joinBy_ = shard_.now() + options_.joinTimeout;
  client_.start({url_.room, options_.name, options_.token}, shard_.now());
  pump();
}

// Lets the client's events come true, and sets the timer.
void RoomCore::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (auto event = client_.pollEvent())
    handleClientEvent(*event);
  pumping_ = false;
  if (!timer_) return;
  Time next = std::min({client_.nextTimeout(), joinBy_, awaitUntil_, lingerUntil_});
  for (const auto& [id, peer] : peers_)
    next = std::min(next, peer.recovery.nextTimeout());
  shard_.loop().setTimer(*timer_, next);
}

void RoomCore::handleTimer() {
  const Time now = shard_.now();
  if (lingerUntil_ <= now) {
    socket_.reset();
    shard_.loop().removeTimer(*timer_);
    timer_.reset();
    // Not within our own function.
    shard_.post([self = std::move(self_)] {});
    return;
  }
  if (joinBy_ <= now) {
    joinBy_ = kNever;
    finishJoin(RtcError(lastProblem_.empty() ? ErrorName::TimeoutError : ErrorName::NetworkError,
                        lastProblem_.empty() ? "the server does not answer" : lastProblem_));
    client_.leave(now);
  }
  if (awaitUntil_ <= now) {
    awaitUntil_ = kNever;
    stopAwaiting();
  }
  client_.handleTimeout(now);
  for (auto& [id, peer] : peers_)
    recover(peer, peer.recovery.handleTimeout(now));
  pump();
}

void RoomCore::handleClientEvent(signal::ClientEvent& e) {
  std::visit(Overloaded{
                 [&](event::OpenSocket&) {
                   say("connecting to " + url_.authority());
                   SignalSocket::Owner& owner = *this;
                   socket_ = std::make_unique<SignalSocket>(shard_, owner, url_, tls_, random_);
                 },
                 [&](event::CloseSocket& close) {
                   if (!socket_) return;
                   socket_->close(close.code);
                   if (!over_) shard_.shared().bury(std::move(socket_));
                 },
                 [&](event::SendText& send) {
                   if (socket_) socket_->sendText(send.text);
                 },
                 [&](event::Joined& joined) { welcomed(joined); },
                 [&](event::PeerJoined& joined) { meet(joined.peer, joined.returned); },
                 [&](event::PeerLeft& left) { remove(left.id, reasonOf(left.reason)); },
                 [&](event::Signal& signal) { receive(signal.from, std::move(signal.data)); },
                 [&](event::Locked& lock) {
                   const std::lock_guard guard(mutex_);
                   mirror_.locked = lock.locked;
                   tell(&Callbacks::lock, lock.locked);
                 },
                 [&](event::IceServers& servers) {
                   setServers(servers.servers);
                   for (auto& [id, peer] : peers_) {
                     if (!peer.negotiation) continue;
                     static_cast<void>(
                         peer.negotiation->connection()->setConfiguration(memberConfiguration()));
                   }
                 },
                 [&](event::Complaint& complaint) {
                   lastProblem_ = complaint.code + ": " + complaint.message;
                   say("the server: " + lastProblem_, LogLevel::Warning);
                 },
                 [&](event::Interrupted& interrupted) {
                   if (socket_) shard_.shared().bury(std::move(socket_));
                   say("the socket closed (" + std::to_string(interrupted.code) + ")",
                       LogLevel::Warning);
                   if (everJoined_) setState(RoomState::Reconnecting);
                 },
                 [&](event::Ended& over) { ended(over); },
             },
             e);
}

void RoomCore::handleSocketOpened() {
  client_.handleOpened(shard_.now());
  pump();
}

void RoomCore::handleSocketText(std::string text) {
  client_.handleText(text, shard_.now());
  pump();
}

void RoomCore::handleSocketClosed(std::uint16_t code, int httpStatus, const std::string& why) {
  if (!why.empty()) {
    lastProblem_ = why;
    say(why, LogLevel::Warning);
  }
  // Refused before the protocol begins (Host, Origin, no such path): coming back changes nothing.
  const bool refused = httpStatus >= 400 && httpStatus < 500 && httpStatus != 429;
  client_.handleClosed(refused ? 4403 : code, shard_.now());
  pump();
}

void RoomCore::welcomed(const event::Joined& joined) {
  const signal::Welcomed& welcome = joined.welcome;
  joinBy_ = kNever;
  everJoined_ = true;
  lastProblem_.clear();
  order_ = welcome.order;
  setServers(welcome.iceServers);
  {
    const std::lock_guard guard(mutex_);
    mirror_.self = welcome.self;
    mirror_.name = welcome.name;
    mirror_.room = welcome.room;
    mirror_.locked = welcome.locked;
    mirror_.canLock = client_.canLock();
  }
  say(std::string(welcome.resumed ? "back in " : "in ") + welcome.room + " as " + welcome.self);
  setState(RoomState::Joined);
  finishJoin(std::nullopt);
  // We are somebody new to the others: what we had with them is over.
  if (!welcome.resumed && !welcome.returned) {
    while (!peers_.empty())
      remove(peers_.begin()->first, LeaveReason::Replaced);
  }
  for (const signal::ClientPeer& peer : welcome.peers)
    meet(peer, welcome.returned);
  if (!welcome.returned) return;
  for (const auto& [to, data] : joined.unsent) {
    const auto it = peers_.find(to);
    if (it != peers_.end() && it->second.negotiation &&
        it->second.negotiation->connection()->state() == PeerConnectionState::Connected)
      client_.sendSignal(to, data, shard_.now());
  }
  for (const signal::ClientPeer& peer : welcome.peers)
    if (const auto it = peers_.find(peer.id); it != peers_.end()) it->second.returned = true;
  awaitUntil_ = shard_.now() + welcome.resumeWithin;
}

// Members that a restarted server has not seen again (section 7.7).
void RoomCore::stopAwaiting() {
  std::vector<std::string> gone;
  for (const auto& [id, peer] : peers_) {
    const bool connected = peer.negotiation && peer.negotiation->connection()->state() ==
                                                   PeerConnectionState::Connected;
    if (!peer.returned && !connected) gone.push_back(id);
  }
  for (const std::string& id : gone)
    remove(id, LeaveReason::Timeout);
}

void RoomCore::ended(const event::Ended& over) {
  const bool byUs = over.code == "left";
  if (!byUs) {
    const RtcError error = over.code.empty() && !lastProblem_.empty()
                               ? RtcError(ErrorName::NetworkError, lastProblem_)
                               : refusal(over);
    say("over: " + error.describe(), LogLevel::Warning);
    finishJoin(error);
    tell(&Callbacks::error, error);
  }
  while (!peers_.empty())
    remove(peers_.begin()->first, LeaveReason::Left);
  setState(RoomState::Closed);
  shutDown();
}

// The socket may still have our good-bye to say.
void RoomCore::shutDown() {
  for (auto& [id, peer] : peers_)
    if (peer.negotiation) peer.negotiation->connection()->close();
  peers_.clear();
  if (over_ || !timer_) {
    over_ = true;
    return;
  }
  over_ = true;
  lingerUntil_ = shard_.now() + kLinger;
  shard_.loop().setTimer(*timer_, lingerUntil_);
}

void RoomCore::setState(RoomState state) {
  {
    const std::lock_guard guard(mutex_);
    if (mirror_.state == state || left_) return;
    mirror_.state = state;
  }
  tell(&Callbacks::statechange, state);
}

void RoomCore::setServers(const std::vector<signal::ClientIceServer>& servers) {
  const std::lock_guard guard(mutex_);
  mirror_.iceServers.clear();
  for (const signal::ClientIceServer& s : servers)
    mirror_.iceServers.push_back({s.urls, s.username, s.credential});
}

}  // namespace parley::room
