// webrtc-pc section 4.7.3: check if negotiation is needed.
#include <algorithm>

#include "sdp/jsep/state.h"

namespace parley::sdp::jsep {

namespace {

const MediaDescription* sectionOf(const DescriptionPtr& d, const Transceiver& t) {
  return d && t.jsepMid ? d->model.byMid(*t.jsepMid) : nullptr;
}

// "-" says that there is no stream.
bool sameStreams(const MediaDescription& section, const std::vector<std::string>& streams) {
  if (section.msids.empty()) return false;
  std::vector<std::string> said;
  for (const Msid& m : section.msids) {
    if (m.stream != "-") said.push_back(m.stream);
  }
  return said.size() == streams.size() &&
         std::is_permutation(said.begin(), said.end(), streams.begin());
}

bool directionDiffers(const NegotiatorState& s, const Transceiver& t,
                      const MediaDescription& local) {
  const MediaDescription* const r = sectionOf(s.currentRemote, t);
  const Direction localDirection = s.currentLocal->model.directionOf(local);
  const Direction remoteDirection =
      r == nullptr ? Direction::SendRecv : reversed(s.currentRemote->model.directionOf(*r));
  if (s.currentLocal->type == SdpType::Offer) {
    return localDirection != t.direction && (r == nullptr || remoteDirection != t.direction);
  }
  return localDirection != intersection(t.direction, remoteDirection);
}

bool needsNegotiation(const NegotiatorState& s, const Transceiver& t) {
  const MediaDescription* const local = sectionOf(s.currentLocal, t);
  const MediaDescription* const remote = sectionOf(s.currentRemote, t);
  if (t.stopped) {
    const bool associated = local != nullptr || remote != nullptr;
    const bool rejected =
        (local != nullptr && local->isRejected()) || (remote != nullptr && remote->isRejected());
    return associated && !rejected;
  }
  if (t.stopping) return true;
  if (local == nullptr) return true;
  if (sends(t.direction) && !sameStreams(*local, t.sender.streams)) return true;
  return directionDiffers(s, t, *local);
}

}  // namespace

bool isNegotiationNeeded(const NegotiatorState& s) {
  if (!s.credentialsToReplace.empty()) return true;
  if (s.dataChannelCreated) {
    const auto negotiated = [](const MediaDescription& m) { return isDataSection(m); };
    if (!s.currentLocal || std::none_of(s.currentLocal->model.media.begin(),
                                        s.currentLocal->model.media.end(), negotiated)) {
      return true;
    }
  }
  return std::any_of(s.transceivers.begin(), s.transceivers.end(),
                     [&s](const Transceiver& t) { return needsNegotiation(s, t); });
}

}  // namespace parley::sdp::jsep
