// What a remote description must be to be applied (RFC 9429 sections 5.6 to 5.8, RFC 9143). Its
// syntax has been read; whether its type fits the state has been asked.
#include <algorithm>

#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

using Verdict = std::optional<JsepError>;

JsepError invalid(std::string message) {
  return {ErrorName::InvalidAccessError, std::move(message), std::nullopt};
}

std::string section(std::size_t index) {
  return "section " + std::to_string(index) + ": ";
}

// RFC 9429 section 5.10: a section without a mid gets one; that of the same place, if there is one.
void nameSections(NegotiatorState& s, SessionDescription& d) {
  const SetDescription* const local = s.local();
  for (std::size_t i = 0; i < d.media.size(); ++i) {
    MediaDescription& m = d.media[i];
    if (m.mid) continue;
    if (local != nullptr && i < local->model.media.size()) {
      m.mid = local->model.media[i].mid;
      continue;
    }
    std::string mid;
    do {
      mid = std::to_string(s.nextMid++);
    } while (d.byMid(mid) != nullptr || s.byMid(mid) != nullptr);
    m.mid = std::move(mid);
  }
}

Verdict checkMids(const SessionDescription& d) {
  std::vector<std::string_view> mids;
  for (const MediaDescription& m : d.media)
    mids.push_back(*m.mid);
  std::sort(mids.begin(), mids.end());
  if (std::adjacent_find(mids.begin(), mids.end()) != mids.end()) {
    return invalid("two sections have the same mid");
  }
  return std::nullopt;
}

// RFC 9143 section 7.1: the group's mids exist, and are in one group only.
Verdict checkGroups(const SessionDescription& d) {
  std::vector<std::string_view> seen;
  for (const Group& g : d.groups) {
    if (g.semantics != "BUNDLE") continue;
    for (const std::string& mid : g.mids) {
      if (d.byMid(mid) == nullptr) return invalid("a BUNDLE group names a mid that no section has");
      if (std::find(seen.begin(), seen.end(), mid) != seen.end()) {
        return invalid("a mid is twice in BUNDLE groups");
      }
      seen.push_back(mid);
    }
  }
  return std::nullopt;
}

// Sections of a bundle may leave the transport's attributes to the group's first (RFC 9143 7.1.3).
bool describesTransport(const SessionDescription& d, const MediaDescription& m) {
  if (m.isRejected() || m.bundleOnly) return false;
  const MediaDescription* const describing = bundleDescription(d, m);
  return describing == nullptr || describing == &m;
}

Verdict checkTransport(const NegotiatorState& s, const SessionDescription& d, std::size_t i,
                       bool offer) {
  const MediaDescription& m = d.media[i];
  if (!describesTransport(d, m) || !(m.isRtp() || isDataSection(m))) return std::nullopt;
  if (!d.ufragOf(m) || !d.pwdOf(m)) {
    return invalid(section(i) + "ice-ufrag or ice-pwd is missing");
  }
  if (d.fingerprintsOf(m).empty()) return invalid(section(i) + "fingerprint is missing");
  const auto setup = d.setupOf(m);
  if (setup == Setup::Holdconn || (!offer && setup == Setup::Actpass)) {
    return invalid(section(i) + "a DTLS role that this description cannot have");  // RFC 8842 5.3
  }
  // webrtc-pc 4.4.1.5, RFC 9429 section 4.1.1.
  if (m.isRtp() && !m.rtcpMux && s.config->rtcpMuxPolicy == RtcpMuxPolicy::Require) {
    return invalid(section(i) + "rtcp-mux is missing");
  }
  return std::nullopt;
}

// The sections of `d` are those of `before`, in its order; only an offer may recycle and add.
Verdict checkOrder(const NegotiatorState& s, const SessionDescription& before,
                   const SessionDescription& d, bool offer) {
  if (d.media.size() < before.media.size() || (!offer && d.media.size() > before.media.size())) {
    return invalid("the number of sections is not that of the description before");
  }
  for (std::size_t i = 0; i < before.media.size(); ++i) {
    const MediaDescription& was = before.media[i];
    const MediaDescription& is = d.media[i];
    if (was.mid == is.mid && was.media == is.media) continue;
    if (offer && s.isRejectedInCurrent(i, *was.mid)) continue;
    return invalid(section(i) + "is not the one that was there before");
  }
  return std::nullopt;
}

// RFC 9143 section 7.3: an answer's group is made of the offer's.
Verdict checkAnswer(const SessionDescription& offer, const SessionDescription& answer) {
  for (const Group& g : answer.groups) {
    if (g.semantics != "BUNDLE" || g.mids.empty()) continue;
    const Group* const offered = offer.groupOf("BUNDLE", g.mids.front());
    for (const std::string& mid : g.mids) {
      if (offered == nullptr || offer.groupOf("BUNDLE", mid) != offered) {
        return invalid("the answer's BUNDLE group is not part of the offer's");
      }
    }
  }
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const MediaDescription& o = offer.media[i];
    const MediaDescription& a = answer.media[i];
    if (a.isRejected()) continue;
    if (o.isRejected()) return invalid(section(i) + "is accepted, but was not offered");
    if (o.bundleOnly && answer.groupOf("BUNDLE", *a.mid) == nullptr) {
      return invalid(section(i) + "was offered in a bundle only");
    }
  }
  return std::nullopt;
}

// webrtc-pc 4.4.1.5: RIDs cannot be renegotiated but by leaving some out; nor may an offer ask for
// others than the sender's.
Verdict checkRids(NegotiatorState& s, const SessionDescription& d, bool offer) {
  if (offer) return std::nullopt;
  for (std::size_t i = 0; i < d.media.size(); ++i) {
    const MediaDescription& m = d.media[i];
    if (!m.simulcast) continue;
    const Transceiver* const t = s.byMid(*m.mid);
    if (t == nullptr) continue;
    for (const auto& stream : m.simulcast->receive) {
      const auto& encodings = t->sender.encodings;
      const auto known = [&](const RtpEncoding& e) { return e.rid == stream.front().rid; };
      if (std::none_of(encodings.begin(), encodings.end(), known)) {
        return invalid(section(i) + "a rid that was not offered");
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<JsepError> validateRemote(NegotiatorState& s, SdpType type, SessionDescription& d) {
  const bool offer = type == SdpType::Offer;
  nameSections(s, d);
  if (auto e = checkMids(d)) return e;
  if (auto e = checkGroups(d)) return e;
  // Back-to-back offers are checked as if answered in between: against what is current.
  const SetDescription* const before =
      offer ? (s.currentRemote ? s.currentRemote.get() : s.currentLocal.get())
            : s.pendingLocal.get();
  if (before != nullptr) {
    if (auto e = checkOrder(s, before->model, d, offer)) return e;
    if (!offer) {
      if (auto e = checkAnswer(before->model, d)) return e;
    }
  }
  for (std::size_t i = 0; i < d.media.size(); ++i) {
    if (auto e = checkTransport(s, d, i, offer)) return e;
  }
  return checkRids(s, d, offer);
}

}  // namespace parley::sdp::jsep
