// An ICE agent for one transport: one component, RTP and RTCP or DTLS on one path (RFC 8445, full
// implementation). It gathers, checks, nominates, keeps consent and tells by which path data goes.
// A protocol machine without I/O (net/engine.h); datagrams given to it are STUN only.
//
//   Agent agent(config, random);
//   agent.addLink(link, address, InterfaceKind::Ethernet, now);   // a bound UDP socket
//   agent.addStunServer(server, urlIndex, now);
//   agent.addLocalCandidate(relayed, relayLink, now);             // from a TURN client
//   agent.endOfLocalCandidates(now);                              // nothing more of these comes
//   agent.setRemoteCredentials(remote, lite, now);
//   agent.addRemoteCandidate(candidate, now); … agent.setRemoteEnd(now);
//
// Data may be sent as soon as SelectedPath says so: on the first valid pair, before nomination.
// A controlling agent nominates once in a generation: a direct pair at once, a relayed one (or one
// whose kind is not known yet) when nothing better came within 2 round trips and 100 ms. It
// nominates again only when that pair died: by consent, by its socket's end, or because the other
// side's address changed.
//
// Relayed datagrams are not wrapped here: a path whose link is a relay's goes through the TURN
// client. ICE-TCP is not spoken: candidates of TCP are ignored. Component 1 only.
//
// Limits: kMaxLinks, kMaxStunServers, kMaxRemoteCandidates and kMaxPeerReflexive (beyond them
// ignored and counted), Checklist::kMaxPairs (the lowest priorities go, RFC 8445 section 6.1.2.5),
// one check every Timing::ta in all, first sendings, triggered ones and retransmissions alike.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "ice/checklist.h"
#include "ice/consent.h"
#include "ice/credentials.h"
#include "ice/events.h"
#include "ice/gatherer.h"
#include "ice/keys.h"
#include "ice/local_side.h"
#include "ice/outbox.h"
#include "ice/remote_side.h"
#include "ice/stats.h"
#include "net/engine.h"

namespace parley::ice {

struct IncomingCheck;

enum class TransportPolicy : std::uint8_t { All, Relay };

struct Timing {
  // RFC 8445 section 14.2 allows from 5 ms on; browsers take 20 to 50.
  Duration ta = 5ms;
  // A check goes out after 0, 0.1, 0.3, 0.7, 1.5, 3.1 and 6.3 s, then every 3.2 s up to the 14th,
  // and has failed after 39.5 s, as with RFC 8489's own timers, but a lost first one does not cost
  // half a second. The formula of RFC 8445 section 14.3 bounds the rate; the pacing does here.
  stun::RetransmitConfig checks{100ms, 14, 108, 39'500ms, 3200ms};
  // On a pair that is valid, to nominate it or to see whether it still is.
  stun::RetransmitConfig validChecks{100ms, 5, 10, 39'500ms, 800ms};
  // A server that does not answer is given up after 8.25 s.
  stun::RetransmitConfig gathering{250ms, 9, 6, 8250ms, 1s};
  // Mappings at STUN servers are kept open for as long as nothing is connected.
  Duration mappingRefresh = 15s;
  // RFC 8863: no failure sooner, for the other side may still reach us.
  Duration patience = 39'500ms;
  // A pair through a relay, or of unknown kind, waits this and two round trips for a better one.
  Duration relayedWait = 100ms;
  ConsentTiming consent;
};

struct AgentConfig {
  Role role = Role::Controlled;
  TransportPolicy policy = TransportPolicy::All;
  // Host candidates are announced by multicast DNS names (RFC 8828, mode 3 and its names).
  bool hideHostAddresses = false;
  std::string ufragPrefix;
  Timing timing;
};

class Agent {
 public:
  using Event = AgentEvent;

  static constexpr std::size_t kMaxLinks = LocalSide::kMaxBases;
  static constexpr std::size_t kMaxStunServers = Gatherer::kMaxServers;
  static constexpr std::size_t kMaxRemoteCandidates = RemoteSide::kMaxSignalled;
  static constexpr std::size_t kMaxPeerReflexive = RemoteSide::kMaxPeerReflexive;
  static constexpr std::size_t kMaxQueuedReports = 256;
  // Answers to unauthenticated requests (400, 401, 420): that many at once, and one more a time.
  static constexpr unsigned kMaxRefusals = 20;
  static constexpr Duration kRefusalEvery = 50ms;

  // `random` must outlive the agent.
  Agent(AgentConfig config, RandomSource& random);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // ---- our side ----
  const Credentials& localCredentials() const { return keys_.local; }
  // Those that an offer or answer carries already, in place of our own; before the first link.
  void setLocalCredentials(Credentials credentials);
  Role role() const { return role_; }
  // As the first offer and answer decide it (RFC 8445 section 6.1.1): without effect once the other
  // side's credentials were given, for roles persist.
  void setRole(Role role, Time now);
  // A bound UDP socket; with a wildcard address bound, once for each address it serves.
  void addLink(LinkId link, const Address& local, const LinkOptions& options, Time now);
  void addLink(LinkId link, const Address& local, InterfaceKind kind, Time now) {
    addLink(link, local, LinkOptions{kind}, now);
  }
  void addStunServer(const Address& server, std::uint16_t urlIndex, Time now);
  // Type Relayed, with address, related (the mapped one), server, relayProtocol and urlIndex; what
  // is ours to set (foundation, priority, ufrag) is set here.
  void addLocalCandidate(const Candidate& relayed, LinkId relayLink, Time now);
  // The socket or relay is no more.
  void removeLink(LinkId link, Time now);
  // No link, server or relayed candidate is on its way any more (in this generation).
  void endOfLocalCandidates(Time now);

  // ---- their side ----
  // Other credentials than before begin a generation on their side.
  void setRemoteCredentials(const Credentials& remote, bool lite, Time now);
  // Unsupported: TCP, another component, an address that nobody may send to. Invalid: of another
  // generation. Limit: the table is full. May come before the credentials.
  Status addRemoteCandidate(const Candidate& candidate, Time now);
  void setRemoteEnd(Time now);
  void handleMdnsResolved(std::string_view name, const IpAddress& address, Time now);
  void handleMdnsFailed(std::string_view name, Time now);

  // A generation of its own credentials: links, servers and relayed candidates stay and are
  // announced anew; the path that is selected carries data until the new generation has one
  // (RFC 8445 section 9). Credentials and candidates of the other side, and both ends of
  // candidates, are to be given again.
  void restart(Time now) { restart(makeCredentials(random_, config_.ufragPrefix), now); }
  void restart(Credentials credentials, Time now);
  void close();

  // ---- verbs ----
  void handleDatagrams(const Train& in, Time now);
  void handlePathEvent(const Path& path, PathEvent event, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const { return nextTimeout_; }
  More pollTransmit(TransmitBatch& out, Time now);
  std::optional<Event> pollEvent();

  // ---- data ----
  std::optional<Path> selectedPath() const {
    return current_ == nullptr ? std::nullopt : std::optional(current_->path);
  }
  // May data be taken from there: a check of the other side came by it, or one of ours came back.
  bool isKnown(const Path& path) const {
    return (current_ != nullptr && isOn(*current_, path)) || isKnownElsewhere(path);
  }
  void countSent(const Path& path, std::uint64_t packets, std::uint64_t bytes, Time now);
  void countReceived(const Path& path, std::uint64_t packets, std::uint64_t bytes, Time now);
  // Of the selected pair, smoothed; zero before the first measurement.
  Duration roundTrip() const { return current_ == nullptr ? Duration{} : current_->smoothedRtt; }

  State state() const { return state_; }
  GatheringState gatheringState() const { return gathering_; }
  AgentStats stats() const;

 private:
  // Of the generation before a restart: the pair that carries data until there is a new one.
  struct Previous {
    Keys keys;
    CandidatePair pair;
    Consent consent;
  };

  // agent.cc: verbs, states, timers
  void step(Time now);
  void beginGeneration(Credentials credentials);
  bool isOver() const { return state_ == State::Failed || state_ == State::Closed; }
  void updateState(Time now);
  State wantedState(Time now) const;
  void setState(State state);
  void reschedule(Time now);
  Time nextCheckTime() const;
  void report(const CandidatePair& pair, PairNews news);
  bool countReport();
  template <class E>
  void emit(E&& event) {
    events_.emplace_back(std::forward<E>(event));
  }

  // agent_candidates.cc
  void announceBase(BaseIndex base);
  void announce(const LocalEntry& entry);
  const std::string& nameOf(const IpAddress& address);
  void beginGathering();
  void handleMapped(const GatherResult& result, Time now);
  void pollGatherer(Time now);
  void updateGathering();
  void acceptRemote(RemoteIndex index, Time now);
  void pairBase(BaseIndex base, Time now);
  CandidatePair* makePair(BaseIndex base, RemoteIndex remote, Time now);
  void setPriority(CandidatePair& pair) const;
  void refreshRemote(RemoteIndex index);
  void forgetDropped();
  std::optional<RemoteIndex> spareRemote() const;

  // agent_checks.cc: what goes out
  void sendDueCheck(Time now);
  void sendCheck(CandidatePair& pair, Time now);
  void expireChecks(Time now);
  void sendConsent(CandidatePair& pair, Consent& consent, Keys& keys, Time now);
  void stepConsent(Time now);
  void stepPrevious(Time now);
  void writeRequest(CandidatePair& pair, Keys& keys, const stun::TransactionId& id, bool nominate,
                    Time now);

  // agent_incoming.cc: what comes in
  void handleMessage(const Path& path, ConstBytes datagram, Time now);
  void handleRequest(const Path& path, const stun::Message& message, Time now);
  void handlePreviousRequest(const Path& path, const IncomingCheck& check, Time now);
  bool resolveRoles(const Path& path, const IncomingCheck& check, Time now);
  void acceptCheck(const Path& path, BaseIndex base, const IncomingCheck& check, Time now);
  void answer(const Path& path, const stun::TransactionId& id, Keys& keys);
  void refuse(const Path& path, const stun::Message& message, std::uint16_t code, Keys* keys,
              Time now);
  void handleResponse(const Path& path, const stun::Message& message, Time now);
  void handlePreviousResponse(const stun::Message& message, Time now);
  static void countResponse(CandidatePair& pair, std::optional<Duration> roundTrip, Time now);
  void handleSuccess(CandidatePair& pair, const stun::Message& message, Time now);
  void handleError(CandidatePair& pair, const stun::Message& message, bool authentic, Time now);
  void nameLocal(CandidatePair& pair, const Address& mapped);
  void switchRole(Role role, Time now);

  // agent_selection.cc: valid pairs, nomination, which one carries data
  void becomeValid(CandidatePair& pair, Time now);
  void failPair(CandidatePair& pair, FailReason reason, Time now);
  void considerNomination(Time now);
  void nominate(CandidatePair& pair);
  void handleRemoteNomination(CandidatePair& pair, Time now);
  void take(CandidatePair& pair, Time now);
  void finishChecks();
  void reopenChecks(Time now);
  void select(Time now);
  CandidatePair* choose(Time now);
  void useForData(CandidatePair* pair, Time now);
  void tellSelected();
  void failOver(Time now);
  bool isDirect(const CandidatePair& pair) const;
  Time nominationTime() const;
  bool ofThisGeneration(const CandidatePair* pair) const {
    return pair != nullptr && (!previous_ || pair != &previous_->pair);
  }
  bool isKnownElsewhere(const Path& path) const;
  CandidatePair* pairOf(const Path& path);

  AgentConfig config_;
  RandomSource& random_;
  Role role_;
  std::uint64_t tieBreaker_;
  Keys keys_;
  LocalSide local_;
  RemoteSide remote_;
  Checklist checklist_;
  Gatherer gatherer_;
  Outbox outbox_;
  std::optional<Previous> previous_;

  State state_ = State::New;
  GatheringState gathering_ = GatheringState::New;
  bool localEnd_ = false;
  bool remoteEnd_ = false;
  bool remoteLite_ = false;
  bool roleFixed_ = false;
  bool wasConnected_ = false;
  bool consentLost_ = false;
  bool unresponsive_ = false;  // the current pair, as it was told

  // The pair that carries data: in the checklist or previous_. Slots of the checklist do not move.
  CandidatePair* current_ = nullptr;
  CandidatePair* nominating_ = nullptr;
  CandidatePair* nominated_ = nullptr;
  std::optional<Consent> consent_;  // of current_, when it is of this generation
  std::uint32_t selectedPairChanges_ = 0;

  Time nextSlot_{};  // of the pacing of checks
  Time nominatedAt_{};
  Time patienceEnds_ = kNever;
  Time nextTimeout_ = kNever;
  unsigned refusals_ = 0;
  Time refusalsSince_{};

  std::vector<std::pair<IpAddress, std::string>> names_;  // of ours, hidden; bounded by bases
  std::deque<Event> events_;
  std::size_t queuedReports_ = 0;
  std::uint64_t malformed_ = 0;
  std::uint64_t unauthenticated_ = 0;
  std::uint64_t overLimit_ = 0;
  std::uint64_t droppedReports_ = 0;
};

}  // namespace parley::ice
