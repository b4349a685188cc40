#include "ice/agent.h"

namespace parley::ice {
namespace {

CandidatePairStats statsOf(const CandidatePair& pair, bool selected) {
  CandidatePairStats s;
  s.id = pair.id;
  s.local = pair.localId;
  s.remote = pair.remoteId;
  s.state = pair.state;
  s.nominated = pair.nominated;
  s.selected = selected;
  s.priority = pair.priority;
  s.path = pair.path;
  s.counters = pair.counters;
  return s;
}

}  // namespace

AgentStats Agent::stats() const {
  AgentStats s;
  s.state = state_;
  s.gathering = gathering_;
  s.role = role_;
  s.localUfrag = keys_.local.ufrag;
  s.selectedPairChanges = selectedPairChanges_;
  for (const LocalEntry& e : local_.entries())
    s.localCandidates.push_back({e.id, e.candidate});
  for (const RemoteEntry& e : remote_.entries()) {
    if (!RemoteSide::isDropped(e)) s.remoteCandidates.push_back({e.id, e.candidate});
  }
  if (previous_) s.pairs.push_back(statsOf(previous_->pair, current_ == &previous_->pair));
  for (const CandidatePair& p : checklist_.pairs()) {
    if (!p.gone) s.pairs.push_back(statsOf(p, &p == current_));
  }
  s.malformed = malformed_;
  s.unauthenticated = unauthenticated_;
  s.overLimit = overLimit_;
  s.droppedReports = droppedReports_;
  return s;
}

}  // namespace parley::ice
