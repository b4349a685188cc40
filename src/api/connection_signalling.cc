// Connection: offer and answer. Every operation is done at once under the lock; what it means for
// transports goes to the shard, what it means for the application becomes tasks.
#include <algorithm>

#include "api/connection.h"
#include "api/peer_host.h"
#include "api/settings.h"
#include "peer/negotiation.h"

namespace parley::api {
namespace {

namespace jsep = sdp::jsep;

ErrorName nameOf(jsep::ErrorName name) {
  switch (name) {
    case jsep::ErrorName::InvalidStateError:
      return ErrorName::InvalidStateError;
    case jsep::ErrorName::InvalidAccessError:
      return ErrorName::InvalidAccessError;
    case jsep::ErrorName::InvalidModificationError:
      return ErrorName::InvalidModificationError;
    case jsep::ErrorName::SyntaxError:
      return ErrorName::SyntaxError;
    case jsep::ErrorName::NotSupportedError:
      return ErrorName::NotSupportedError;
    case jsep::ErrorName::TypeError:
      return ErrorName::TypeError;
    case jsep::ErrorName::RangeError:
      return ErrorName::RangeError;
    case jsep::ErrorName::OperationError:
    case jsep::ErrorName::SdpSyntaxError:
      break;
  }
  return ErrorName::OperationError;
}

RtcError errorOf(const jsep::JsepError& e) {
  RtcError out(nameOf(e.name), e.message);
  if (e.name == jsep::ErrorName::SdpSyntaxError) {
    out.detail = ErrorDetail::SdpSyntaxError;
    if (e.sdpLineNumber) out.sdpLineNumber = static_cast<int>(*e.sdpLineNumber);
  }
  return out;
}

RtcError closedError() {
  return {ErrorName::InvalidStateError, "the connection is closed"};
}

jsep::SdpType toJsep(SdpType type) {
  return static_cast<jsep::SdpType>(type);
}
SessionDescription fromJsep(const jsep::Description& d) {
  return {static_cast<SdpType>(d.type), d.sdp};
}
static_assert(static_cast<int>(SdpType::Rollback) == static_cast<int>(jsep::SdpType::Rollback));
static_assert(static_cast<int>(SignalingState::Closed) ==
              static_cast<int>(jsep::SignalingState::Closed));

}  // namespace

Expected<SessionDescription> Connection::createOffer(const OfferOptions& options) {
  const Guard guard(*this);
  if (closed_) return closedError();
  jsep::OfferOptions jsepOptions;
  jsepOptions.iceRestart = options.iceRestart;
  const auto offer = negotiator_.createOffer(jsepOptions);
  checkNegotiationNeeded();
  if (!offer) return errorOf(offer.error());
  return fromJsep(*offer);
}

Expected<SessionDescription> Connection::createAnswer() {
  const Guard guard(*this);
  if (closed_) return closedError();
  const auto answer = negotiator_.createAnswer();
  if (!answer) return errorOf(answer.error());
  return fromJsep(*answer);
}

Expected<void> Connection::setLocalDescription(const SessionDescription* description) {
  const Guard guard(*this);
  if (closed_) return closedError();
  std::optional<jsep::SdpType> type;
  if (description != nullptr) type = toJsep(description->type);
  const auto applied =
      negotiator_.setLocalDescription(type, description != nullptr ? description->sdp : "");
  if (!applied) return errorOf(applied.error());
  described_ = true;
  apply(*applied);
  return {};
}

Expected<void> Connection::setRemoteDescription(const SessionDescription& description) {
  const Guard guard(*this);
  if (closed_) return closedError();
  const auto applied = negotiator_.setRemoteDescription(toJsep(description.type), description.sdp);
  if (!applied) return errorOf(applied.error());
  apply(*applied);
  return {};
}

Expected<void> Connection::addIceCandidate(const IceCandidateInit& candidate) {
  const Guard guard(*this);
  if (closed_) return closedError();
  const auto told = negotiator_.addIceCandidate(
      {candidate.candidate, candidate.sdpMid, candidate.sdpMLineIndex, candidate.usernameFragment});
  if (!told) return errorOf(told.error());
  for (const jsep::RemoteCandidate& c : *told) {
    if (c.transport != transport_) continue;
    pushCall([text = c.candidate ? sdp::writeCandidate(*c.candidate) : std::string{},
              ufrag = c.ufrag](PeerHost& host) {
      peer::Peer& peer = host.peer();
      // One that cannot be used is in the connection's log.
      static_cast<void>(peer.addRemoteCandidate(peer.transport(), text, ufrag, host.now()));
    });
  }
  return {};
}

void Connection::restartIce() {
  const Guard guard(*this);
  if (closed_) return;
  negotiator_.restartIce();
  checkNegotiationNeeded();
}

void Connection::wantData() {
  const Guard guard(*this);
  if (closed_) return;
  static_cast<void>(negotiator_.createDataChannel());
  checkNegotiationNeeded();
}

// ---- what descriptions do
// -------------------------------------------------------------------------

void Connection::apply(const jsep::Applied& did) {
  // One transport carries everything: that of the data section, or the first there is.
  if (const auto data = negotiator_.dataTransport()) transport_ = data;
  for (const jsep::TransportState& t : did.transports) {
    if (!transport_ && !t.closed) transport_ = t.id;
    if (transport_ != t.id || t.closed) continue;
    const bool stable = negotiator_.signalingState() == jsep::SignalingState::Stable;
    pushCall([this, t, stable](PeerHost& host) {
      if (t.local) host.openLinks();
      Status applied = peer::apply(host.peer(), t, host.now());
      // Their offer was told while one of ours stood, which was then withdrawn: our new credentials
      // begin a generation that has not heard of theirs. Otherwise this changes nothing.
      if (applied && stable && t.local && t.remote)
        applied = peer::apply(host.peer(), t, host.now());
      if (!applied) log(LogLevel::Warning, applied.error().describe());
    });
  }
  if (const auto size = negotiator_.remoteMaxMessageSize())
    remoteMaxMessageSize_ = *size == 0 ? kAnySize : static_cast<std::size_t>(*size);
  for (const jsep::Event& event : did.events) {
    const auto* change = std::get_if<jsep::event::SignalingStateChange>(&event);
    if (change == nullptr) continue;  // the others are of media
    const auto state = static_cast<SignalingState>(change->state);
    pushTask([this, state] { call(&Callbacks::signalingstatechange, state); });
  }
  checkNegotiationNeeded();
}

void Connection::checkNegotiationNeeded() {
  if (!negotiator_.takeNegotiationCheck()) return;
  pushTask([this] {
    Callback<> callback;
    std::function<void()> hook;
    {
      const Guard guard(*this);
      if (closed_ || !negotiator_.updateNegotiationNeeded()) return;
      callback = on_.negotiationneeded;
      hook = hooks_.negotiationNeeded;
    }
    if (hook) hook();
    if (callback) (*callback)();
  });
}

// ---- configuration and getters
// ----------------------------------------------------------------------

Configuration Connection::configuration() const {
  return withLock([&] { return configuration_; });
}

Expected<void> Connection::setConfiguration(const Configuration& configuration) {
  if (auto ok = checkConfiguration(configuration); !ok) return ok;
  const Guard guard(*this);
  if (closed_) return closedError();
  const auto changed = [](const char* what) {
    return RtcError{ErrorName::InvalidModificationError, std::string(what) + " cannot change"};
  };
  if (!configuration.certificates.empty() &&
      configuration.certificates != configuration_.certificates)
    return changed("certificates");
  if (configuration.bundlePolicy != configuration_.bundlePolicy) return changed("bundlePolicy");
  if (described_ && configuration.iceCandidatePoolSize != configuration_.iceCandidatePoolSize)
    return changed("iceCandidatePoolSize");
  configuration_.iceServers = configuration.iceServers;
  configuration_.iceTransportPolicy = configuration.iceTransportPolicy;
  configuration_.iceCandidatePoolSize = configuration.iceCandidatePoolSize;
  pushCall([servers = iceServers(configuration), policy = icePolicy(configuration)](
               PeerHost& host) { host.peer().setIceServers(servers, policy, host.now()); });
  return {};
}

std::optional<SessionDescription> Connection::description(bool local, Which which) const {
  const std::lock_guard lock(mutex_);
  std::optional<jsep::Description> d;
  switch (which) {
    case Which::Shown:
      d = local ? negotiator_.localDescription() : negotiator_.remoteDescription();
      break;
    case Which::Current:
      d = local ? negotiator_.currentLocalDescription() : negotiator_.currentRemoteDescription();
      break;
    case Which::Pending:
      d = local ? negotiator_.pendingLocalDescription() : negotiator_.pendingRemoteDescription();
      break;
  }
  if (!d) return std::nullopt;
  return fromJsep(*d);
}

SignalingState Connection::signalingState() const {
  const std::lock_guard lock(mutex_);
  if (closed_) return SignalingState::Closed;
  return static_cast<SignalingState>(negotiator_.signalingState());
}

std::optional<bool> Connection::canTrickle() const {
  return withLock([&] { return negotiator_.canTrickleIceCandidates(); });
}

}  // namespace parley::api
