#include "sdp/jsep/negotiator.h"

#include <algorithm>

#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

JsepError error(ErrorName name, std::string message) {
  return {name, std::move(message), std::nullopt};
}

JsepError closedError() {
  return error(ErrorName::InvalidStateError, "the connection is closed");
}

JsepError stateError(SdpType type, SignalingState state) {
  return error(ErrorName::InvalidStateError,
               std::string(name(type)) + " in state " + std::string(name(state)));
}

// RFC 9429 section 3.2 and webrtc-pc 4.3.1: which description may be set where.
bool fits(SdpType type, bool remote, SignalingState state) {
  switch (type) {
    case SdpType::Offer:
      return state == SignalingState::Stable ||
             state == (remote ? SignalingState::HaveRemoteOffer : SignalingState::HaveLocalOffer);
    case SdpType::Answer:
    case SdpType::Pranswer:
      return remote ? state == SignalingState::HaveLocalOffer ||
                          state == SignalingState::HaveRemotePranswer
                    : state == SignalingState::HaveRemoteOffer ||
                          state == SignalingState::HaveLocalPranswer;
    case SdpType::Rollback:
      return state == SignalingState::HaveLocalOffer || state == SignalingState::HaveRemoteOffer;
  }
  return false;
}

bool mayCreateOffer(SignalingState s) {
  return s == SignalingState::Stable || s == SignalingState::HaveLocalOffer;
}
bool mayCreateAnswer(SignalingState s) {
  return s == SignalingState::HaveRemoteOffer || s == SignalingState::HaveLocalPranswer;
}

SessionDescription withoutSecrets(SessionDescription d) {
  d.origin.sessionVersion = 0;
  for (MediaDescription& m : d.media) {
    if (m.transport.ufrag) m.transport.ufrag = "";
    if (m.transport.pwd) m.transport.pwd = "";
    m.candidates.clear();
    m.endOfCandidates = false;
    if (m.port != 0) m.port = kDiscardPort;
    m.connections.clear();
  }
  return d;
}

// "Still accurately represents the system state": one made now would say the same.
bool isAccurate(const NegotiatorState& s, const Created& last, bool offer) {
  for (const MediaDescription& m : last.model.media) {
    const IceParameters ice{m.transport.ufrag.value_or(""), m.transport.pwd.value_or("")};
    const auto& replace = s.credentialsToReplace;
    if (offer && std::find(replace.begin(), replace.end(), ice) != replace.end()) return false;
  }
  constexpr std::uint64_t kAnySeed = 1;
  SeededRandom random(kAnySeed);  // the credentials of what is compared do not count
  NegotiatorState copy = s;
  copy.random = &random;
  const Created now = offer ? makeOffer(copy, false) : makeAnswer(copy);
  return withoutSecrets(now.model) == withoutSecrets(last.model);
}

std::optional<Description> describe(const SetDescription* d) {
  if (d == nullptr) return std::nullopt;
  return Description{d->type, d->text.empty() ? write(d->model) : d->text};
}

void addCredentials(const SetDescription* d, std::vector<IceParameters>& out) {
  if (d == nullptr) return;
  for (const MediaDescription& m : d->model.media) {
    if (m.transport.ufrag) out.push_back({*m.transport.ufrag, m.transport.pwd.value_or("")});
  }
}

}  // namespace

Negotiator::Negotiator(NegotiatorConfig config, RandomSource& random)
    : state_(std::make_unique<NegotiatorState>()) {
  state_->config = std::make_shared<const NegotiatorConfig>(std::move(config));
  state_->random = &random;
  // RFC 9429 section 5.2.1: 63 bits; 62, since some count in doubles.
  state_->sessionId = random.next64() >> 2;
}
Negotiator::~Negotiator() = default;
Negotiator::Negotiator(Negotiator&&) noexcept = default;
Negotiator& Negotiator::operator=(Negotiator&&) noexcept = default;

Outcome<Description> Negotiator::createOffer(const OfferOptions& options) {
  if (state_->isClosed()) return closedError();
  if (!mayCreateOffer(state_->signaling)) return stateError(SdpType::Offer, state_->signaling);
  offerToReceive(MediaKind::Audio, options.offerToReceiveAudio);
  offerToReceive(MediaKind::Video, options.offerToReceiveVideo);
  state_->lastOffer = makeOffer(*state_, options.iceRestart);
  return Description{SdpType::Offer, state_->lastOffer->text};
}

Outcome<Description> Negotiator::createAnswer() {
  if (state_->isClosed()) return closedError();
  if (!mayCreateAnswer(state_->signaling)) return stateError(SdpType::Answer, state_->signaling);
  state_->lastAnswer = makeAnswer(*state_);
  return Description{SdpType::Answer, state_->lastAnswer->text};
}

Outcome<Applied> Negotiator::setLocalDescription(std::optional<SdpType> type,
                                                 std::string_view sdp) {
  if (state_->isClosed()) return closedError();
  const SignalingState signaling = state_->signaling;
  const bool implicitOffer =
      mayCreateOffer(signaling) || signaling == SignalingState::HaveRemotePranswer;
  const SdpType what = type.value_or(implicitOffer ? SdpType::Offer : SdpType::Answer);
  if (what == SdpType::Rollback) return rollback();
  const bool offer = what == SdpType::Offer;
  NegotiatorState next = *state_;
  std::optional<Created>& last = offer ? next.lastOffer : next.lastAnswer;
  if (!sdp.empty() && (!last || last->text != sdp)) {
    return error(ErrorName::InvalidModificationError, "not what was last created");
  }
  if (sdp.empty()) {
    if (!(offer ? mayCreateOffer(signaling) : mayCreateAnswer(signaling))) {
      return stateError(what, signaling);
    }
    if (!last || !isAccurate(next, *last, offer)) {
      last = offer ? makeOffer(next, false) : makeAnswer(next);
    }
  }
  if (!fits(what, false, signaling)) return stateError(what, signaling);
  Applied applied = applyDescription(next, false, what, Created(*last));
  *state_ = std::move(next);
  return applied;
}

bool Negotiator::needsImplicitRollback(SdpType remoteType) const {
  return remoteType == SdpType::Offer && !state_->isClosed() &&
         state_->signaling == SignalingState::HaveLocalOffer;
}

Outcome<Applied> Negotiator::setRemoteDescription(SdpType type, std::string_view sdp) {
  if (state_->isClosed()) return closedError();
  if (type == SdpType::Rollback) return rollback();
  NegotiatorState next = *state_;
  Applied applied;
  const std::vector<TransportState> before = next.transports;
  const bool rolledBack = needsImplicitRollback(type);
  if (rolledBack) applied = applyDescription(next, false, SdpType::Rollback, {});
  if (!fits(type, true, next.signaling)) return stateError(type, next.signaling);
  auto model = parse(sdp);
  if (!model) {
    return JsepError{ErrorName::SdpSyntaxError, model.error().describe(), model.error().line};
  }
  if (auto e = validateRemote(next, type, *model)) return *e;
  Created description;
  description.text = sdp;
  description.model = std::move(*model);
  Applied then = applyDescription(next, true, type, std::move(description));
  if (next.transceivers.size() > kMaxTransceivers) {
    return error(ErrorName::OperationError, "too many transceivers");
  }
  applied.events.insert(applied.events.end(), then.events.begin(), then.events.end());
  applied.transports.insert(applied.transports.end(), then.transports.begin(),
                            then.transports.end());
  applied.dataRoleNegotiated = then.dataRoleNegotiated;
  *state_ = std::move(next);
  return applied;
}

Outcome<Applied> Negotiator::rollback() {
  if (!fits(SdpType::Rollback, false, state_->signaling)) {
    return stateError(SdpType::Rollback, state_->signaling);
  }
  return applyDescription(*state_, false, SdpType::Rollback, {});
}

Outcome<std::vector<RemoteCandidate>> Negotiator::addIceCandidate(const CandidateInit& init) {
  if (!init.candidate.empty() && !init.sdpMid && !init.sdpMLineIndex) {
    return error(ErrorName::TypeError, "a candidate needs sdpMid or sdpMLineIndex");
  }
  if (state_->isClosed()) return closedError();
  return applyCandidate(*state_, init);
}

std::optional<CandidateInit> Negotiator::addLocalCandidate(
    TransportId transport, std::string_view ufrag,
    const std::optional<CandidateAttribute>& candidate) {
  if (state_->isClosed()) return std::nullopt;
  return surfaceCandidate(*state_, transport, ufrag, candidate);
}

void Negotiator::restartIce() {
  if (state_->isClosed()) return;
  state_->credentialsToReplace.clear();
  addCredentials(state_->currentLocal.get(), state_->credentialsToReplace);
  addCredentials(state_->pendingLocal.get(), state_->credentialsToReplace);
  state_->checkDue = true;
}

void Negotiator::close() {
  if (state_->isClosed()) return;
  state_->signaling = SignalingState::Closed;
  std::vector<Event> unheard;  // "disappear" or not, close fires no event of its own
  for (Transceiver& t : state_->transceivers) {
    if (!t.stopped) stopNow(t, unheard);
  }
}

std::optional<Description> Negotiator::pendingLocalDescription() const {
  return describe(state_->pendingLocal.get());
}
std::optional<Description> Negotiator::currentLocalDescription() const {
  return describe(state_->currentLocal.get());
}
std::optional<Description> Negotiator::localDescription() const {
  return describe(state_->local());
}
std::optional<Description> Negotiator::pendingRemoteDescription() const {
  return describe(state_->pendingRemote.get());
}
std::optional<Description> Negotiator::currentRemoteDescription() const {
  return describe(state_->currentRemote.get());
}
std::optional<Description> Negotiator::remoteDescription() const {
  return describe(state_->remote());
}
SignalingState Negotiator::signalingState() const {
  return state_->signaling;
}

// RFC 9429 section 4.1.17: said for the session, or for every section.
std::optional<bool> Negotiator::canTrickleIceCandidates() const {
  const SetDescription* const remote = state_->remote();
  if (remote == nullptr) return std::nullopt;
  if (saysTrickle(remote->model.transport.iceOptions)) return true;
  bool any = false;
  for (const MediaDescription& m : remote->model.media) {
    if (m.isRejected() || !remote->model.ufragOf(m)) continue;
    if (!saysTrickle(m.transport.iceOptions)) return false;
    any = true;
  }
  return any;
}

bool Negotiator::takeNegotiationCheck() {
  return std::exchange(state_->checkDue, false);
}

bool Negotiator::updateNegotiationNeeded() {
  if (state_->signaling != SignalingState::Stable) return false;
  if (!isNegotiationNeeded(*state_)) {
    state_->negotiationNeeded = false;
    return false;
  }
  return !std::exchange(state_->negotiationNeeded, true);
}

std::optional<DtlsRole> Negotiator::dataRole() const {
  for (const TransportState& t : state_->transports) {
    if (t.sctp) return t.dtlsRole;
  }
  return std::nullopt;
}

std::optional<TransportId> Negotiator::dataTransport() const {
  for (const TransportState& t : state_->transports) {
    if (t.sctp) return t.id;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Negotiator::remoteMaxMessageSize() const {
  for (const TransportState& t : state_->transports) {
    if (t.sctp) return t.sctp->remoteMaxMessageSize;
  }
  return std::nullopt;
}

}  // namespace parley::sdp::jsep
