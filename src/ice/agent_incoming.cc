// What comes in: checks of the other side, and answers to ours.
#include <algorithm>

#include "ice/agent.h"
#include "ice/check_message.h"
#include "stun/attributes.h"

namespace parley::ice {
namespace {

constexpr Duration kMostGuessed = 500ms;

}  // namespace

void Agent::handleMessage(const Path& path, ConstBytes datagram, Time now) {
  const Result<stun::Message> message = stun::Message::parse(datagram);
  if (!message || message->method() != stun::Method::Binding) {
    ++malformed_;
    return;
  }
  switch (message->messageClass()) {
    case stun::Class::Request:
      return handleRequest(path, *message, now);
    case stun::Class::Success:
    case stun::Class::Error:
      return handleResponse(path, *message, now);
    case stun::Class::Indication:
      return;  // a keep-alive (RFC 8445 section 11)
  }
}

// ---- requests ----

void Agent::handleRequest(const Path& path, const stun::Message& message, Time now) {
  const auto base = local_.findBase(path.link, path.local);
  const bool onPrevious = previous_ && isOn(previous_->pair, path);
  if ((!base && !onPrevious) || !isUsableRemote(path.remote)) return;
  const auto check = readCheck(message);
  if (!check) {
    ++malformed_;
    return refuse(path, message, 400, nullptr, now);
  }
  const auto isFor = [&](const Keys& keys) {
    return check->localUfrag == keys.local.ufrag &&
           (!keys.remote || check->remoteUfrag == keys.remote->ufrag);
  };
  const bool current = isFor(keys_);
  const bool previous = !current && previous_ && isFor(previous_->keys);
  Keys& keys = previous ? previous_->keys : keys_;
  if ((!current && !previous) || !message.verify(keys.localKey)) {
    ++unauthenticated_;
    return refuse(path, message, 401, nullptr, now);
  }
  std::array<stun::AttributeType, 4> unknown{};
  if (message.unknownRequired(unknown, isKnownInCheck) != 0) {
    return refuse(path, message, 420, &keys, now);
  }
  if (previous) return handlePreviousRequest(path, *check, now);
  if (!base || !resolveRoles(path, *check, now)) return;
  acceptCheck(path, *base, *check, now);
}

// The other side goes on with the old path until it hears of the restart.
void Agent::handlePreviousRequest(const Path& path, const IncomingCheck& check, Time now) {
  if (!isOn(previous_->pair, path)) return;
  PairCounters& counters = previous_->pair.counters;
  ++counters.requestsReceived;
  ++counters.responsesSent;
  counters.lastPacketReceived = now;
  answer(path, check.id, previous_->keys);
}

// RFC 8445 section 7.3.1.1. False: the other side was told to change its role.
bool Agent::resolveRoles(const Path& path, const IncomingCheck& check, Time now) {
  if (!check.role || *check.role != role_) return true;
  const bool weWin = tieBreaker_ >= check.tieBreaker;
  const bool theyChange = role_ == Role::Controlling ? weWin : !weWin;
  if (theyChange) {
    outbox_.add(path, [&](Bytes room) {
      return writeCheckError(room, check.id, 487, {}, &keys_.localKey);
    });
    return false;
  }
  switchRole(role_ == Role::Controlling ? Role::Controlled : Role::Controlling, now);
  return true;
}

void Agent::switchRole(Role role, Time now) {
  role_ = role;
  emit(RoleChanged{role});
  for (CandidatePair& p : checklist_.pairs()) {
    if (!p.gone) setPriority(p);
  }
  nominating_ = nullptr;
  considerNomination(now);
}

void Agent::acceptCheck(const Path& path, BaseIndex base, const IncomingCheck& check, Time now) {
  answer(path, check.id, keys_);
  auto remote = remote_.find(path.remote);
  if (!remote) {
    // Two NATs that give every destination another port could go on like this for ever: only who
    // has been connected, and moves about, gets more than the table holds.
    const auto spare = wasConnected_ ? spareRemote() : std::nullopt;
    remote =
        remote_.addPeerReflexive(path.remote, check.priority.value_or(0), check.remoteUfrag, spare);
    if (!remote) {
      ++overLimit_;
      return;
    }
    for (CandidatePair& p : checklist_.pairs()) {
      if (p.remote == *remote) p.gone = true;  // of the one whose place was taken
    }
  }
  CandidatePair* pair = checklist_.find(base, *remote);
  if (pair == nullptr) pair = makePair(base, *remote, now);
  if (pair == nullptr) return;
  pair->heardFrom = true;
  ++pair->counters.requestsReceived;
  ++pair->counters.responsesSent;
  pair->counters.lastPacketReceived = now;
  const bool stale = now - pair->lastResponseAt > config_.timing.consent.expiry;
  if (!pair->valid() || (pair != current_ && stale)) {
    // Section 7.3.1.4: our own check the other way, soon; one under way goes out again.
    if (!pair->valid() && !pair->check.active()) pair->state = PairState::Waiting;
    checklist_.trigger(*pair);
  }
  if (check.useCandidate && role_ == Role::Controlled) handleRemoteNomination(*pair, now);
}

void Agent::answer(const Path& path, const stun::TransactionId& id, Keys& keys) {
  outbox_.add(path,
              [&](Bytes room) { return writeCheckSuccess(room, id, path.remote, keys.localKey); });
}

// Smaller than the request, and only so many: who is not authenticated is worth little.
void Agent::refuse(const Path& path, const stun::Message& message, std::uint16_t code, Keys* keys,
                   Time now) {
  const auto regained = static_cast<unsigned>(
      std::min<Duration::rep>((now - refusalsSince_) / kRefusalEvery, kMaxRefusals));
  refusals_ -= std::min(refusals_, regained);
  if (regained > 0) refusalsSince_ = now;
  if (refusals_ == kMaxRefusals) return;
  ++refusals_;
  std::array<stun::AttributeType, 4> unknown{};
  const std::size_t n = code == 420 ? message.unknownRequired(unknown, isKnownInCheck) : 0;
  outbox_.add(path, [&](Bytes room) {
    return writeCheckError(room, message.transactionId(), code, std::span(unknown).first(n),
                           keys == nullptr ? nullptr : &keys->localKey);
  });
}

// ---- answers ----

void Agent::handleResponse(const Path& path, const stun::Message& message, Time now) {
  if (gatherer_.handleResponse(path, message, now)) return;
  if (previous_ && isOn(previous_->pair, path) && previous_->keys.remoteKey &&
      message.verify(*previous_->keys.remoteKey)) {
    return handlePreviousResponse(message, now);
  }
  if (!keys_.remoteKey) return;
  const bool success = message.messageClass() == stun::Class::Success;
  const bool authentic = message.verify(*keys_.remoteKey);
  if (success && !authentic) {
    // RFC 8489 section 9.1.4: as if it had never come.
    ++unauthenticated_;
    return;
  }
  if (success && consent_ && current_ != nullptr && isOn(*current_, path)) {
    if (const auto rtt = consent_->handleResponse(message.transactionId(), now, random_)) {
      countResponse(*current_, *rtt, now);
      return;
    }
  }
  CandidatePair* pair = checklist_.byTransaction(message.transactionId());
  if (pair == nullptr) return;
  if (!success) return handleError(*pair, message, authentic, now);
  if (!isOn(*pair, path)) return failPair(*pair, FailReason::Asymmetric, now);
  handleSuccess(*pair, message, now);
}

void Agent::handlePreviousResponse(const stun::Message& message, Time now) {
  if (message.messageClass() != stun::Class::Success) return;
  const auto rtt = previous_->consent.handleResponse(message.transactionId(), now, random_);
  if (rtt) countResponse(previous_->pair, *rtt, now);
}

void Agent::countResponse(CandidatePair& pair, std::optional<Duration> roundTrip, Time now) {
  pair.lastResponseAt = now;
  ++pair.counters.responsesReceived;
  pair.counters.lastPacketReceived = now;
  if (!roundTrip) return;
  pair.counters.currentRoundTripTime = *roundTrip;
  pair.counters.totalRoundTripTime += *roundTrip;
  // RFC 6298 section 2.3, with its gain of 1/8.
  const bool first = pair.rttGuessed || pair.smoothedRtt == Duration{};
  pair.smoothedRtt = first ? *roundTrip : (7 * pair.smoothedRtt + *roundTrip) / 8;
  pair.rttGuessed = false;
}

void Agent::handleSuccess(CandidatePair& pair, const stun::Message& message, Time now) {
  const auto value = message.find(stun::attr::kXorMappedAddress);
  const auto mapped =
      value ? stun::decodeXorAddress(*value, message.transactionId()) : std::nullopt;
  if (!mapped) {
    ++malformed_;
    return;
  }
  countResponse(pair, pair.check.roundTrip(now), now);
  // Sent more than once: a guess, which is better than nothing and goes with the first measurement.
  if (pair.smoothedRtt == Duration{}) {
    pair.smoothedRtt = std::min<Duration>(now - pair.check.firstSentAt(), kMostGuessed);
    pair.rttGuessed = true;
  }
  const bool confirmsNomination = pair.checkNominates && &pair == nominating_;
  pair.check.stop();
  checklist_.untrigger(pair);
  if (&pair == nominating_ && !confirmsNomination) checklist_.trigger(pair);
  nameLocal(pair, *mapped);
  if (&pair == current_ && consent_) consent_->refresh(now, random_);
  becomeValid(pair, now);
  if (confirmsNomination) take(pair, now);
}

// RFC 8445 section 7.2.5.3.1: the address that the other side sees tells which candidate of ours
// the pair really stands for; a new one is peer-reflexive.
void Agent::nameLocal(CandidatePair& pair, const Address& mapped) {
  if (mapped.family() != pair.path.local.family()) return;
  const LocalEntry* entry = local_.find(pair.base, mapped);
  if (entry == nullptr) {
    entry = local_.addReflexive(pair.base, mapped, CandidateType::PeerReflexive, std::nullopt,
                                std::nullopt, keys_.local.ufrag);
  }
  if (entry == nullptr) return;
  pair.localId = entry->id;
  pair.localType = entry->candidate.type;
}

void Agent::handleError(CandidatePair& pair, const stun::Message& message, bool authentic,
                        Time now) {
  const auto value = message.find(stun::attr::kErrorCode);
  const auto error = value ? stun::decodeErrorCode(*value) : std::nullopt;
  if (!error) return;
  pair.lastCode = error->code;
  // Anybody could have said it: a note for the log, and the check goes on until its time.
  if (!authentic) return;
  ++pair.counters.responsesReceived;
  if (error->code == 487) {
    // Section 7.2.5.1: the other role, unless it has changed since, and another tie-breaker.
    pair.check.stop();
    if (!pair.valid()) pair.state = PairState::Waiting;
    checklist_.trigger(pair);
    if (pair.checkRole != role_) return;
    tieBreaker_ = random_.next64();
    switchRole(role_ == Role::Controlling ? Role::Controlled : Role::Controlling, now);
    return;
  }
  if (!pair.valid()) failPair(pair, FailReason::ErrorCode, now);
}

}  // namespace parley::ice
