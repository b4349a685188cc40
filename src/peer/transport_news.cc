// What the parts of a transport have to say: to its owner, the application and the event log.
#include <algorithm>

#include "peer/candidate_text.h"
#include "peer/transport.h"

namespace parley::peer {
namespace {

LoggedCandidate logged(const ice::Candidate& c) {
  LoggedCandidate out;
  out.type = static_cast<LoggedCandidate::Type>(c.type);
  out.protocol = c.protocol;
  out.address = c.address;
  out.name = c.mdnsName;
  if (c.type == ice::CandidateType::Relayed) out.relayProtocol = c.relayProtocol;
  return out;
}

const char* textOf(ice::FailReason reason) {
  switch (reason) {
    case ice::FailReason::None:
      return "";
    case ice::FailReason::TimedOut:
      return "no answer";
    case ice::FailReason::ErrorCode:
      return "refused by an error response";
    case ice::FailReason::Icmp:
      return "the network refused it";
    case ice::FailReason::Asymmetric:
      return "answered from another address";
    case ice::FailReason::LinkGone:
      return "the socket or relay is gone";
  }
  return "";
}

}  // namespace

LogEntry IceDtlsTransport::entry(LogKind kind, Time now) const {
  LogEntry e;
  e.at = now;
  e.kind = kind;
  return e;
}

void IceDtlsTransport::logPair(LogEntry& e, const Path& path, ice::CandidateType local,
                               ice::CandidateType remote) {
  LoggedCandidate ours;
  ours.type = static_cast<LoggedCandidate::Type>(local);
  ours.address = path.local;
  if (const Servers::Relay* relay = servers_.byLink(path.link))
    ours.relayProtocol = relay->path.transport;
  LoggedCandidate theirs;
  theirs.type = static_cast<LoggedCandidate::Type>(remote);
  theirs.address = path.remote;
  e.local = shared_.log.local(ours);
  e.remote = shared_.log.remote(theirs);
}

void IceDtlsTransport::settle(Time now) {
  servers_.settle(shared_.ids, now);
  settleIce(now);
  settleDtls(now);
  maybeEndCandidates(now);
  leaveGoneRelay();
  if (path_ && !closed_ && !agent_.selectedPath()) {
    path_.reset();
    relayed_ = nullptr;
  }
}

// An allocation may end with any message of its server, and with the last of its own (closed,
// its Refresh answered): the path over it must be left before anything is written for it.
void IceDtlsTransport::leaveGoneRelay() {
  if (relayed_ == nullptr || relayed_->allocation) return;
  path_.reset();
  relayed_ = nullptr;
}

// ICE is told once in a generation that nothing more comes from hosts and servers.
void IceDtlsTransport::maybeEndCandidates(Time now) {
  if (localEnd_ || local_.ufrag.empty() || !linksDone_ || !servers_.isSettled(now)) return;
  localEnd_ = true;
  agent_.endOfLocalCandidates(now);
  settleIce(now);
}

void IceDtlsTransport::settleIce(Time now) {
  while (auto event = agent_.pollEvent())
    handleIceEvent(*event, now);
}

void IceDtlsTransport::handleIceEvent(ice::AgentEvent& event, Time now) {
  if (const auto* e = std::get_if<ice::LocalCandidate>(&event)) {
    LogEntry entryOf = entry(LogKind::CandidateSent, now);
    entryOf.local = shared_.log.local(logged(e->candidate));
    std::string url;
    if (e->candidate.urlIndex && *e->candidate.urlIndex < servers_.serverCount())
      url = servers_.url(*e->candidate.urlIndex);
    entryOf.url = shared_.log.url(url);
    shared_.log.add(entryOf);
    shared_.out.push(LocalCandidate{id_, candidateText(e->candidate), local_.ufrag, url});
  } else if (const auto* failed = std::get_if<ice::CandidateError>(&event)) {
    servers_.noteStunError(failed->urlIndex, failed->code, failed->text, failed->local, now);
  } else if (const auto* gathering = std::get_if<ice::GatheringChanged>(&event)) {
    if (gathering->state == ice::GatheringState::Complete) tellEnd(now);
    shared_.out.push(GatheringStateChanged{id_, static_cast<GatheringState>(gathering->state)});
  } else if (const auto* state = std::get_if<ice::StateChanged>(&event)) {
    handleIceState(state->state, now);
  } else if (const auto* selected = std::get_if<ice::SelectedPath>(&event)) {
    handleSelected(*selected, now);
  } else if (const auto* need = std::get_if<ice::NeedPermission>(&event)) {
    servers_.permit(need->relayLink, need->peer, now);
  } else if (std::holds_alternative<ice::RoleChanged>(event)) {
    shared_.log.add(entry(LogKind::RoleConflict, now));
  } else if (auto* mdns = std::get_if<ice::ResolveMdns>(&event)) {
    const LookupId id{++shared_.ids.lookup};
    mdns_.emplace_back(id, mdns->name);
    shared_.out.push(ResolveMdns{id, std::move(mdns->name)});
  } else if (auto* publish = std::get_if<ice::PublishMdns>(&event)) {
    shared_.out.push(PublishMdns{std::move(publish->name), publish->address});
  } else if (const auto* report = std::get_if<ice::PairReport>(&event)) {
    handleReport(*report, now);
  }
}

// RFC 8838 section 13: the end of a generation's candidates is a candidate without text.
void IceDtlsTransport::tellEnd(Time now) {
  if (endTold_) return;
  endTold_ = true;
  shared_.log.add(entry(LogKind::CandidatesDone, now));
  shared_.out.push(LocalCandidate{id_, {}, local_.ufrag, {}});
}

void IceDtlsTransport::handleIceState(ice::State state, Time now) {
  LogEntry e = entry(LogKind::IceState, now);
  e.state = static_cast<std::uint8_t>(state);
  shared_.log.add(e);
  const bool up = state == ice::State::Connected || state == ice::State::Completed;
  if (pathUp_ && !up) downSince_ = now;
  pathUp_ = up;
  wasConnected_ = wasConnected_ || up;
  shared_.out.push(IceStateChanged{id_, static_cast<IceState>(state)});
}

void IceDtlsTransport::handleSelected(const ice::SelectedPath& e, Time now) {
  path_ = e.path;
  const bool relayed = (e.path.link.value() & kRelayLinkBit) != 0;
  relayed_ = relayed ? servers_.byLink(e.path.link) : nullptr;
  if (relayed && (relayed_ == nullptr || !relayed_->allocation)) {
    path_.reset();
    relayed_ = nullptr;
    return;
  }
  LogEntry pair = entry(LogKind::PairSelected, now);
  logPair(pair, e.path, e.localType, e.remoteType);
  shared_.log.add(pair);
  const bool viaRelay = relayed || e.remoteType == ice::CandidateType::Relayed;
  shared_.log.add(entry(viaRelay ? LogKind::RelayUsed : LogKind::RelayNotNeeded, now));
  pathChanged_ = true;
  shared_.out.push(
      SelectedPairChanged{id_, e.path, e.localType, e.remoteType,
                          relayed ? std::optional(relayed_->path.transport) : std::nullopt});
  if (session_) startHandshake(now);
}

void IceDtlsTransport::handleReport(const ice::PairReport& e, Time now) {
  LogKind kind = LogKind::PairFailed;
  const char* reason = textOf(e.reason);
  switch (e.news) {
    case ice::PairNews::Succeeded:
      kind = LogKind::PairSucceeded;
      ++pairsAnswered_;
      break;
    case ice::PairNews::Failed:
      break;
    case ice::PairNews::Nominated:
      kind = LogKind::PairNominated;
      break;
    case ice::PairNews::ConsentLost:
      kind = LogKind::ConsentLost;
      reason = "no answer for 30 s";
      break;
    case ice::PairNews::Unresponsive:
      kind = LogKind::Disconnected;
      reason = "the selected pair no longer answers";
      break;
    case ice::PairNews::Responsive:
      kind = LogKind::Connected;
      reason = "the selected pair answers again";
      break;
  }
  LogEntry log = entry(kind, now);
  logPair(log, e.path, e.localType, e.remoteType);
  log.code = e.code;
  log.reason = reason;
  shared_.log.add(log);
}

void IceDtlsTransport::settleDtls(Time now) {
  while (session_) {
    auto event = session_->pollEvent();
    if (!event) return;
    if (std::holds_alternative<dtls::Connected>(*event)) {
      dtlsConnected_ = true;
      setDtlsState(DtlsState::Connected, now);
    } else if (const auto* failed = std::get_if<dtls::Failed>(&*event)) {
      dtlsEnded_ = true;
      std::string text = failed->error.describe();
      if (failed->alert)
        text += std::string{failed->alertReceived ? ", they said: " : ", we said: "} +
                dtls::name(*failed->alert);
      setDtlsState(DtlsState::Failed, now, std::move(text));
    } else {
      dtlsEnded_ = true;
      setDtlsState(DtlsState::Closed, now);
    }
  }
}

void IceDtlsTransport::setDtlsState(DtlsState state, Time now, std::string error) {
  if (state == dtlsState_) return;
  dtlsState_ = state;
  dtlsError_ = error;
  LogEntry e = entry(LogKind::DtlsState, now);
  e.state = static_cast<std::uint8_t>(state);
  shared_.log.add(e);
  shared_.out.push(DtlsStateChanged{id_, state, std::move(error)});
}

}  // namespace parley::peer
