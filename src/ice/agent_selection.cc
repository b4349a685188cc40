// Valid pairs, nomination, and which pair carries data.
#include <algorithm>

#include "ice/agent.h"

namespace parley::ice {
namespace {

// A USE-CANDIDATE for a pair of lower priority moves us only when the nominated pair has not had
// one for this long: an aggressive nominator (RFC 5245) names many pairs at once and means the best
// of them, one that has moved names the new pair only.
constexpr Duration kNominationStale = 2s;

}  // namespace

// Neither end is a relay, as far as is known: a remote candidate that was only learnt may yet turn
// out to be one.
bool Agent::isDirect(const CandidatePair& pair) const {
  if (pair.localType == CandidateType::Relayed || pair.remoteType == CandidateType::Relayed) {
    return false;
  }
  return remoteEnd_ || remote_[pair.remote].signalled;
}

void Agent::becomeValid(CandidatePair& pair, Time now) {
  if (!pair.valid()) {
    pair.state = PairState::Succeeded;
    pair.failReason = FailReason::None;
    pair.lastCode = 0;
    pair.validAt = now;
    report(pair, PairNews::Succeeded);
    checklist_.thaw(pair.foundation);
    // Why does the other side try another way? Does ours still work?
    if (nominated_ != nullptr && consent_) consent_->hurry(now);
  }
  if (role_ == Role::Controlled && pair.remoteNominates) handleRemoteNomination(pair, now);
  considerNomination(now);
  select(now);
}

void Agent::failPair(CandidatePair& pair, FailReason reason, Time now) {
  checklist_.untrigger(pair);
  pair.check.stop();
  pair.state = PairState::Failed;
  pair.failReason = reason;
  pair.remoteNominates = false;
  report(pair, PairNews::Failed);
  checklist_.thaw(pair.foundation);
  if (nominating_ == &pair) nominating_ = nullptr;
  if (nominated_ == &pair) {
    nominated_ = nullptr;
    pair.nominated = false;
  }
  if (current_ == &pair) {
    current_ = nullptr;
    consent_.reset();
    unresponsive_ = false;
  }
  considerNomination(now);
  select(now);
}

// ---- nomination, controlling ----

Time Agent::nominationTime() const {
  if (role_ != Role::Controlling || nominated_ != nullptr || nominating_ != nullptr) return kNever;
  Time earliest = kNever;
  for (const CandidatePair& p : checklist_.pairs()) {
    if (!p.valid()) continue;
    const Time at =
        isDirect(p) ? p.validAt : p.validAt + 2 * p.smoothedRtt + config_.timing.relayedWait;
    earliest = std::min(earliest, at);
  }
  return earliest;
}

void Agent::considerNomination(Time now) {
  if (now < nominationTime()) return;
  if (role_ != Role::Controlling || nominated_ != nullptr || nominating_ != nullptr) return;
  CandidatePair* best = nullptr;
  for (CandidatePair& p : checklist_.pairs()) {
    if (!p.valid()) continue;
    const auto rank = [&](const CandidatePair& x) { return std::pair(isDirect(x), x.priority); };
    if (best == nullptr || rank(p) > rank(*best)) best = &p;
  }
  if (best != nullptr) nominate(*best);
}

void Agent::nominate(CandidatePair& pair) {
  nominating_ = &pair;
  checklist_.trigger(pair);
}

// ---- nomination, either side ----

// The pair is nominated, and both sides know.
void Agent::take(CandidatePair& pair, Time now) {
  if (nominated_ != nullptr) nominated_->nominated = false;
  nominated_ = &pair;
  nominating_ = nullptr;
  pair.nominated = true;
  report(pair, PairNews::Nominated);
  nominatedAt_ = now;
  finishChecks();
  const bool carriesAlready = current_ == &pair;
  select(now);
  if (carriesAlready) tellSelected();
}

void Agent::handleRemoteNomination(CandidatePair& pair, Time now) {
  pair.remoteNominates = true;
  const Time before = nominated_ == nullptr ? Time{} : nominated_->remoteNominatedAt;
  pair.remoteNominatedAt = now;
  if (!pair.valid() || nominated_ == &pair) return;
  const bool better = nominated_ == nullptr || pair.priority > nominated_->priority;
  if (better || unresponsive_ || now - before > kNominationStale) return take(pair, now);
  // Has it moved? The answer, or its absence, will tell.
  if (consent_) consent_->hurry(now);
}

// RFC 8445 section 8.1.2: what has not begun is dropped, what is under way is not repeated.
void Agent::finishChecks() {
  checklist_.setFinished(true);
  for (CandidatePair& p : checklist_.pairs()) {
    if (p.gone || p.triggered || p.valid()) continue;
    if (p.state == PairState::Waiting || p.state == PairState::Frozen) p.gone = true;
    if (p.state == PairState::InProgress) {
      p.check.stop();
      p.state = PairState::Failed;
    }
  }
}

// The way we had is gone, or seems so: everything is tried again, and valid pairs have to show that
// they still are.
void Agent::reopenChecks(Time now) {
  checklist_.setFinished(false);
  for (CandidatePair& p : checklist_.pairs()) {
    if (p.gone || &p == current_) continue;
    if (p.state == PairState::Failed) p.state = PairState::Waiting;
    if (p.valid()) checklist_.trigger(p);
  }
  for (std::size_t i = 0; i < local_.bases().size(); ++i) {
    if (!local_.bases()[i].gone) pairBase(static_cast<BaseIndex>(i), now);
  }
}

// Another pair has answered since the current one fell silent: data goes there, and a controlling
// agent nominates it. One that the other side opened from an address we did not know, on the socket
// that we use, is probably the same path behind a NAT with a new mapping: there one missing answer
// is enough.
void Agent::failOver(Time now) {
  if (!ofThisGeneration(current_) || !consent_ || consent_->unanswered() == 0) return;
  for (CandidatePair& p : checklist_.pairs()) {
    if (!p.valid() || &p == current_ || p.lastResponseAt <= consent_->lastResponse()) continue;
    const bool moved = p.path.link == current_->path.link && !remote_[p.remote].signalled &&
                       nominated_ != nullptr && p.madeAt > nominatedAt_;
    if (!consent_->unresponsive() && !moved) continue;
    if (nominated_ != nullptr) nominated_->nominated = false;
    nominated_ = nominating_ = nullptr;
    if (role_ == Role::Controlling) nominate(p);
    return useForData(&p, now);
  }
}

// ---- data ----

CandidatePair* Agent::choose(Time now) {
  if (nominated_ != nullptr && nominated_->valid()) return nominated_;
  if (nominating_ != nullptr && nominating_->valid()) return nominating_;
  CandidatePair* best = ofThisGeneration(current_) && current_->valid() ? current_ : nullptr;
  for (CandidatePair& p : checklist_.pairs()) {
    if (!p.valid() || now - p.lastResponseAt > config_.timing.consent.expiry) continue;
    if (best == nullptr || (isDirect(p) && !isDirect(*best))) best = &p;
  }
  return best;
}

// Whatever is valid is better than nothing, and than what a restart wants to leave.
void Agent::select(Time now) {
  if (CandidatePair* pair = choose(now)) useForData(pair, now);
}

void Agent::useForData(CandidatePair* pair, Time now) {
  if (pair == current_) return;
  current_ = pair;
  previous_.reset();
  consent_.emplace(config_.timing.consent, pair->lastResponseAt, now, random_);
  unresponsive_ = false;
  consentLost_ = false;
  wasConnected_ = true;
  ++selectedPairChanges_;
  gatherer_.stopRefreshing();
  tellSelected();
}

void Agent::tellSelected() {
  emit(SelectedPath{current_->id, current_->path, current_->localType, current_->remoteType,
                    current_ == nominated_});
}

bool Agent::isKnownElsewhere(const Path& path) const {
  return std::any_of(checklist_.pairs().begin(), checklist_.pairs().end(),
                     [&](const CandidatePair& p) {
                       return !p.gone && (p.heardFrom || p.valid()) && isOn(p, path);
                     });
}

CandidatePair* Agent::pairOf(const Path& path) {
  if (current_ != nullptr && isOn(*current_, path)) return current_;
  for (CandidatePair& p : checklist_.pairs()) {
    if (!p.gone && isOn(p, path)) return &p;
  }
  return nullptr;
}

void Agent::countSent(const Path& path, std::uint64_t packets, std::uint64_t bytes, Time now) {
  CandidatePair* pair = pairOf(path);
  if (pair == nullptr) return;
  pair->counters.packetsSent += packets;
  pair->counters.bytesSent += bytes;
  pair->counters.lastPacketSent = now;
  // Nothing comes back: is anybody there?
  if (pair != current_ || !consent_) return;
  const Time heard = std::max(pair->counters.lastPacketReceived, consent_->lastResponse());
  if (now - heard < consent_->silence()) return;
  consent_->hurry(now);
  nextTimeout_ = std::min(nextTimeout_, consent_->nextTimeout());
}

void Agent::countReceived(const Path& path, std::uint64_t packets, std::uint64_t bytes, Time now) {
  CandidatePair* pair = pairOf(path);
  if (pair == nullptr) return;
  pair->counters.packetsReceived += packets;
  pair->counters.bytesReceived += bytes;
  pair->counters.lastPacketReceived = now;
}

}  // namespace parley::ice
