// A snapshot of an agent for getStats(): the W3C's RTCIceCandidatePairStats, RTCIceCandidateStats
// and RTCTransportStats as far as ICE knows them. Made on demand; allocates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "ice/events.h"

namespace parley::ice {

// RTCStatsIceCandidatePairState.
enum class PairState : std::uint8_t { Frozen, Waiting, InProgress, Failed, Succeeded };
const char* name(PairState state);

struct PairCounters {
  std::uint64_t packetsSent = 0;  // data only, no STUN
  std::uint64_t packetsReceived = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::uint64_t requestsSent = 0;  // consent included
  std::uint64_t requestsReceived = 0;
  std::uint64_t responsesSent = 0;
  std::uint64_t responsesReceived = 0;
  std::uint64_t consentRequestsSent = 0;
  Duration totalRoundTripTime{};
  Duration currentRoundTripTime{};
  Time lastPacketSent{};
  Time lastPacketReceived{};
};

struct CandidatePairStats {
  PairId id;
  CandidateId local;
  CandidateId remote;
  PairState state = PairState::Frozen;
  bool nominated = false;
  bool selected = false;
  std::uint64_t priority = 0;
  Path path;
  PairCounters counters;
};

struct CandidateStats {
  CandidateId id;
  Candidate candidate;
};

struct AgentStats {
  State state = State::New;
  GatheringState gathering = GatheringState::New;
  Role role = Role::Controlled;
  std::string localUfrag;
  std::uint32_t selectedPairChanges = 0;
  std::vector<CandidateStats> localCandidates;
  std::vector<CandidateStats> remoteCandidates;
  std::vector<CandidatePairStats> pairs;
  // Datagrams and candidates that were dropped, by why.
  std::uint64_t malformed = 0;
  std::uint64_t unauthenticated = 0;
  std::uint64_t overLimit = 0;
  std::uint64_t droppedReports = 0;
};

}  // namespace parley::ice
