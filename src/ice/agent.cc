#include "ice/agent.h"

#include <algorithm>

namespace parley::ice {

Agent::Agent(AgentConfig config, RandomSource& random)
    : config_(std::move(config)),
      random_(random),
      role_(config_.role),
      tieBreaker_(random.next64()),
      keys_(makeCredentials(random, config_.ufragPrefix)),
      gatherer_(config_.timing.gathering, config_.timing.ta, config_.timing.mappingRefresh) {}

Agent::~Agent() = default;

void Agent::setLocalCredentials(Credentials credentials) {
  Keys keys{std::move(credentials)};
  if (keys_.remote) keys.setRemote(*keys_.remote);
  keys_ = std::move(keys);
}

void Agent::setRole(Role role, Time now) {
  // RFC 8445 section 6.1.1: roles persist, through restarts too; only a conflict changes them.
  if (role == role_ || roleFixed_) return;
  switchRole(role, now);
  step(now);
}

void Agent::setRemoteCredentials(const Credentials& remote, bool lite, Time now) {
  if (state_ == State::Closed) return;
  if (keys_.remote && *keys_.remote != remote) {
    beginGeneration(Credentials{keys_.local});
    if (state_ == State::Failed) setState(State::New);
  }
  if (!keys_.remote) {
    keys_.setRemote(remote);
    roleFixed_ = true;
    remote_.dropOthers(remote.ufrag);
    forgetDropped();
    patienceEnds_ = now + config_.timing.patience;
  }
  remoteLite_ = lite;
  if (lite && role_ == Role::Controlled) switchRole(Role::Controlling, now);
  step(now);
}

void Agent::setRemoteEnd(Time now) {
  remoteEnd_ = true;
  step(now);
}

// What carries data goes on as the previous generation's; everything else of the other side goes.
void Agent::beginGeneration(Credentials credentials) {
  if (current_ != nullptr && ofThisGeneration(current_) && consent_) {
    previous_.emplace(Previous{std::move(keys_), *current_, *consent_});
    previous_->pair.check.stop();
    current_ = &previous_->pair;
  } else if (current_ == nullptr) {
    previous_.reset();
  }
  consent_.reset();
  nominating_ = nominated_ = nullptr;
  checklist_.clear();
  remote_.clear();
  remoteEnd_ = false;
  wasConnected_ = false;
  consentLost_ = false;
  patienceEnds_ = kNever;
  keys_ = Keys{std::move(credentials)};
}

void Agent::restart(Credentials credentials, Time now) {
  if (state_ == State::Closed) return;
  beginGeneration(std::move(credentials));
  local_.beginGeneration();
  localEnd_ = false;
  if (state_ == State::Failed) setState(State::New);
  gathering_ = GatheringState::New;
  beginGathering();
  gatherer_.restart();
  for (std::size_t i = 0; i < local_.bases().size(); ++i) {
    if (!local_.bases()[i].gone) announceBase(static_cast<BaseIndex>(i));
  }
  step(now);
}

void Agent::close() {
  state_ = State::Closed;
  current_ = nominating_ = nominated_ = nullptr;
  consent_.reset();
  previous_.reset();
  checklist_.clear();
  outbox_.clear();
  events_.clear();
  queuedReports_ = 0;
  nextTimeout_ = kNever;
}

void Agent::handleDatagrams(const Train& in, Time now) {
  if (isOver()) return;
  for (std::size_t i = 0; i < in.size(); ++i)
    handleMessage(in.path(), in[i], now);
  step(now);
}

void Agent::handlePathEvent(const Path& path, PathEvent event, Time now) {
  if (isOver()) return;
  if (event == PathEvent::Closed) return removeLink(path.link, now);
  if (event != PathEvent::Icmp) return;
  gatherer_.handleRefused(path);
  for (CandidatePair& p : checklist_.pairs()) {
    if (p.gone || !isOn(p, path)) continue;
    // RFC 8445 section 7.2.5.2.4: during checks a refusal is the end of the pair; later it may
    // pass, and consent decides.
    if (p.state == PairState::InProgress) {
      failPair(p, FailReason::Icmp, now);
    } else if (&p == current_ && consent_) {
      consent_->hurry(now);
    }
  }
  step(now);
}

void Agent::handleTimeout(Time now) {
  step(now);
}

More Agent::pollTransmit(TransmitBatch& out, Time) {
  return outbox_.flush(out);
}

std::optional<Agent::Event> Agent::pollEvent() {
  if (events_.empty()) return std::nullopt;
  std::optional<Event> event(std::in_place, std::move(events_.front()));
  events_.pop_front();
  if (std::holds_alternative<PairReport>(*event) ||
      std::holds_alternative<CandidateError>(*event)) {
    --queuedReports_;
  }
  return event;
}

// ---- what time does ----

// At the end of every verb: everything that is due, then when to come again.
void Agent::step(Time now) {
  if (!isOver()) {
    gatherer_.step(now, outbox_, random_);
    pollGatherer(now);
    expireChecks(now);
    considerNomination(now);
    stepConsent(now);
    stepPrevious(now);
    failOver(now);
    sendDueCheck(now);  // of what all these want checked
    updateGathering();
    updateState(now);
  }
  reschedule(now);
}

Time Agent::nextCheckTime() const {
  if (!keys_.remote) return kNever;
  const Time next = checklist_.nextTime();
  return next == kNever ? kNever : std::max(next, nextSlot_);
}

void Agent::reschedule(Time now) {
  if (isOver()) {
    nextTimeout_ = kNever;
    return;
  }
  Time next = std::min({nextCheckTime(), gatherer_.nextTimeout(), nominationTime()});
  if (consent_) next = std::min(next, consent_->nextTimeout());
  if (previous_) next = std::min(next, previous_->consent.nextTimeout());
  if (current_ == nullptr && patienceEnds_ > now) next = std::min(next, patienceEnds_);
  nextTimeout_ = next;
}

// ---- states ----

State Agent::wantedState(Time now) const {
  if (current_ != nullptr) {
    const bool previous = !ofThisGeneration(current_);
    if (unresponsive_) return previous ? State::Checking : State::Disconnected;
    const bool complete =
        !previous && current_ == nominated_ && remoteEnd_ && gathering_ == GatheringState::Complete;
    return complete ? State::Completed : State::Connected;
  }
  if (consentLost_) return State::Failed;
  if (keys_.remote && now >= patienceEnds_ && !checklist_.hasOpen() && !remote_.hasPending()) {
    return State::Failed;
  }
  if (wasConnected_) return State::Disconnected;
  return keys_.remote && !remote_.entries().empty() ? State::Checking : State::New;
}

void Agent::updateState(Time now) {
  setState(wantedState(now));
}

void Agent::setState(State state) {
  if (state == state_) return;
  state_ = state;
  emit(StateChanged{state});
}

bool Agent::countReport() {
  if (queuedReports_ == kMaxQueuedReports) {
    ++droppedReports_;
    return false;
  }
  ++queuedReports_;
  return true;
}

void Agent::report(const CandidatePair& pair, PairNews news) {
  if (!countReport()) return;
  PairReport r;
  r.pair = pair.id;
  r.news = news;
  r.reason = news == PairNews::Failed ? pair.failReason : FailReason::None;
  r.code = pair.lastCode;
  r.path = pair.path;
  r.localType = pair.localType;
  r.remoteType = pair.remoteType;
  r.requestsSent = static_cast<unsigned>(pair.counters.requestsSent);
  r.roundTrip = pair.counters.currentRoundTripTime;
  emit(r);
}

}  // namespace parley::ice
