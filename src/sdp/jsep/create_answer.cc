// RFC 9429 section 5.3: answers.
#include <algorithm>

#include "sdp/jsep/codecs.h"
#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

class AnswerMaker {
 public:
  explicit AnswerMaker(NegotiatorState& s) : s_(s), offer_(s.pendingRemote->model) {}

  Created run() {
    Created out;
    out.model = emptyDescription(s_);
    out.model.extmapAllowMixed = offersMixed();
    // RFC 9429 section 5.3.1: only to who knows it.
    if (!offersTrickle()) out.model.transport.iceOptions = {"ice2"};
    for (std::size_t i = 0; i < offer_.media.size(); ++i) {
      const Transceiver* const t = s_.byMid(offer_.media[i].mid.value_or(""));
      out.model.media.push_back(section(i, t));
      out.transceivers.push_back(t == nullptr ? std::nullopt : std::optional(t->id));
    }
    for (const Group& g : offer_.groups) {
      if (g.semantics == "BUNDLE") bundle(out.model, g);
    }
    for (MediaDescription& m : out.model.media) {
      if (!m.isRejected() && !isGrouped(out.model, m)) addTransport(m);
    }
    out.nextMid = s_.nextMid;
    out.text = write(out.model);
    return out;
  }

 private:
  bool offersTrickle() const {
    return saysTrickle(offer_.transport.iceOptions) ||
           std::any_of(offer_.media.begin(), offer_.media.end(), [](const MediaDescription& m) {
             return saysTrickle(m.transport.iceOptions);
           });
  }

  bool offersMixed() const {
    return offer_.extmapAllowMixed ||
           std::any_of(offer_.media.begin(), offer_.media.end(),
                       [](const MediaDescription& m) { return m.extmapAllowMixed; });
  }

  MediaDescription section(std::size_t index, const Transceiver* t) const {
    const MediaDescription& offered = offer_.media[index];
    if (!isAcceptable(s_, offer_, index)) return rejectedSection(offered);
    if (isDataSection(offered)) {
      MediaDescription m = dataSection(s_, &offered);
      m.mid = offered.mid;
      return m;
    }
    if (isHeldOpen(s_, offer_, index)) return heldOpenSection(offered);
    if (t == nullptr || t->stopped) return rejectedSection(offered);
    const bool ourOrder = !t->preferredCodecs.empty();
    auto codecs = answerCodecs(offered.codecs, preferredCodecs(s_, *t), ourOrder);
    if (codecs.empty()) return rejectedSection(offered);
    MediaDescription m = rtpSection(t->kind);
    m.protocol = offered.protocol;
    m.mid = offered.mid;
    m.rtcpRsize = offered.rtcpRsize;
    m.rtcpMux = offered.rtcpMux || s_.config->rtcpMuxPolicy == RtcpMuxPolicy::Require;
    m.direction = intersection(t->direction, reversed(offer_.directionOf(offered)));
    m.codecs = std::move(codecs);
    m.extmaps = answerExtmaps(offered.extmaps.empty() ? offer_.extmaps : offered.extmaps,
                              s_.config->media.of(t->kind).headerExtensions);
    describeStreams(*t, m);
    answerSimulcast(offered, m);
    return m;
  }

  static MediaDescription heldOpenSection(const MediaDescription& offered) {
    MediaDescription m = rtpSection(offered.kind);
    m.protocol = offered.protocol;
    m.mid = offered.mid;
    m.rtcpRsize = offered.rtcpRsize;
    m.direction = Direction::Inactive;
    m.codecs = {offered.codecs.front()};
    m.codecs[0].feedback.clear();
    return m;
  }

  // webrtc-pc, final steps to create an answer: what the offer asks to receive and we send.
  static void answerSimulcast(const MediaDescription& offered, MediaDescription& m) {
    const auto wanted = [&offered](const std::string& rid) {
      if (!offered.simulcast) return false;
      return std::any_of(offered.simulcast->receive.begin(), offered.simulcast->receive.end(),
                         [&rid](const auto& stream) { return stream.front().rid == rid; });
    };
    if (!m.simulcast) return;
    m.rids.erase(
        std::remove_if(m.rids.begin(), m.rids.end(), [&](const Rid& r) { return !wanted(r.id); }),
        m.rids.end());
    auto& send = m.simulcast->send;
    send.erase(std::remove_if(send.begin(), send.end(),
                              [&](const auto& stream) { return !wanted(stream.front().rid); }),
               send.end());
    if (send.empty()) m.simulcast.reset();
  }

  // RFC 9143 section 7.3: those of the group that we accept, the one that describes the transport
  // first: the offer's own if it can be, for a section with a=bundle-only has none.
  void bundle(SessionDescription& answer, const Group& offered) {
    Group group;
    group.semantics = "BUNDLE";
    MediaDescription* tagged = nullptr;
    for (const bool bundleOnly : {false, true}) {
      for (const std::string& mid : offered.mids) {
        MediaDescription* const m = sectionOf(answer, mid);
        const MediaDescription* const o = offer_.byMid(mid);
        if (tagged == nullptr && m != nullptr && !m->isRejected() && o->bundleOnly == bundleOnly) {
          tagged = m;
        }
      }
    }
    if (tagged == nullptr) return;
    addTransport(*tagged);
    group.mids.push_back(*tagged->mid);
    for (const std::string& mid : offered.mids) {
      MediaDescription* const m = sectionOf(answer, mid);
      if (m == nullptr || m == tagged || m->isRejected()) continue;
      group.mids.push_back(mid);
      m->transport = tagged->transport;  // as browsers do; see bundle() of the offers
    }
    answer.groups.push_back(std::move(group));
  }

  void addTransport(MediaDescription& m) {
    TransportState* const t = s_.transportOf(*m.mid);
    describeTransport(s_, credentials(t), setup(t, *offer_.byMid(*m.mid)), m);
    keepCandidates(s_, m);
  }

  // RFC 9429 section 5.3.2: new ones if the offer restarts ICE, unless a provisional answer has
  // done so.
  IceParameters credentials(const TransportState* t) const {
    if (t == nullptr || !t->local) return newIceParameters(*s_.config, *s_.random);
    for (const TransportState& stable : s_.stableTransports) {
      if (stable.id == t->id && stable.remote != t->remote && stable.local == t->local) {
        return newIceParameters(*s_.config, *s_.random);
      }
    }
    return *t->local;
  }

  // RFC 8842 section 5.3: an association that stands keeps its roles; else we are active, which
  // saves the offerer's first flight from arriving before the answer.
  Setup setup(const TransportState* t, const MediaDescription& offered) const {
    const Setup theirs = offer_.setupOf(offered).value_or(Setup::Actpass);
    if (theirs == Setup::Active) return Setup::Passive;
    if (theirs == Setup::Actpass && t != nullptr && t->dtlsRole == DtlsRole::Server) {
      return Setup::Passive;
    }
    return Setup::Active;
  }

  static MediaDescription* sectionOf(SessionDescription& d, std::string_view mid) {
    for (MediaDescription& m : d.media) {
      if (m.mid == mid) return &m;
    }
    return nullptr;
  }
  static bool isGrouped(const SessionDescription& d, const MediaDescription& m) {
    return d.groupOf("BUNDLE", *m.mid) != nullptr;
  }

  NegotiatorState& s_;
  const SessionDescription& offer_;
};

}  // namespace

Created makeAnswer(NegotiatorState& s) {
  return AnswerMaker(s).run();
}

}  // namespace parley::sdp::jsep
