#include <algorithm>

#include "sdp/jsep/codecs.h"
#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

bool isSupportedRtp(const MediaDescription& m) {
  if (m.kind != MediaKind::Audio && m.kind != MediaKind::Video) return false;
  // RFC 9429 section 5.1.2: any RTP profile over DTLS, in its older names too.
  for (const std::string_view p : {"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF",
                                   "TCP/DTLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP"}) {
    if (m.protocol == p) return true;
  }
  return false;
}

bool isSupportedData(const MediaDescription& m) {
  if (!isDataSection(m) || m.formats.empty()) return false;
  if (m.formats[0] == "webrtc-datachannel") return true;
  return m.sctpMap && m.sctpMap->application == "webrtc-datachannel";
}

// One data section is all there can be (RFC 8831 section 6.3).
bool isFirstData(const SessionDescription& offer, std::size_t index) {
  for (std::size_t i = 0; i < index; ++i) {
    if (isSupportedData(offer.media[i]) && !offer.media[i].isRejected()) return false;
  }
  return true;
}

// We have what the section asks for.
bool isUsable(const NegotiatorState& s, const SessionDescription& offer, std::size_t index) {
  const MediaDescription& m = offer.media[index];
  if (m.isRejected() || !m.mid) return false;
  if (m.bundleOnly && offer.groupOf("BUNDLE", *m.mid) == nullptr) return false;
  if (isDataSection(m)) return isSupportedData(m) && isFirstData(offer, index);
  if (!isSupportedRtp(m) || !s.hasMedia(m.kind)) return false;
  return !answerCodecs(m.codecs, s.config->media.of(m.kind).codecs, false).empty();
}

}  // namespace

bool isDataSection(const MediaDescription& section) {
  return section.isSctp();
}

const MediaDescription* bundleDescription(const SessionDescription& d, const MediaDescription& m) {
  const Group* const group = d.groupOf("BUNDLE", *m.mid);
  if (group == nullptr) return nullptr;
  for (const std::string& mid : group->mids) {
    const MediaDescription* const first = d.byMid(mid);
    if (first != nullptr && !first->isRejected() && !first->bundleOnly) return first;
  }
  return nullptr;
}

// Some programs divide the options by commas.
bool saysTrickle(const std::vector<std::string>& iceOptions) {
  for (const std::string& options : iceOptions) {
    for (std::size_t at = 0; at <= options.size();) {
      const std::size_t end = std::min(options.find(',', at), options.size());
      if (std::string_view(options).substr(at, end - at) == "trickle") return true;
      at = end + 1;
    }
  }
  return false;
}

SessionDescription emptyDescription(const NegotiatorState& s) {
  SessionDescription d;
  d.origin.sessionId = s.sessionId;
  d.origin.sessionVersion = s.sessionVersion;
  d.transport.iceOptions = {"trickle", "ice2"};  // RFC 9429 section 5.2.1
  d.extmapAllowMixed = true;                     // RFC 8285 section 6
  return d;
}

MediaDescription rejectedSection(const MediaDescription& like) {
  MediaDescription m;
  m.kind = like.kind;
  m.media = like.media;
  m.port = 0;
  m.protocol = like.protocol;
  m.formats = like.formats;
  m.connections.emplace_back();
  m.mid = like.mid;
  if (like.isRtp()) m.direction = Direction::Inactive;
  for (const Codec& c : like.codecs) {
    m.codecs.push_back(c);
    m.codecs.back().fmtp.clear();
    m.codecs.back().feedback.clear();
  }
  m.sctpMap = like.sctpMap;
  return m;
}

MediaDescription rtpSection(MediaKind kind) {
  MediaDescription m;
  m.kind = kind;
  m.media = name(kind);
  m.protocol = "UDP/TLS/RTP/SAVPF";
  m.connections.emplace_back();
  m.rtcp = Rtcp{kDiscardPort, ConnectionData{}};
  m.rtcpMux = true;
  m.rtcpRsize = true;
  return m;
}

// In the old form if the other side uses that.
MediaDescription dataSection(const NegotiatorState& s, const MediaDescription* like) {
  MediaDescription m;
  m.connections.emplace_back();
  m.maxMessageSize = s.config->maxMessageSize;
  if (like != nullptr && like->sctpMap) {
    constexpr std::uint32_t kStreams = 1024;
    m.protocol = like->protocol;
    m.formats = {std::to_string(s.config->sctpPort)};
    m.sctpMap = SctpMap{s.config->sctpPort, "webrtc-datachannel", kStreams};
    return m;
  }
  if (like != nullptr) m.protocol = like->protocol;
  m.formats = {"webrtc-datachannel"};
  m.sctpPort = s.config->sctpPort;
  return m;
}

void describeTransport(const NegotiatorState& s, const IceParameters& ice, Setup setup,
                       MediaDescription& section) {
  section.transport.ufrag = ice.ufrag;
  section.transport.pwd = ice.pwd;
  section.transport.fingerprints = s.config->fingerprints;
  section.transport.setup = setup;
}

void describeStreams(const Transceiver& t, MediaDescription& section) {
  if (!sends(section.direction.value_or(Direction::SendRecv))) return;
  // RFC 9429 section 5.2.1: without appdata; "-" where there is no stream.
  for (const std::string& stream : t.sender.streams)
    section.msids.push_back({stream, {}});
  if (section.msids.empty()) section.msids.push_back({"-", {}});
  if (t.sender.encodings.size() < 2) return;
  section.simulcast.emplace();
  for (const RtpEncoding& e : t.sender.encodings) {
    if (!e.rid) continue;
    section.rids.push_back({*e.rid, true, {}});
    section.simulcast->send.push_back({{*e.rid, false}});
  }
  if (section.simulcast->send.empty()) section.simulcast.reset();
}

std::vector<Codec> preferredCodecs(const NegotiatorState& s, const Transceiver& t) {
  return t.preferredCodecs.empty() ? s.config->media.of(t.kind).codecs : t.preferredCodecs;
}

void keepCandidates(const NegotiatorState& s, MediaDescription& section) {
  for (const SetDescription* set : {s.pendingLocal.get(), s.currentLocal.get()}) {
    if (set == nullptr) continue;
    for (const MediaDescription& m : set->model.media) {
      if (!m.transport.ufrag || m.transport.ufrag != section.transport.ufrag) continue;
      if (m.candidates.empty() && !m.endOfCandidates) continue;  // not the one that describes it
      section.candidates = m.candidates;
      section.endOfCandidates = m.endOfCandidates;
      section.port = m.port == 0 ? kDiscardPort : m.port;
      section.connections = m.connections;
      return;
    }
  }
}

bool isAcceptable(const NegotiatorState& s, const SessionDescription& offer, std::size_t index) {
  return isUsable(s, offer, index) || isHeldOpen(s, offer, index);
}

bool isHeldOpen(const NegotiatorState& s, const SessionDescription& offer, std::size_t index) {
  const MediaDescription& m = offer.media[index];
  if (m.isRejected() || !m.mid || isUsable(s, offer, index)) return false;
  if (!isSupportedRtp(m) || m.codecs.empty() || bundleDescription(offer, m) != &m) return false;
  const MediaDescription* const before =
      s.currentLocal ? s.currentLocal->model.byMid(*m.mid) : nullptr;
  if (before != nullptr && !before->isRejected()) return true;
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const MediaDescription& other = offer.media[i];
    const bool depends = other.bundleOnly || offer.ufragOf(other) == offer.ufragOf(m);
    if (depends && isUsable(s, offer, i) && bundleDescription(offer, other) == &m) return true;
  }
  return false;
}

}  // namespace parley::sdp::jsep
