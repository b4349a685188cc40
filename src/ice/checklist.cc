#include "ice/checklist.h"

#include <algorithm>

namespace parley::ice {

CandidatePair* Checklist::placeFor(std::uint64_t priority) {
  CandidatePair* victim = nullptr;
  for (CandidatePair& p : pairs_) {
    if (p.gone) return &p;
  }
  if (pairs_.size() < kMaxPairs) return &pairs_.emplace_back();
  for (CandidatePair& p : pairs_) {
    const bool idle = p.state == PairState::Failed ||
                      ((p.state == PairState::Waiting || p.state == PairState::Frozen) &&
                       p.priority < priority && !p.triggered);
    if (!idle || p.triggered) continue;
    const auto rank = [](const CandidatePair& x) {
      return std::pair(x.state != PairState::Failed, x.priority);
    };
    if (victim == nullptr || rank(p) < rank(*victim)) victim = &p;
  }
  return victim;
}

CandidatePair* Checklist::add(CandidatePair pair) {
  CandidatePair* place = placeFor(pair.priority);
  if (place == nullptr) return nullptr;
  pair.id = PairId{++lastId_};
  pair.state = PairState::Waiting;
  for (const CandidatePair& p : pairs_) {
    if (&p != place && !p.gone && p.foundation == pair.foundation &&
        (p.state == PairState::Waiting || p.state == PairState::InProgress)) {
      pair.state = PairState::Frozen;
    }
  }
  *place = std::move(pair);
  return place;
}

void Checklist::clear() {
  pairs_.clear();
  triggered_.clear();
  finished_ = false;
}

CandidatePair* Checklist::find(BaseIndex base, RemoteIndex remote) {
  for (CandidatePair& p : pairs_) {
    if (!p.gone && p.base == base && p.remote == remote) return &p;
  }
  return nullptr;
}

CandidatePair* Checklist::byTransaction(const stun::TransactionId& id) {
  for (CandidatePair& p : pairs_) {
    if (p.checking() && p.check.id() == id) return &p;
  }
  return nullptr;
}

void Checklist::trigger(CandidatePair& pair) {
  if (pair.triggered) return;
  pair.triggered = true;
  triggered_.push_back(&pair);
}

void Checklist::untrigger(CandidatePair& pair) {
  if (!pair.triggered) return;
  pair.triggered = false;
  std::erase(triggered_, &pair);
}

void Checklist::thaw(std::uint64_t foundation) {
  for (CandidatePair& p : pairs_) {
    if (p.state == PairState::Frozen && p.foundation == foundation) p.state = PairState::Waiting;
  }
}

CandidatePair* Checklist::best(PairState state) {
  CandidatePair* found = nullptr;
  for (CandidatePair& p : pairs_) {
    if (p.gone || p.triggered || p.state != state) continue;
    if (found == nullptr || p.priority > found->priority) found = &p;
  }
  return found;
}

bool Checklist::anyInState(PairState state) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const CandidatePair& p) {
    return !p.gone && !p.triggered && p.state == state;
  });
}

CandidatePair* Checklist::next(Time now) {
  if (!triggered_.empty()) {
    CandidatePair* pair = triggered_.front();
    triggered_.pop_front();
    pair->triggered = false;
    return pair;
  }
  if (!finished_) {
    if (CandidatePair* p = best(PairState::Waiting)) return p;
    if (CandidatePair* p = best(PairState::Frozen)) return p;
  }
  CandidatePair* due = nullptr;
  for (CandidatePair& p : pairs_) {
    if (!p.checking() || p.check.nextTimeout() > now) continue;
    if (due == nullptr || p.check.nextTimeout() < due->check.nextTimeout()) due = &p;
  }
  return due;
}

Time Checklist::nextTime() const {
  if (!triggered_.empty()) return Time::min();
  if (!finished_ && (anyInState(PairState::Waiting) || anyInState(PairState::Frozen))) {
    return Time::min();
  }
  Time earliest = kNever;
  for (const CandidatePair& p : pairs_) {
    if (p.checking()) earliest = std::min(earliest, p.check.nextTimeout());
  }
  return earliest;
}

bool Checklist::hasOpen() const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const CandidatePair& p) {
    return !p.gone && (p.triggered || p.checking() || p.state == PairState::Waiting ||
                       p.state == PairState::Frozen);
  });
}

}  // namespace parley::ice
