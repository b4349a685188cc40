// What an ICE agent tells and asks: plain values from Agent::pollEvent(). No event carries a
// password.
//
// PairReport and CandidateError are for logs: when nobody polls, those beyond
// Agent::kMaxQueuedReports are dropped and counted. The others are never lost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/strong_id.h"
#include "base/time.h"
#include "ice/candidate.h"

namespace parley::ice {

enum class Role : std::uint8_t { Controlling, Controlled };
// The states of the W3C's RTCIceTransport; Failed and Closed take no input but a restart.
enum class State : std::uint8_t {
  New,
  Checking,
  Connected,
  Completed,
  Disconnected,
  Failed,
  Closed
};
enum class GatheringState : std::uint8_t { New, Gathering, Complete };
const char* name(Role role);
const char* name(State state);
const char* name(GatheringState state);

// Never reused while the agent lives.
using PairId = StrongId<struct PairTag, std::uint32_t>;
using CandidateId = StrongId<struct CandidateTag, std::uint32_t>;

// A candidate of ours to signal to the other side, in the generation of its ufrag.
struct LocalCandidate {
  Candidate candidate;
  LinkId link;
};

// RTCPeerConnectionIceErrorEvent: a STUN server said no (its code), or could not be reached (701).
struct CandidateError {
  Address local;
  Address server;
  std::uint16_t urlIndex = 0;
  std::uint16_t code = 0;
  std::string text;
};
inline constexpr std::uint16_t kServerNotReached = 701;

struct GatheringChanged {
  GatheringState state = GatheringState::New;
};

struct StateChanged {
  State state = State::New;
};

// Data goes out here from now on.
struct SelectedPath {
  PairId pair;
  Path path;
  CandidateType localType = CandidateType::Host;
  CandidateType remoteType = CandidateType::Host;
  bool nominated = false;
};

// The relay will be asked to send to this address soon: permit it now.
struct NeedPermission {
  LinkId relayLink;
  Address peer;
};

struct RoleChanged {
  Role role = Role::Controlled;
};

// Answer with handleMdnsResolved() or handleMdnsFailed().
struct ResolveMdns {
  std::string name;
};

// Our host candidates hide `address` behind this name: answer queries for it.
struct PublishMdns {
  std::string name;
  IpAddress address;
};

enum class PairNews : std::uint8_t {
  Succeeded,     // a check was answered: the pair is valid
  Failed,        // see `reason`
  Nominated,     // confirmed by both sides
  ConsentLost,   // RFC 7675 section 5.1: nothing more is sent on it
  Unresponsive,  // the selected pair no longer answers
  Responsive     // and does again
};
enum class FailReason : std::uint8_t {
  None,
  TimedOut,    // no answer to any request
  ErrorCode,   // an authenticated error response; see `code`
  Icmp,        // the network refused the datagrams
  Asymmetric,  // answered from another address (RFC 8445 section 7.2.5.2.1)
  LinkGone     // the socket or relay behind it was removed
};
const char* name(PairNews news);
const char* name(FailReason reason);

struct PairReport {
  PairId pair;
  PairNews news = PairNews::Succeeded;
  FailReason reason = FailReason::None;
  // The last error code heard, authenticated or not; 0 is none.
  std::uint16_t code = 0;
  Path path;
  CandidateType localType = CandidateType::Host;
  CandidateType remoteType = CandidateType::Host;
  unsigned requestsSent = 0;
  Duration roundTrip{};
};

using AgentEvent =
    std::variant<LocalCandidate, CandidateError, GatheringChanged, StateChanged, SelectedPath,
                 NeedPermission, RoleChanged, ResolveMdns, PublishMdns, PairReport>;

}  // namespace parley::ice
