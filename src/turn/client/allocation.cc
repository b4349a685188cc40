#include "turn/client/allocation.h"

#include <algorithm>
#include <utility>

#include "stun/attributes.h"

namespace parley::turn::client {

namespace attr = stun::attr;
using stun::Class;
using stun::Message;
using stun::MessageWriter;
using stun::Method;

namespace {

// RFC 8656 section 8: a refresh about a minute before the end.
constexpr Duration kRefreshAhead = 60s;
constexpr Duration kRefreshRetry = 15s;
// Once a round trip is known, retransmissions follow it (RFC 8489 section 6.2.1, RFC 6298 section
// 2.2: SRTT + 4 × SRTT/2), within this and the configured first wait.
constexpr Duration kMinRto = 100ms;
constexpr std::uint8_t kReleaseSends = 3;
constexpr std::uint16_t kReleaseLastWait = 4;
// So many ICMP errors for a server that never answered, and it is given up.
constexpr std::uint8_t kMaxIcmpErrors = 2;
// An error that nobody signed counts when nothing better came for this many sendings.
constexpr unsigned kSendsAfterUnsigned = 3;

Method methodOf(std::uint8_t kind) {
  constexpr std::array<Method, 5> kMethods = {Method::Binding, Method::Allocate, Method::Refresh,
                                              Method::CreatePermission, Method::ChannelBind};
  return kMethods[kind];
}

std::optional<Address> xorAddress(const Message& m, stun::AttributeType type) {
  const auto value = m.find(type);
  return value ? stun::decodeXorAddress(*value, m.transactionId()) : std::nullopt;
}

// Its code is 0 without one.
stun::ErrorValue errorOf(const Message& m) {
  const auto value = m.find(attr::kErrorCode);
  if (!value) return {};
  return stun::decodeErrorCode(*value).value_or(stun::ErrorValue{});
}

Duration lifetimeOf(const Message& m) {
  const auto value = m.find(attr::kLifetime);
  const auto seconds = value ? stun::decodeU32(*value) : std::nullopt;
  return std::chrono::seconds{seconds.value_or(0)};
}

}  // namespace

Allocation::Allocation(const Path& server, AllocationConfig config, RandomSource& random)
    : path_(server),
      config_(std::move(config)),
      random_(random),
      credentials_(config_.username, config_.password) {
  random_.fill(indicationId_);
}

void Allocation::start(Time) {
  if (state_ != State::Idle) return;
  if (config_.username.size() > kMaxUsername) {
    return fail(0, "the user name is longer than 508 bytes", Remedy::CheckCredentials);
  }
  state_ = State::Allocating;
  begin(kMainRequest, Kind::Allocate);
  schedule();
}

void Allocation::release(Time) {
  switch (state_) {
    case State::Idle:
      return end(Closed{});
    case State::Allocating:
      releaseWanted_ = true;  // first it must be known whether there is one
      return;
    case State::Live:
      state_ = State::Releasing;
      for (RequestIndex i = 0; i < kMaxRequests; ++i)
        drop(i);
      begin(kMainRequest, Kind::Refresh);
      return schedule();
    case State::Releasing:
    case State::Done:
      return;
  }
}

// --- peers -------------------------------------------------------------------------------------

Status Allocation::addPermission(const Address& peer, Time now) {
  if (over()) return Error{ErrorCode::Closed, "add a TURN permission"};
  if (peer.family() != config_.family)
    return Error{ErrorCode::Invalid, "a permission for a peer of the other address family"};
  if (permissions_.find(peer.ip()) != nullptr) return Ok{};
  if (permissions_.add(peer.ip()) == nullptr)
    return Error{ErrorCode::Limit, "permissions of a TURN allocation", kMaxPermissions};
  askForPeers(now);
  schedule();
  return Ok{};
}

void Allocation::removePermission(const Address& peer) {
  const Permission* p = permissions_.find(peer.ip());
  if (p == nullptr) return;
  const RequestIndex request = p->request;
  permissions_.remove(peer.ip());
  // A request under way stays the same to the byte; without one of its peers it is another one.
  if (request != kNoRequest) drop(request);
  schedule();
}

Status Allocation::bindChannel(const Address& peer, Time now) {
  if (over()) return Error{ErrorCode::Closed, "bind a TURN channel"};
  if (peer.family() != config_.family)
    return Error{ErrorCode::Invalid, "a channel for a peer of the other address family"};
  Channel* c = channels_.find(peer);
  if (c == nullptr) c = channels_.assign(peer, now);
  if (c == nullptr) return Error{ErrorCode::Limit, "channels of a TURN allocation", kMaxChannels};
  if (c->bound || c->request != kNoRequest) return Ok{};
  c->wanted = true;
  askForPeers(now);
  schedule();
  return Ok{};
}

bool Allocation::hasPermission(const IpAddress& peer) {
  const Permission* p = permissions_.find(peer);
  return p != nullptr && p->granted;
}

void Allocation::bindHeavyPeer(Time now) {
  if (!heavyPeer_) return;
  const Address peer = *std::exchange(heavyPeer_, std::nullopt);
  Channel* c = channels_.find(peer);
  if (c == nullptr) c = channels_.assign(peer, now);
  if (c != nullptr && !c->bound && c->request == kNoRequest && c->notBefore <= now)
    c->wanted = true;
}

void Allocation::askForPeers(Time now) {
  if (state_ != State::Live) return;
  bindHeavyPeer(now);
  for (RequestIndex i = kMainRequest + 1; i < kMaxRequests; ++i) {
    if (requests_[i].kind != Kind::None) continue;
    if (!askForPermissions(i) && !askForChannel(i)) return;
  }
}

bool Allocation::askForPermissions(RequestIndex index) {
  std::size_t count = 0;
  for (Permission& p : permissions_.all()) {
    if (!p.wanted || (p.alone && count > 0)) continue;
    p.wanted = false;
    p.request = index;
    ++count;
    if (p.alone || count == kPeersPerRequest) break;
  }
  if (count == 0) return false;
  begin(index, Kind::Permit);
  return true;
}

bool Allocation::askForChannel(RequestIndex index) {
  auto& all = channels_.all();
  const auto it = std::find_if(all.begin(), all.end(), [](const Channel& c) { return c.wanted; });
  if (it == all.end()) return false;
  it->wanted = false;
  it->request = index;
  begin(index, Kind::Bind);
  requests_[index].channel = static_cast<std::uint16_t>(it - all.begin());
  return true;
}

// --- requests ----------------------------------------------------------------------------------

stun::RetransmitConfig Allocation::retransmit() const {
  stun::RetransmitConfig c = config_.retransmit;
  if (roundTrip_)
    c.initialRto = std::clamp(*roundTrip_ * 3, std::min(kMinRto, c.initialRto), c.initialRto);
  if (state_ == State::Releasing) {
    c.maxSends = std::min(c.maxSends, kReleaseSends);
    c.lastWait = std::min(c.lastWait, kReleaseLastWait);
    c.streamTimeout = std::min<Duration>(c.streamTimeout, config_.retransmit.initialRto * 8);
  }
  return c;
}

void Allocation::begin(RequestIndex index, Kind kind) {
  requests_[index] = Request{};
  requests_[index].kind = kind;
  requests_[index].releases = state_ == State::Releasing;
  restart(index);
}

void Allocation::restart(RequestIndex index) {
  Request& r = requests_[index];
  r.transaction =
      stun::ClientTransaction(stun::randomTransactionId(random_), retransmit(), path_.transport);
  r.due = true;
  r.forged = false;
  r.unsignedCode = 0;
}

// Forgets a request under way; what it asked for is wanted again.
void Allocation::drop(RequestIndex index) {
  requests_[index] = Request{};
  for (Permission& p : permissions_.all()) {
    if (p.request != index) continue;
    p.request = kNoRequest;
    p.wanted = true;
  }
  for (Channel& c : channels_.all()) {
    if (c.request != index) continue;
    c.request = kNoRequest;
    c.wanted = true;
  }
}

std::size_t Allocation::writeRequest(RequestIndex index, Bytes room) {
  Request& r = requests_[index];
  MessageWriter w(room, methodOf(static_cast<std::uint8_t>(r.kind)), Class::Request,
                  r.transaction.id());
  const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(config_.lifetime).count();
  switch (r.kind) {
    case Kind::Allocate:
      w.requestedTransport(stun::kTransportUdp);
      // RFC 8656 section 7.1: without it IPv4, also at servers that do not know the attribute.
      if (config_.family == Family::V6) w.family(attr::kRequestedAddressFamily, Family::V6);
      if (lifetime > 0) w.u32(attr::kLifetime, static_cast<std::uint32_t>(lifetime));
      break;
    case Kind::Refresh:
      if (r.releases)
        w.u32(attr::kLifetime, 0);
      else if (lifetime > 0)
        w.u32(attr::kLifetime, static_cast<std::uint32_t>(lifetime));
      break;
    case Kind::Permit:
      for (const Permission& p : permissions_.all())
        if (p.request == index) w.xorAddress(attr::kXorPeerAddress, Address{p.peer, 0});
      break;
    case Kind::Bind: {
      const Channel& c = channels_.all()[r.channel];
      w.channelNumber(channels_.numberOf(c).value());
      w.xorAddress(attr::kXorPeerAddress, c.peer);
      break;
    }
    case Kind::None:
      return 0;
  }
  r.isSigned = credentials_.canSign();
  if (r.isSigned) credentials_.sign(w);
  return w.finish();
}

More Allocation::pollTransmit(TransmitBatch& out, Time now) {
  askForPeers(now);
  for (RequestIndex i = 0; i < kMaxRequests; ++i) {
    Request& r = requests_[i];
    if (!r.due) continue;
    const Bytes room = out.reserve(kMaxRequestSize);
    if (room.empty()) return More::Yes;
    out.commit(path_, writeRequest(i, room));
    r.due = false;
    r.transaction.sent(now);
    schedule();
  }
  return More::No;
}

void Allocation::handleTimeout(Time now) {
  if (over()) return;
  for (RequestIndex i = 0; i < kMaxRequests && !over(); ++i) {
    Request& r = requests_[i];
    const auto step = r.transaction.handleTimeout(now);
    if (step == stun::ClientTransaction::Step::Failed) {
      handleNoAnswer(i, now);
    } else if (step == stun::ClientTransaction::Step::Send) {
      if (r.unsignedCode != 0 && r.transaction.sends() >= kSendsAfterUnsigned)
        handleNoAnswer(i, now);
      else
        r.due = true;
    }
  }
  if (over()) return;
  if (expiresAt_ <= now && state_ == State::Live) {
    return fail(0, "the allocation ended: the server no longer answered its refreshes",
                Remedy::Again);
  }
  if (refreshAt_ <= now && state_ == State::Live) {
    refreshAt_ = kNever;
    begin(kMainRequest, Kind::Refresh);
  }
  permissions_.renewDue(now);
  channels_.renewDue(now);
  askForPeers(now);
  schedule();
}

void Allocation::schedule() {
  nextTimeout_ = kNever;
  if (over()) return;
  // What is due is written by the drain that follows each call.
  for (const Request& r : requests_)
    if (!r.due) nextTimeout_ = std::min(nextTimeout_, r.transaction.nextTimeout());
  if (state_ != State::Live) return;
  nextTimeout_ = std::min(
      {nextTimeout_, refreshAt_, expiresAt_, permissions_.nextRenewal(), channels_.nextRenewal()});
}

// --- what comes in -----------------------------------------------------------------------------

void Allocation::handleDatagrams(const Train& in, Time now) {
  if (in.path().link != path_.link || in.path().remote != path_.remote) return;
  for (std::size_t i = 0; i < in.size() && !over(); ++i)
    handleMessage(in[i], now);
  if (over()) return;
  askForPeers(now);
  schedule();
}

void Allocation::handleMessage(Bytes bytes, Time now) {
  const auto message = Message::parse(bytes);
  if (!message) return;
  if (message->messageClass() == Class::Indication) {
    if (message->method() == Method::Data) handleIcmp(*message);
    return;
  }
  for (RequestIndex i = 0; i < kMaxRequests; ++i) {
    const Request& r = requests_[i];
    if (r.kind == Kind::None || !r.transaction.matches(*message) ||
        message->method() != methodOf(static_cast<std::uint8_t>(r.kind)))
      continue;
    return handleAnswer(*message, i, now);
  }
}

// RFC 8656 sections 11.5 and 18.13: 16 bits unused, 7 of type, 9 of code, 32 of data.
void Allocation::handleIcmp(const Message& indication) {
  const auto peer = xorAddress(indication, attr::kXorPeerAddress);
  const auto icmp = indication.find(attr::kIcmp);
  if (!peer || !icmp || icmp->size() != 8 || permissions_.find(peer->ip()) == nullptr) return;
  if (events_.size() >= kMaxEvents) return;
  const std::uint16_t typeAndCode = loadBe16(icmp->data() + 2);
  note(PeerUnreachable{*peer, static_cast<std::uint8_t>(typeAndCode >> 9),
                       static_cast<std::uint8_t>(typeAndCode & 0xFF), loadBe32(icmp->data() + 4)});
}

void Allocation::handleAnswer(const Message& answer, RequestIndex index, Time now) {
  Request& r = requests_[index];
  const stun::ErrorValue error = errorOf(answer);
  const bool failed = answer.messageClass() == Class::Error;
  if (failed && error.code == 0) return;
  const bool challenge = failed && (error.code == 401 || error.code == 438);
  if (r.isSigned && !challenge && !credentials_.isGenuine(answer)) {
    const bool hasIntegrity = answer.integrity() != stun::Integrity::None;
    if (hasIntegrity || !failed)
      r.forged = true;
    else
      r.unsignedCode = error.code;
    // RFC 8489 section 9.2.5: as if it had not come, and over a stream the end of the transaction.
    if (isStream(path_.transport)) handleNoAnswer(index, now);
    return;
  }
  if (const auto sample = r.transaction.roundTrip(now)) roundTrip_ = sample;
  icmpErrors_ = 0;
  if (failed) return handleError(answer, index, now);

  const Kind kind = r.kind;
  const Time sentAt = r.transaction.firstSentAt();
  switch (kind) {
    case Kind::Allocate:
      requests_[index] = Request{};
      return allocated(answer, sentAt);
    case Kind::Refresh: {
      const bool releases = r.releases;
      requests_[index] = Request{};
      return releases ? end(Closed{}) : refreshed(answer, sentAt);
    }
    case Kind::Permit:
      return permitted(index, sentAt);
    case Kind::Bind:
      return channelBound(index, sentAt);
    case Kind::None:
      return;
  }
}

void Allocation::allocated(const Message& answer, Time sentAt) {
  const auto relayed = xorAddress(answer, attr::kXorRelayedAddress);
  const auto mapped = xorAddress(answer, attr::kXorMappedAddress);
  const Duration lifetime = lifetimeOf(answer);
  if (!relayed || !mapped || lifetime == Duration{} || relayed->family() != config_.family) {
    return fail(0, "the server's answer to Allocate is not complete", Remedy::OtherServer);
  }
  state_ = State::Live;
  relayed_ = *relayed;
  setLifetime(lifetime, sentAt);
  if (releaseWanted_) return release(sentAt);
  note(Allocated{*relayed, *mapped, lifetime});
}

void Allocation::refreshed(const Message& answer, Time sentAt) {
  const Duration lifetime = lifetimeOf(answer);
  if (lifetime == Duration{}) return fail(0, "the server ended the allocation", Remedy::Again);
  setLifetime(lifetime, sentAt);
}

void Allocation::setLifetime(Duration lifetime, Time from) {
  expiresAt_ = from + lifetime;
  refreshAt_ = expiresAt_ - std::min<Duration>(kRefreshAhead, lifetime / 2);
}

void Allocation::takePermission(Permission& p, Time sentAt) {
  p.request = kNoRequest;
  p.wanted = false;
  p.alone = false;
  p.renewAt = sentAt + kPermissionRenewal;
  p.until = sentAt + kPermissionLife;
  if (!std::exchange(p.granted, true)) note(PermissionGranted{p.peer});
}

void Allocation::permitted(RequestIndex index, Time sentAt) {
  requests_[index] = Request{};
  for (Permission& p : permissions_.all())
    if (p.request == index) takePermission(p, sentAt);
}

void Allocation::channelBound(RequestIndex index, Time sentAt) {
  Channel& c = channels_.all()[requests_[index].channel];
  requests_[index] = Request{};
  c.request = kNoRequest;
  c.until = sentAt + kChannelLife;
  c.renewAt = sentAt + kChannelRenewal;
  c.reusableAt = sentAt + kChannelReuse;
  // RFC 8656 section 12.2: a binding is a permission too.
  Permission* p = permissions_.find(c.peer.ip());
  if (p == nullptr) p = permissions_.add(c.peer.ip());
  if (p != nullptr && p->request == kNoRequest) takePermission(*p, sentAt);
  if (!std::exchange(c.bound, true)) note(ChannelBound{c.peer});
}

// --- what goes wrong ---------------------------------------------------------------------------

void Allocation::handleError(const Message& answer, RequestIndex index, Time now) {
  const stun::ErrorValue error = errorOf(answer);
  if (error.code == 401 || error.code == 438)
    return handleChallenge(answer, index, error.code, error.reason, now);
  if (error.code == 300 && requests_[index].kind == Kind::Allocate) return handleRedirect(answer);
  handleRefused(index, error.code, error.reason, now);
}

void Allocation::handleChallenge(const Message& answer, RequestIndex index, std::uint16_t code,
                                 std::string_view phrase, Time now) {
  Request& r = requests_[index];
  const auto verdict = credentials_.handleChallenge(answer, code, r.isSigned);
  const bool again =
      verdict == Credentials::Challenge::Accepted && ++r.challenges <= kMaxChallenges;
  if (again) return restart(index);
  if (r.kind == Kind::Allocate && !releaseWanted_) {
    if (verdict == Credentials::Challenge::Tampered) {
      return fail(code,
                  "the server's challenge lacks the password algorithms that its nonce "
                  "promises: somebody on the way changed it",
                  Remedy::OtherServer);
    }
    if (verdict == Credentials::Challenge::Unsupported)
      return fail(code, "the server offers no password algorithm known here", Remedy::OtherServer);
    if (verdict == Credentials::Challenge::Malformed)
      return fail(code, "the server's challenge has no usable realm and nonce",
                  Remedy::OtherServer);
  }
  handleRefused(index, code, phrase, now);
}

// RFC 8489 section 10.
void Allocation::handleRedirect(const Message& answer) {
  const auto value = answer.find(attr::kAlternateServer);
  const auto server = value ? stun::decodeAddress(*value) : std::nullopt;
  if (!server || server->port() == 0)
    return fail(300, "the server sends us on without saying where", Remedy::OtherServer);
  auto& from = config_.redirectedFrom;
  const bool circle =
      *server == path_.remote || std::find(from.begin(), from.end(), *server) != from.end();
  if (circle) return fail(300, "the servers send us round in a circle", Remedy::OtherServer);
  if (from.size() >= kMaxRedirects)
    return fail(300, "the servers send us on and on", Remedy::OtherServer);
  from.push_back(path_.remote);
  const auto domain = answer.find(attr::kAlternateDomain);
  end(Redirected{*server, domain ? std::string(asText(*domain)) : std::string()});
}

void Allocation::handleRefused(RequestIndex index, std::uint16_t code, std::string_view phrase,
                               Time now) {
  const Request& r = requests_[index];
  // The server does not know the allocation any more (RFC 8656 section 8.3).
  if (code == 437 && r.kind != Kind::Allocate && !r.releases) {
    return fail(code, errorText(code, phrase) + ": the server has forgotten the allocation",
                Remedy::Again);
  }
  switch (r.kind) {
    case Kind::Allocate:
      return fail(code, errorText(code, phrase), remedyFor(code));
    case Kind::Refresh:
      if (r.releases) return end(Closed{});
      requests_[index] = Request{};
      if (code < 500 || now + kRefreshRetry >= expiresAt_)
        return fail(code, errorText(code, phrase) + " to a refresh", remedyFor(code));
      refreshAt_ = now + kRefreshRetry;
      return;
    case Kind::Permit:
      return permissionsRefused(index, code, phrase, now);
    case Kind::Bind:
      return channelRefused(index, code, now);
    case Kind::None:
      return;
  }
}

void Allocation::handleNoAnswer(RequestIndex index, Time now) {
  const Request r = requests_[index];
  if (r.unsignedCode != 0) return handleRefused(index, r.unsignedCode, {}, now);
  switch (r.kind) {
    case Kind::Allocate: {
      if (r.forged) {
        return fail(0, "the server's answers are not signed with our password",
                    Remedy::CheckCredentials);
      }
      const bool stream = isStream(path_.transport);
      return fail(0, "the server does not answer",
                  stream ? Remedy::OtherServer : Remedy::OtherTransport);
    }
    case Kind::Refresh:
      if (r.releases) return end(Closed{});
      return begin(index, Kind::Refresh);  // until the allocation ends
    case Kind::Permit:
      return permissionsRefused(index, 0, {}, now);
    case Kind::Bind:
      return channelRefused(index, 0, now);
    case Kind::None:
      return;
  }
}

void Allocation::permissionsRefused(RequestIndex index, std::uint16_t code, std::string_view phrase,
                                    Time now) {
  requests_[index] = Request{};
  auto& all = permissions_.all();
  const auto count = std::count_if(all.begin(), all.end(),
                                   [&](const Permission& p) { return p.request == index; });
  for (auto it = all.begin(); it != all.end();) {
    Permission& p = *it;
    if (p.request != index) {
      ++it;
      continue;
    }
    p.request = kNoRequest;
    // One forbidden peer refuses them all (RFC 8656 section 10.2): each for itself then.
    if ((code != 0 && count > 1) || (code == 0 && p.granted && p.until > now)) {
      p.wanted = true;
      p.alone = code != 0;
      ++it;
      continue;
    }
    note(PermissionFailed{p.peer, code, code == 0 ? "no answer" : errorText(code, phrase)});
    it = all.erase(it);
  }
}

// Without a channel the peer is reached by Send indications.
void Allocation::channelRefused(RequestIndex index, std::uint16_t code, Time now) {
  Channel& c = channels_.all()[requests_[index].channel];
  requests_[index] = Request{};
  c.request = kNoRequest;
  c.reusableAt = now + kChannelReuse;  // the server may have bound it
  c.notBefore = now + kChannelLife;
  c.wanted = code == 0 && c.bound && c.until > now;
}

void Allocation::handlePathEvent(const Path& path, PathEvent event, Time) {
  if (over() || path.link != path_.link || path.remote != path_.remote) return;
  if (event == PathEvent::Closed) {
    fail(0, "the connection to the server closed",
         state_ == State::Live ? Remedy::Again : Remedy::OtherServer);
  } else if (event == PathEvent::Icmp && state_ == State::Allocating &&
             ++icmpErrors_ >= kMaxIcmpErrors) {
    fail(0, "the server's host refuses the packets (ICMP)", Remedy::OtherTransport);
  }
}

void Allocation::fail(std::uint16_t code, std::string reason, Remedy remedy) {
  if (state_ == State::Releasing || releaseWanted_) return end(Closed{});
  end(Failed{code, std::move(reason), remedy});
}

void Allocation::end(Event event) {
  state_ = State::Done;
  requests_ = {};
  permissions_.clear();
  channels_.clear();
  nextTimeout_ = kNever;
  note(std::move(event));
}

void Allocation::note(Event event) {
  events_.push_back(std::move(event));
}

std::optional<Allocation::Event> Allocation::pollEvent() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

}  // namespace parley::turn::client
