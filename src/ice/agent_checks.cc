// What the agent sends of itself: connectivity checks in their order and pace, and consent.
#include <algorithm>

#include "ice/agent.h"
#include "ice/check_message.h"

namespace parley::ice {

// One check a slot, whatever it is: the rate is bounded whoever makes us send (RFC 8445 section
// 14).
void Agent::sendDueCheck(Time now) {
  if (!keys_.remote || now < nextSlot_) return;
  CandidatePair* pair = checklist_.next(now);
  if (pair == nullptr) return;
  nextSlot_ = now + config_.timing.ta;
  sendCheck(*pair, now);
}

void Agent::sendCheck(CandidatePair& pair, Time now) {
  const bool nominates = &pair == nominating_;
  // The same request again, unless it has to say something else now.
  const bool again =
      pair.check.active() && pair.checkRole == role_ && pair.checkNominates == nominates;
  if (!again) {
    const auto& retransmit = pair.valid() ? config_.timing.validChecks : config_.timing.checks;
    pair.check = {stun::randomTransactionId(random_), retransmit, Transport::Udp};
    pair.checkRole = role_;
    pair.checkNominates = nominates;
  }
  if (pair.state != PairState::Succeeded) pair.state = PairState::InProgress;
  writeRequest(pair, keys_, pair.check.id(), nominates, now);
  pair.check.sent(now);
}

void Agent::writeRequest(CandidatePair& pair, Keys& keys, const stun::TransactionId& id,
                         bool nominate, Time now) {
  CheckFields fields;
  fields.username = keys.username;
  fields.priority = pair.checkPriority;
  fields.role = role_;
  fields.tieBreaker = tieBreaker_;
  fields.useCandidate = nominate;
  ++pair.counters.requestsSent;
  pair.counters.lastPacketSent = now;
  outbox_.add(pair.path, [&](Bytes room) { return writeCheck(room, id, fields, *keys.remoteKey); });
}

void Agent::expireChecks(Time now) {
  for (CandidatePair& p : checklist_.pairs()) {
    if (!p.checking()) continue;
    if (p.check.handleTimeout(now) != stun::ClientTransaction::Step::Failed) continue;
    if (&p == nominating_ && &p == current_) {
      checklist_.trigger(p);  // for as long as there is consent
      continue;
    }
    failPair(p, p.lastCode != 0 ? FailReason::ErrorCode : FailReason::TimedOut, now);
  }
}

// ---- consent (RFC 7675) ----

void Agent::sendConsent(CandidatePair& pair, Consent& consent, Keys& keys, Time now) {
  const stun::TransactionId id = consent.begin(pair.smoothedRtt, now, random_);
  ++pair.counters.consentRequestsSent;
  // The nominated pair says so each time: the other side, whose view of our address may have
  // changed, then knows where we are.
  const bool nominate = role_ == Role::Controlling && pair.nominated;
  writeRequest(pair, keys, id, nominate, now);
}

void Agent::stepConsent(Time now) {
  if (!consent_ || current_ == nullptr) return;
  if (consent_->expired(now)) {
    report(*current_, PairNews::ConsentLost);
    consentLost_ = true;  // unless another pair carries on
    failPair(*current_, FailReason::TimedOut, now);
    return;
  }
  if (consent_->due(now)) sendConsent(*current_, *consent_, keys_, now);
  if (consent_->unresponsive() == unresponsive_) return;
  unresponsive_ = !unresponsive_;
  report(*current_, unresponsive_ ? PairNews::Unresponsive : PairNews::Responsive);
  if (unresponsive_)
    reopenChecks(now);
  else if (current_ == nominated_)
    finishChecks();
}

void Agent::stepPrevious(Time now) {
  if (!previous_) return;
  Consent& consent = previous_->consent;
  if (consent.expired(now)) {
    report(previous_->pair, PairNews::ConsentLost);
    current_ = nullptr;
    previous_.reset();
    unresponsive_ = false;
    return;
  }
  if (consent.due(now)) sendConsent(previous_->pair, consent, previous_->keys, now);
  unresponsive_ = consent.unresponsive();
}

}  // namespace parley::ice
