#include <algorithm>

#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

JsepError failed(std::string message) {
  return {ErrorName::OperationError, std::move(message), std::nullopt};
}

// The fragment of a section: its own, the session's, or that of the bundle it is in.
std::optional<std::string> ufragOf(const SessionDescription& d, const MediaDescription& m) {
  if (const auto own = d.ufragOf(m)) return own;
  const Group* const group = d.groupOf("BUNDLE", *m.mid);
  if (group == nullptr) return std::nullopt;
  for (const std::string& mid : group->mids) {
    if (const MediaDescription* const other = d.byMid(mid)) {
      if (const auto ufrag = d.ufragOf(*other)) return ufrag;
    }
  }
  return std::nullopt;
}

// Puts a copy in place that the change has been made to.
template <class Change>
void edit(DescriptionPtr& d, Change change) {
  auto copy = std::make_shared<SetDescription>(*d);
  copy->text.clear();
  change(copy->model);
  d = std::move(copy);
}

// RFC 9429 section 5.2.2: the default candidate, which needs the least from both sides' networks.
const CandidateAttribute* defaultCandidate(const MediaDescription& m) {
  const auto rank = [](const CandidateAttribute& c) {
    if (c.protocol != CandidateProtocol::Udp || c.component != 1 || c.isMdns()) return 0;
    const int type = c.type == CandidateType::Relay ? 3 : c.type == CandidateType::Srflx ? 2 : 1;
    return type * 2 + (c.address.find(':') == std::string::npos ? 1 : 0);
  };
  const auto best = std::max_element(
      m.candidates.begin(), m.candidates.end(),
      [&](const CandidateAttribute& a, const CandidateAttribute& b) { return rank(a) < rank(b); });
  return best == m.candidates.end() || rank(*best) == 0 ? nullptr : &*best;
}

void finish(MediaDescription& m) {
  m.endOfCandidates = true;
  const CandidateAttribute* const c = defaultCandidate(m);
  if (c == nullptr || m.bundleOnly) return;
  const bool v6 = c->address.find(':') != std::string::npos;
  m.port = c->port;
  m.connections = {ConnectionData{"IN", v6 ? "IP6" : "IP4", c->address}};
}

// The section of a local description that stands for the transport with these credentials.
std::optional<std::size_t> describingSection(NegotiatorState& s, const SessionDescription& d,
                                             TransportId transport, std::string_view ufrag) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < d.media.size(); ++i) {
    const MediaDescription& m = d.media[i];
    const TransportState* const t = m.mid ? s.transportOf(*m.mid) : nullptr;
    if (m.transport.ufrag != ufrag || t == nullptr || t->id != transport) continue;
    if (m.mid == t->mid) return i;
    if (!found && !m.bundleOnly) found = i;
  }
  return found;
}

// One section of the remote description, and what is to be added to it.
class CandidateAdder {
 public:
  CandidateAdder(NegotiatorState& s, const CandidateInit& init) : s_(s), init_(init) {}

  Outcome<std::vector<RemoteCandidate>> run(std::size_t index) {
    const SessionDescription& model = s_.remote()->model;
    mid_ = *model.media[index].mid;
    const Transceiver* const t = s_.byMid(mid_);
    if (t != nullptr && t->stopped) return std::vector<RemoteCandidate>{};
    std::optional<std::string> ufrag = ufragOf(model, model.media[index]);
    if (init_.usernameFragment) {
      if (!isApplied(*init_.usernameFragment))
        return failed("a username fragment of no description");
      ufrag = init_.usernameFragment;
    }
    if (!init_.candidate.empty()) {
      auto candidate = parseCandidate(init_.candidate);
      if (!candidate) return failed(candidate.error().describe());
      if (!init_.usernameFragment && candidate->ufrag && isApplied(*candidate->ufrag)) {
        ufrag = candidate->ufrag;
      }
      candidate_ = std::move(*candidate);
    }
    if (model.media[index].candidates.size() >= kMaxRemoteCandidates && candidate_) {
      return failed("too many candidates");
    }
    addTo(s_.pendingRemote, ufrag);
    addTo(s_.currentRemote, ufrag);
    return told(ufrag.value_or(""));
  }

 private:
  bool isApplied(std::string_view ufrag) const {
    for (const DescriptionPtr& d : {s_.pendingRemote, s_.currentRemote}) {
      const MediaDescription* const m = d ? d->model.byMid(mid_) : nullptr;
      if (m != nullptr && ufragOf(d->model, *m) == ufrag) return true;
    }
    return false;
  }

  void addTo(DescriptionPtr& d, const std::optional<std::string>& ufrag) {
    const MediaDescription* const m = d ? d->model.byMid(mid_) : nullptr;
    if (m == nullptr || ufragOf(d->model, *m) != ufrag) return;
    const auto& have = m->candidates;
    if (candidate_ && std::find(have.begin(), have.end(), *candidate_) != have.end()) return;
    edit(d, [this](SessionDescription& model) {
      for (MediaDescription& section : model.media) {
        if (section.mid != mid_) continue;
        if (candidate_) {
          section.candidates.push_back(*candidate_);
        } else {
          section.endOfCandidates = true;
        }
      }
    });
  }

  // With rtcp-mux there is no second component.
  std::vector<RemoteCandidate> told(const std::string& ufrag) const {
    const TransportState* const t = target();
    if (t == nullptr || (candidate_ && candidate_->component != 1)) return {};
    return {RemoteCandidate{t->id, ufrag, candidate_}};
  }

  // The transport that this section describes. One that is offered with a transport of its own, but
  // which we bundled, has none: its candidates lead elsewhere.
  const TransportState* target() const {
    const SessionDescription& d = s_.remote()->model;
    const TransportState* const t = s_.transportOf(mid_);
    if (t != nullptr && (t->mid == mid_ || (candidate_ && d.byMid(mid_)->bundleOnly))) return t;
    for (const TransportState& other : s_.transports) {
      const MediaDescription* const owner = d.byMid(other.mid);
      if (owner == nullptr || !owner->bundleOnly) continue;
      if (bundleDescription(d, *owner) == d.byMid(mid_)) return &other;
    }
    return nullptr;
  }

  NegotiatorState& s_;
  const CandidateInit& init_;
  std::string mid_;
  std::optional<CandidateAttribute> candidate_;
};

}  // namespace

Outcome<std::vector<RemoteCandidate>> applyCandidate(NegotiatorState& s,
                                                     const CandidateInit& init) {
  if (s.remote() == nullptr) {
    return JsepError{ErrorName::InvalidStateError, "there is no remote description", std::nullopt};
  }
  // Held, since what is added makes a new one.
  const DescriptionPtr remote = s.pendingRemote ? s.pendingRemote : s.currentRemote;
  const auto& media = remote->model.media;
  if (init.sdpMid) {
    for (std::size_t i = 0; i < media.size(); ++i) {
      if (media[i].mid == init.sdpMid) return CandidateAdder(s, init).run(i);
    }
    return failed("no section has this sdpMid");
  }
  if (init.sdpMLineIndex) {
    if (*init.sdpMLineIndex < media.size()) return CandidateAdder(s, init).run(*init.sdpMLineIndex);
    return failed("no section has this sdpMLineIndex");
  }
  // The end of all sections' candidates.
  std::vector<RemoteCandidate> all;
  for (std::size_t i = 0; i < media.size(); ++i) {
    if (init.usernameFragment && ufragOf(remote->model, media[i]) != init.usernameFragment)
      continue;
    auto told = CandidateAdder(s, init).run(i);
    if (told) all.insert(all.end(), told->begin(), told->end());
  }
  return all;
}

std::optional<CandidateInit> surfaceCandidate(NegotiatorState& s, TransportId transport,
                                              std::string_view ufrag,
                                              const std::optional<CandidateAttribute>& candidate) {
  std::optional<CandidateInit> told;
  for (DescriptionPtr* d : {&s.currentLocal, &s.pendingLocal}) {
    const auto index = *d ? describingSection(s, (*d)->model, transport, ufrag) : std::nullopt;
    if (!index) continue;
    const MediaDescription& m = (*d)->model.media[*index];
    if (candidate && m.candidates.size() >= kMaxLocalCandidates) return std::nullopt;
    told = CandidateInit{"", m.mid, static_cast<std::uint16_t>(*index), std::string(ufrag)};
    edit(*d, [&](SessionDescription& model) {
      if (!candidate) return finish(model.media[*index]);
      model.media[*index].candidates.push_back(*candidate);
      model.media[*index].candidates.back().ufrag.reset();  // only what trickles needs it
    });
  }
  if (told && candidate) {
    CandidateAttribute text = *candidate;
    text.ufrag = std::string(ufrag);
    told->candidate = writeCandidate(text);
  }
  return told;
}

}  // namespace parley::sdp::jsep
