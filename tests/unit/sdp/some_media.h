// Codecs, header extensions and a certificate's fingerprint, as a program with media would have.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sdp/jsep/negotiator.h"

namespace parley::sdp::jsep {

inline Codec makeCodec(std::uint8_t pt, std::string name, std::uint32_t rate,
                       std::optional<std::uint16_t> channels = {},
                       std::vector<std::string> fmtp = {}, std::vector<std::string> feedback = {}) {
  return {pt, std::move(name), rate, channels, std::move(fmtp), std::move(feedback)};
}

inline MediaCapabilities someMedia() {
  MediaCapabilities m;
  m.audio.codecs = {makeCodec(111, "opus", 48000, 2, {"minptime=10;useinbandfec=1"}),
                    makeCodec(0, "PCMU", 8000), makeCodec(8, "PCMA", 8000),
                    makeCodec(126, "telephone-event", 8000)};
  m.audio.headerExtensions = {
      {"urn:ietf:params:rtp-hdrext:ssrc-audio-level", 1, Direction::SendRecv},
      {"urn:ietf:params:rtp-hdrext:sdes:mid", 4, Direction::SendRecv}};
  m.video.codecs = {
      makeCodec(96, "VP8", 90000, {}, {}, {"nack", "nack pli", "transport-cc"}),
      makeCodec(97, "rtx", 90000, {}, {"apt=96"}),
      makeCodec(98, "H264", 90000, {},
                {"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"},
                {"nack", "nack pli"}),
      makeCodec(99, "rtx", 90000, {}, {"apt=98"})};
  m.video.headerExtensions = {
      {"urn:ietf:params:rtp-hdrext:sdes:mid", 4, Direction::SendRecv},
      {"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", 10, Direction::SendRecv}};
  m.video.maxEncodings = 3;
  return m;
}

inline NegotiatorConfig someConfig(MediaCapabilities media = someMedia()) {
  NegotiatorConfig c;
  c.fingerprints = {{"sha-256", std::vector<std::uint8_t>(32, 0xAB)}};
  c.media = std::move(media);
  return c;
}

}  // namespace parley::sdp::jsep
