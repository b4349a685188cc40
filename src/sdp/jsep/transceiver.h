// The internal slots of RTCRtpTransceiver, its sender and its receiver that offer/answer reads and
// writes (webrtc-pc sections 5.2 to 5.4). Tracks and streams are ids; media itself is elsewhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sdp/jsep/types.h"

namespace parley::sdp::jsep {

struct RtpEncoding {  // RTCRtpEncodingParameters
  std::optional<std::string> rid;
  bool active = true;
  std::optional<double> scaleResolutionDownBy;
  std::optional<double> maxFramerate;
  std::optional<std::uint64_t> maxBitrate;
  friend bool operator==(const RtpEncoding&, const RtpEncoding&) = default;
};

struct Sender {
  std::optional<std::string> track;
  std::vector<std::string> streams;    // [[AssociatedMediaStreamIds]]
  std::vector<RtpEncoding> encodings;  // [[SendEncodings]]
  std::vector<Codec> codecs;           // [[SendCodecs]]
  std::optional<TransportId> transport;
};

struct Receiver {
  std::string track;
  std::vector<std::string> streams;  // [[AssociatedRemoteMediaStreams]]
  std::vector<Codec> codecs;         // [[ReceiveCodecs]]
  std::optional<TransportId> transport;
};

struct Transceiver {
  TransceiverId id;
  MediaKind kind = MediaKind::Audio;
  std::optional<std::string> jsepMid;  // [[JsepMid]]: also of a description not applied yet
  std::optional<std::string> mid;      // [[Mid]]
  Direction direction = Direction::SendRecv;
  std::optional<Direction> currentDirection;
  std::optional<Direction> firedDirection;
  bool stopping = false;
  bool stopped = false;
  bool receptive = false;
  std::vector<Codec> preferredCodecs;
  Sender sender;
  Receiver receiver;

  // How it came to be; RFC 9429 section 5.10 lets a remote section take only what addTrack made.
  bool createdByAddTrack = false;
  bool everUsedByAddTrack = false;        // a track was attached by addTrack: survives a rollback
  bool createdByRemoteOffer = false;      // by the pending remote offer
  bool hasEverSent = false;               // currentDirection was sendrecv or sendonly once
  std::optional<std::size_t> mLineIndex;  // the section it is, or will be, in

  // What a rollback restores.
  struct LastStable {
    bool associated = false;
    std::optional<TransportId> senderTransport, receiverTransport;
    std::vector<std::string> remoteStreams;
    std::vector<Codec> receiveCodecs;
    std::optional<std::vector<RtpEncoding>> ridlessEncodings;
  } lastStable;
};

}  // namespace parley::sdp::jsep
