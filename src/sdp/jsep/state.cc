#include "sdp/jsep/state.h"

#include <algorithm>

namespace parley::sdp::jsep {

Transceiver* NegotiatorState::find(TransceiverId id) {
  for (Transceiver& t : transceivers) {
    if (t.id == id) return &t;
  }
  return nullptr;
}

Transceiver* NegotiatorState::byMid(std::string_view mid) {
  for (Transceiver& t : transceivers) {
    if (t.jsepMid && *t.jsepMid == mid) return &t;
  }
  return nullptr;
}

TransportState* NegotiatorState::transportOf(std::string_view mid) {
  for (TransportState& t : transports) {
    if (std::find(t.mids.begin(), t.mids.end(), mid) != t.mids.end()) return &t;
  }
  return nullptr;
}

bool NegotiatorState::hasMedia(MediaKind kind) const {
  return (kind == MediaKind::Audio || kind == MediaKind::Video) &&
         !config->media.of(kind).codecs.empty();
}

bool NegotiatorState::isRejectedInCurrent(std::size_t index, std::string_view mid) const {
  for (const DescriptionPtr& d : {currentLocal, currentRemote}) {
    if (!d || index >= d->model.media.size()) continue;
    const MediaDescription& m = d->model.media[index];
    if (m.mid == mid && m.isRejected()) return true;
  }
  return false;
}

}  // namespace parley::sdp::jsep
