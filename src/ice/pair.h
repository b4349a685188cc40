// A candidate pair: what the checklist keeps of it. Values; the rules are the checklist's and the
// agent's.
//
// Pairs are made of bases, not of reflexive candidates (RFC 8445 section 6.1.2.4): `path` leaves
// from a socket or a relay of ours.
#pragma once

#include <cstdint>

#include "ice/events.h"
#include "ice/stats.h"
#include "stun/client/transaction.h"

namespace parley::ice {

using BaseIndex = std::uint8_t;
using RemoteIndex = std::uint8_t;

struct CandidatePair {
  PairId id;
  BaseIndex base = 0;
  RemoteIndex remote = 0;
  Path path;
  std::uint64_t priority = 0;
  std::uint32_t checkPriority = 0;  // the PRIORITY that its checks carry
  PairState state = PairState::Frozen;
  // Of the candidates it stands for; the local one is found by the mapped address of an answer.
  CandidateId localId;
  CandidateId remoteId;
  CandidateType localType = CandidateType::Host;
  CandidateType remoteType = CandidateType::Host;
  // For freezing: pairs of equal numbers probably fare alike (section 6.1.2.6).
  std::uint64_t foundation = 0;

  // The check under way: of a pair that is InProgress, or the nomination of a valid one.
  stun::ClientTransaction check;
  Role checkRole = Role::Controlled;
  bool checkNominates = false;
  std::uint16_t lastCode = 0;
  FailReason failReason = FailReason::None;

  bool gone = false;             // its slot may be taken by another
  bool triggered = false;        // stands in the triggered-check queue
  bool heardFrom = false;        // an authenticated check came by it
  bool remoteNominates = false;  // the other side, controlling, wants it (USE-CANDIDATE)
  bool nominated = false;
  Time remoteNominatedAt{};
  Time madeAt{};
  Time validAt{};
  Time lastResponseAt{};
  Duration smoothedRtt{};  // zero: not measured
  bool rttGuessed = false;

  PairCounters counters;

  bool valid() const { return !gone && state == PairState::Succeeded; }
  bool checking() const { return !gone && check.active(); }
};

// Whether bytes of `path` belong to the pair. The local address does not count: a socket bound to
// all addresses has one link.
inline bool isOn(const CandidatePair& pair, const Path& path) {
  return pair.path.link == path.link && pair.path.remote == path.remote;
}

}  // namespace parley::ice
