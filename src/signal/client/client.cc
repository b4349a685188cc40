#include "signal/client/client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "signal/client/server_message.h"

namespace parley::signal {
namespace {

using namespace client_event;

constexpr std::array<Duration, 6> kBackoff = {0ms, 500ms, 1000ms, 2000ms, 4000ms, 5000ms};
// Close codes after which coming back is of no use (section 12).
constexpr std::array<std::uint16_t, 8> kFinal = {1000, 1003, 1007, 1009, 4400, 4401, 4403, 4409};
constexpr std::uint16_t kSlowDown = 4429;
constexpr std::uint16_t kMembershipOver = 4413;
constexpr std::uint16_t kNoClose = 1006;

std::string jsonText(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

bool Client::canLock() const {
  return welcome_ && std::find(welcome_->rights.begin(), welcome_->rights.end(), "lock") !=
                         welcome_->rights.end();
}

void Client::start(ClientRequest request, Time now) {
  if (started_) return;
  started_ = true;
  request_ = std::move(request);
  connect(now);
}

void Client::leave(Time now) {
  if (phase_ == Phase::Idle) return;
  if (phase_ == Phase::Joined) write(R"("type":"leave")", now);
  stop(1000, "left", "");
}

// ---- sockets
// --------------------------------------------------------------------------------------

void Client::connect(Time now) {
  clearTimers();
  phase_ = Phase::Connecting;
  refusalCode_.clear();
  retryAfter_ = {};
  ++attempt_;
  set(kDeadlineTimer, now + kConnectTimeout);
  emit(OpenSocket{});
}

void Client::handleOpened(Time now) {
  if (phase_ == Phase::Connecting) join(welcome_.has_value(), now);
}

void Client::join(bool comeBack, Time now) {
  std::string text = R"({"type":"join","protocol":1,"room":)" +
                     jsonText(comeBack ? welcome_->room : request_.room) +
                     ",\"name\":" + jsonText(comeBack ? welcome_->name : request_.name);
  if (!request_.token.empty()) text += ",\"token\":" + jsonText(request_.token);
  if (comeBack) {
    text += ",\"resume\":" + jsonText(resume_) + ",\"ack\":" + std::to_string(lastReceived_);
    if (!proof_.empty()) text += ",\"proof\":" + jsonText(proof_);
  }
  phase_ = Phase::Joining;
  set(kDeadlineTimer, now + kJoinTimeout);
  emit(SendText{text + "}"});
}

void Client::handleClosed(std::uint16_t code, Time now) {
  if (phase_ == Phase::Idle || phase_ == Phase::Waiting) return;
  closed(code, now);
}

// What we wait for does not come.
void Client::abandon(Time now) {
  emit(CloseSocket{1000});
  closed(kNoClose, now);
}

void Client::closed(std::uint16_t code, Time now) {
  if (std::find(kFinal.begin(), kFinal.end(), code) != kFinal.end())
    return stop(code, refusalCode_, refusalText_);
  if (code == kMembershipOver) forgetMembership();
  clearTimers();
  phase_ = Phase::Waiting;
  set(kRetryTimer, now + retryDelay(code));
  emit(Interrupted{code});
}

Duration Client::retryDelay(std::uint16_t code) {
  // The first attempt after a working socket comes at once: the welcome has reset the count.
  const Duration step = kBackoff[std::min<std::size_t>(attempt_, kBackoff.size() - 1)];
  const auto spread = std::chrono::duration_cast<Duration>(step * (0.7 + 0.6 * random_.unit()));
  const Duration least = code == kSlowDown ? std::max<Duration>(1s, retryAfter_) : retryAfter_;
  return std::max(spread, least);
}

void Client::stop(std::uint16_t code, std::string why, std::string message) {
  const bool hadSocket = phase_ != Phase::Waiting;
  phase_ = Phase::Idle;
  clearTimers();
  forgetMembership();
  if (hadSocket) emit(CloseSocket{1000});
  emit(Ended{code, std::move(why), std::move(message)});
}

void Client::forgetMembership() {
  welcome_.reset();
  proof_.clear();
  resetCounts();
  waiting_.clear();
  waitingBytes_ = 0;
}

void Client::resetCounts() {
  lastSent_ = 0;
  kept_.clear();
  keptBytes_ = 0;
  lastReceived_ = 0;
  unackedMessages_ = 0;
  unackedBytes_ = 0;
}

void Client::clearTimers() {
  timers_.fill(kNever);
}

// ---- time
// -----------------------------------------------------------------------------------------

Time Client::nextTimeout() const {
  return *std::min_element(timers_.begin(), timers_.end());
}

void Client::handleTimeout(Time now) {
  const auto due = [&](Timer timer) {
    if (timers_[timer] > now) return false;
    timers_[timer] = kNever;
    return true;
  };
  if (due(kDeadlineTimer)) return abandon(now);
  if (due(kRetryTimer)) return connect(now);
  if (due(kAckTimer) && unackedMessages_ > 0) write(R"("type":"ack")", now);
  if (due(kPingTimer)) {
    write(R"("type":"ping")", now);
    if (timers_[kDeadlineTimer] == kNever) set(kDeadlineTimer, now + kPongTimeout);
  }
}

std::optional<ClientEvent> Client::pollEvent() {
  if (events_.empty()) return std::nullopt;
  ClientEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

// ---- receiving
// --------------------------------------------------------------------------------------

void Client::handleText(std::string_view text, Time now) {
  if (phase_ != Phase::Joining && phase_ != Phase::Joined) return;
  if (text.size() > kMaxServerMessage) return abandon(now);
  auto message = Parsed::read(text);
  if (!message) return;
  if (message->type == Parsed::Type::Welcome) {
    if (phase_ == Phase::Joining) welcomed(*message, now);
    return;
  }
  if (phase_ == Phase::Joined) {
    set(kDeadlineTimer, kNever);  // whatever comes shows that the socket lives
    if (!count(*message, text.size(), now)) return;
  }
  dispatch(*message, now);
}

// Section 5. False: a repetition.
bool Client::count(const Parsed& message, std::size_t bytes, Time now) {
  if (message.ack && forget(*message.ack)) sendWaiting(now);
  if (!message.seq) return true;
  if (*message.seq <= lastReceived_) return false;
  lastReceived_ = *message.seq;
  ++unackedMessages_;
  unackedBytes_ += bytes;
  if (unackedMessages_ >= kAckMessages || unackedBytes_ >= kAckBytes) {
    write(R"("type":"ack")", now);
  } else if (timers_[kAckTimer] == kNever) {
    set(kAckTimer, now + kAckDelay);
  }
  return true;
}

void Client::dispatch(Parsed& m, Time now) {
  if (m.type == Parsed::Type::Error) return failed(m, now);
  if (phase_ != Phase::Joined) return;
  switch (m.type) {
    case Parsed::Type::PeerJoined:
      return emit(PeerJoined{std::move(m.peer), m.returned});
    case Parsed::Type::PeerLeft:
      return emit(PeerLeft{std::move(m.id), std::move(m.text)});
    case Parsed::Type::Signal:
      return emit(Signal{std::move(m.id), std::move(m.text)});
    case Parsed::Type::Lock:
      return emit(Locked{m.locked});
    case Parsed::Type::IceServers:
      if (!m.proof.empty()) proof_ = std::move(m.proof);
      return emit(IceServers{std::move(m.iceServers)});
    case Parsed::Type::Welcome:
    case Parsed::Type::Error:
    case Parsed::Type::Other:
      break;
  }
}

void Client::failed(Parsed& m, Time now) {
  retryAfter_ = m.retryAfter;
  if (m.fatal) {
    refusalCode_ = m.code;
    refusalText_ = m.text;
  } else if (m.code == "resume-failed" && phase_ == Phase::Joining) {
    forgetMembership();
    return join(false, now);
  } else if (phase_ == Phase::Joining) {
    // Nothing of our first message was to the server's liking; repeating it changes nothing.
    return stop(4400, std::move(m.code), std::move(m.text));
  }
  emit(Complaint{std::move(m.code), std::move(m.text)});
}

void Client::welcomed(Parsed& m, Time now) {
  set(kDeadlineTimer, kNever);
  Joined event;
  if (!m.welcome.resumed) {
    if (m.welcome.returned) {
      for (Kept& k : kept_)
        if (!k.to.empty()) event.unsent.emplace_back(std::move(k.to), std::move(k.data));
      for (Waiting& w : waiting_)
        if (!w.to.empty()) event.unsent.emplace_back(std::move(w.to), std::move(w.data));
    }
    waiting_.clear();
    waitingBytes_ = 0;
    resetCounts();
  }
  welcome_ = m.welcome;
  resume_ = std::move(m.resume);
  proof_ = std::move(m.proof);
  pingEvery_ = std::max<Duration>(m.pingEvery, 1s);
  messageBytes_ = m.messageBytes;
  bufferBytes_ = m.bufferBytes;
  phase_ = Phase::Joined;
  attempt_ = 0;
  write(R"("type":"ack")", now);
  if (m.welcome.resumed) {
    forget(*m.ack);
    for (const Kept& k : kept_)
      emit(SendText{k.text});
  }
  event.welcome = std::move(m.welcome);
  emit(std::move(event));
  sendWaiting(now);
}

// ---- sending
// ----------------------------------------------------------------------------------------

void Client::sendSignal(const std::string& to, std::string_view data, Time now) {
  post(R"("type":"signal","to":)" + jsonText(to) + ",\"data\":" + std::string(data), to, data, now);
}

void Client::sendLock(bool locked, Time now) {
  post(std::string(R"("type":"lock","locked":)") + (locked ? "true" : "false"), {}, {}, now);
}

void Client::post(std::string body, std::string to, std::string_view data, Time now) {
  if (!welcome_) return;
  const std::size_t bytes = body.size() + 64;  // with room for seq and ack
  if (bytes > messageBytes_) return;
  Waiting entry{std::move(body), std::move(to), std::string(data), bytes};
  if (waiting_.empty() && keptBytes_ + bytes <= bufferBytes_) return number(std::move(entry), now);
  waitingBytes_ += bytes;
  waiting_.push_back(std::move(entry));
  if (waitingBytes_ > kMaxWaitingBytes) giveUp(now);
}

void Client::number(Waiting entry, Time now) {
  const std::uint64_t seq = ++lastSent_;
  std::string text = "{" + entry.body + ",\"seq\":" + std::to_string(seq) +
                     ",\"ack\":" + std::to_string(lastReceived_) + "}";
  keptBytes_ += entry.bytes;
  kept_.push_back({seq, text, std::move(entry.to), std::move(entry.data), entry.bytes});
  if (phase_ != Phase::Joined) return;
  emit(SendText{std::move(text)});
  wrote(now);
}

// Drops what the server has. True: there is more room now.
bool Client::forget(std::uint64_t upTo) {
  bool any = false;
  while (!kept_.empty() && kept_.front().seq <= upTo) {
    keptBytes_ -= kept_.front().bytes;
    kept_.pop_front();
    any = true;
  }
  return any;
}

void Client::sendWaiting(Time now) {
  while (!waiting_.empty() && keptBytes_ + waiting_.front().bytes <= bufferBytes_) {
    Waiting entry = std::move(waiting_.front());
    waiting_.pop_front();
    waitingBytes_ -= entry.bytes;
    number(std::move(entry), now);
  }
}

// Our store is full: the membership cannot be kept whole, so it ends (section 5.8).
void Client::giveUp(Time now) {
  const bool hadSocket = phase_ != Phase::Waiting;
  forgetMembership();
  if (hadSocket) emit(CloseSocket{1000});
  closed(kMembershipOver, now);
}

void Client::write(std::string_view fields, Time now) {
  emit(SendText{"{" + std::string(fields) + ",\"ack\":" + std::to_string(lastReceived_) + "}"});
  wrote(now);
}

void Client::wrote(Time now) {
  unackedMessages_ = 0;
  unackedBytes_ = 0;
  set(kAckTimer, kNever);
  set(kPingTimer, now + pingEvery_);
}

}  // namespace parley::signal
