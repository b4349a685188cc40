// MediaCapabilities: what media this program can send and receive, as offers and answers need to
// know it. Injected. Without codecs of a kind, a remote section of that kind is answered rejected,
// and an own transceiver's section is offered and then has no format: addTransceiver is refused.
#pragma once

#include <vector>

#include "sdp/session_description.h"

namespace parley::sdp::jsep {

struct HeaderExtension {
  std::string uri;
  std::uint16_t preferredId = 0;
  Direction direction = Direction::SendRecv;
};

struct KindCapabilities {
  // In order of preference, with payload types we would like; one that is taken gets another.
  // rtx ("apt=N" in its fmtp) follows what it repairs.
  std::vector<Codec> codecs;
  std::vector<HeaderExtension> headerExtensions;
  std::size_t maxEncodings = 1;  // of a sender; RFC 8853 simulcast if more than 1
};

struct MediaCapabilities {
  KindCapabilities audio, video;

  const KindCapabilities& of(MediaKind kind) const {
    return kind == MediaKind::Audio ? audio : video;
  }
};

}  // namespace parley::sdp::jsep
