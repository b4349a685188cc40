// What descriptions do to the table of transports. An offer may add to it; what nobody uses goes
// when an answer stands, since an offer can be rolled back.
#include <algorithm>

#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

bool has(const std::vector<std::string>& mids, std::string_view mid) {
  return std::find(mids.begin(), mids.end(), mid) != mids.end();
}

TransportState& newTransport(NegotiatorState& s, const std::string& mid) {
  TransportState t;
  t.id = TransportId{s.nextTransport++};
  t.mid = mid;
  t.mids = {mid};
  return s.transports.emplace_back(std::move(t));
}

IceParameters iceOf(const SessionDescription& d, const MediaDescription& m) {
  return {d.ufragOf(m).value_or(""), d.pwdOf(m).value_or("")};
}

// The section that describes the transport of these mids: `first` if it has its attributes.
const MediaDescription* describing(const SessionDescription& d,
                                   const std::vector<std::string>& mids) {
  const MediaDescription* fallback = nullptr;
  for (const std::string& mid : mids) {
    const MediaDescription* const m = d.byMid(mid);
    if (m == nullptr || m->isRejected()) continue;
    if (fallback == nullptr) fallback = m;
    if (!m->bundleOnly && d.ufragOf(*m)) return m;
  }
  return fallback;
}

void takeRemote(TransportState& t, const SessionDescription& d, const MediaDescription& section) {
  // What is in a bundle only is where the section that describes the bundle is, even a rejected
  // one.
  const MediaDescription* const bundled =
      section.bundleOnly ? bundleDescription(d, section) : nullptr;
  const MediaDescription& m = bundled == nullptr ? section : *bundled;
  t.remote = iceOf(d, m);
  t.remoteLite = d.iceLite;
  t.remoteIceOptions = d.iceOptionsOf(m);
  t.remoteTrickle = saysTrickle(t.remoteIceOptions);
  t.remoteCandidates.clear();
  for (const CandidateAttribute& c : m.candidates) {
    if (c.component == 1) t.remoteCandidates.push_back(c);  // with rtcp-mux there is no other
  }
  t.remoteEndOfCandidates = m.endOfCandidates;
  t.remoteFingerprints = d.fingerprintsOf(m);
  // A bundled section may leave it to the one that describes the bundle.
  const MediaDescription* const other = bundleDescription(d, m);
  if (t.remoteFingerprints.empty() && other != nullptr) {
    t.remoteFingerprints = d.fingerprintsOf(*other);
  }
}

DtlsRole roleOf(Setup answer, bool localAnswers) {
  const bool answererIsClient = answer != Setup::Passive;
  return answererIsClient == localAnswers ? DtlsRole::Client : DtlsRole::Server;
}

std::optional<SctpParameters> sctpOf(const TransportState& t, const SessionDescription& local,
                                     const SessionDescription& remote) {
  for (const std::string& mid : t.mids) {
    const MediaDescription* const l = local.byMid(mid);
    const MediaDescription* const r = remote.byMid(mid);
    if (l == nullptr || r == nullptr || !isDataSection(*r)) continue;
    SctpParameters sctp;
    sctp.localPort = l->effectiveSctpPort();
    sctp.remotePort = r->effectiveSctpPort();
    sctp.remoteMaxMessageSize = r->maxMessageSize.value_or(kDefaultMaxMessageSize);
    return sctp;
  }
  return std::nullopt;
}

// The mids that share a transport by the answer, the describing one first; and all single ones.
std::vector<std::vector<std::string>> bundles(const SessionDescription& answer) {
  std::vector<std::vector<std::string>> out;
  for (const Group& g : answer.groups) {
    if (g.semantics != "BUNDLE") continue;
    std::vector<std::string> mids;
    for (const std::string& mid : g.mids) {
      const MediaDescription* const m = answer.byMid(mid);
      if (m != nullptr && !m->isRejected()) mids.push_back(mid);
    }
    if (!mids.empty()) out.push_back(std::move(mids));
  }
  for (const MediaDescription& m : answer.media) {
    if (!m.isRejected() && answer.groupOf("BUNDLE", *m.mid) == nullptr) out.push_back({*m.mid});
  }
  return out;
}

bool sameState(const TransportState& a, const TransportState& b) {
  return a.mid == b.mid && a.mids == b.mids && a.local == b.local && a.remote == b.remote &&
         a.remoteLite == b.remoteLite && a.remoteTrickle == b.remoteTrickle &&
         a.remoteIceOptions == b.remoteIceOptions && a.controlling == b.controlling &&
         a.offerPending == b.offerPending && a.negotiated == b.negotiated &&
         a.dtlsRole == b.dtlsRole && a.remoteFingerprints == b.remoteFingerprints &&
         a.sctp == b.sctp && b.remoteCandidates.empty() && !b.remoteEndOfCandidates;
}

bool restarted(const std::optional<IceParameters>& before,
               const std::optional<IceParameters>& after) {
  return before && before != after;
}

}  // namespace

void transportsOfLocalOffer(NegotiatorState& s, const SessionDescription& offer) {
  const Group* const group = offer.groups.empty() ? nullptr : &offer.groups.front();
  std::optional<std::string> bundleMid;  // of one in the bundle that stands
  std::optional<std::string> bundleUfrag;
  for (const std::string& mid : group == nullptr ? std::vector<std::string>{} : group->mids) {
    const TransportState* const t = s.transportOf(mid);
    if (bundleMid || t == nullptr || !t->negotiated) continue;
    bundleMid = mid;
    bundleUfrag = offer.byMid(mid)->transport.ufrag;
  }
  for (const MediaDescription& m : offer.media) {
    if (m.isRejected() || m.bundleOnly) continue;
    TransportState* t = s.transportOf(*m.mid);
    if (t == nullptr && bundleMid && m.transport.ufrag == bundleUfrag) {
      t = s.transportOf(*bundleMid);
      t->mids.push_back(*m.mid);
    }
    if (t == nullptr) {
      t = &newTransport(s, *m.mid);
      t->controlling = true;  // RFC 9429 section 3.5.1: who offers first, unless told otherwise
    }
    t->offerPending = true;
    t->local = iceOf(offer, m);
  }
  if (group == nullptr) return;
  for (const MediaDescription& m : offer.media) {
    if (m.isRejected() || s.transportOf(*m.mid) != nullptr) continue;
    if (TransportState* const t = s.transportOf(group->mids.front())) t->mids.push_back(*m.mid);
  }
}

void transportsOfRemoteOffer(NegotiatorState& s, const SessionDescription& offer) {
  std::vector<std::string> seen;
  const auto take = [&](const std::vector<std::string>& mids) {
    const MediaDescription* const m = describing(offer, mids);
    if (m == nullptr) return;
    TransportState* t = s.transportOf(*m->mid);
    for (const std::string& mid : mids) {
      if (t == nullptr) t = s.transportOf(mid);
    }
    if (t == nullptr) {
      t = &newTransport(s, *m->mid);
      t->controlling = offer.iceLite;  // RFC 8445 section 6.1.1
    }
    if (offer.iceLite) t->controlling = true;
    t->offerPending = true;
    takeRemote(*t, offer, *m);
    for (const std::string& mid : mids) {
      if (!s.transportOf(mid)) t->mids.push_back(mid);
    }
  };
  for (const Group& g : offer.groups) {
    if (g.semantics != "BUNDLE") continue;
    std::vector<std::string> mids;
    for (std::size_t i = 0; i < offer.media.size(); ++i) {
      const std::string& mid = *offer.media[i].mid;
      if (has(g.mids, mid) && isAcceptable(s, offer, i)) mids.push_back(mid);
    }
    // In the group's order, whose first describes the transport (RFC 9143 section 7.2).
    std::stable_sort(mids.begin(), mids.end(), [&g](const std::string& a, const std::string& b) {
      return std::find(g.mids.begin(), g.mids.end(), a) <
             std::find(g.mids.begin(), g.mids.end(), b);
    });
    take(mids);
    seen.insert(seen.end(), mids.begin(), mids.end());
  }
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    if (!isAcceptable(s, offer, i) || has(seen, *offer.media[i].mid)) continue;
    take({*offer.media[i].mid});
  }
}

void transportsOfAnswer(NegotiatorState& s, const SessionDescription& local,
                        const SessionDescription& remote, bool localAnswers) {
  const SessionDescription& answer = localAnswers ? local : remote;
  std::vector<TransportState> before = std::move(s.transports);
  s.transports.clear();
  for (const std::vector<std::string>& mids : bundles(answer)) {
    auto old = before.end();
    for (const std::string& mid : mids) {
      if (old != before.end()) break;
      old = std::find_if(before.begin(), before.end(),
                         [&mid](const TransportState& t) { return has(t.mids, mid); });
    }
    const MediaDescription* const l = describing(local, mids);
    const MediaDescription* const r = describing(remote, mids);
    if (l == nullptr || r == nullptr || old == before.end()) continue;
    TransportState t = *old;
    t.mid = mids.front();
    t.mids = mids;
    if (l->transport.ufrag) t.local = iceOf(local, *l);
    if (localAnswers) {
      t.remoteCandidates.clear();  // told with the offer
      t.remoteEndOfCandidates = false;
    } else {
      takeRemote(t, remote, *r);
    }
    if (remote.iceLite) t.controlling = true;
    const MediaDescription* const a = localAnswers ? l : r;
    t.dtlsRole = roleOf(answer.setupOf(*a).value_or(Setup::Active), localAnswers);
    t.sctp = sctpOf(t, local, remote);
    t.offerPending = false;
    t.negotiated = true;
    s.transports.push_back(std::move(t));
  }
}

std::vector<TransportState> transportChanges(const std::vector<TransportState>& before,
                                             NegotiatorState& s) {
  std::vector<TransportState> out;
  for (TransportState& now : s.transports) {
    const auto old = std::find_if(before.begin(), before.end(),
                                  [&](const TransportState& t) { return t.id == now.id; });
    if (old == before.end() || !sameState(*old, now)) {
      TransportState change = now;
      change.created = old == before.end();
      change.localRestart = !change.created && restarted(old->local, now.local);
      change.remoteRestart = !change.created && restarted(old->remote, now.remote);
      out.push_back(std::move(change));
    }
    now.remoteCandidates.clear();
    now.remoteEndOfCandidates = false;
  }
  for (const TransportState& old : before) {
    const auto same = [&](const TransportState& t) { return t.id == old.id; };
    if (std::any_of(s.transports.begin(), s.transports.end(), same)) continue;
    TransportState gone;
    gone.id = old.id;
    gone.mid = old.mid;
    gone.closed = true;
    out.push_back(std::move(gone));
  }
  return out;
}

}  // namespace parley::sdp::jsep
