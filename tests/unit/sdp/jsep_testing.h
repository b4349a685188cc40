// What the tests of the offer/answer engine share: two negotiators, what they can, and a host that
// keeps the events.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

// A negotiator and its host, which says what happened.
struct Side {
  explicit Side(std::uint64_t seed, NegotiatorConfig config = someConfig())
      : random(seed), pc(std::move(config), random) {}

  // Runs the queued task; true if negotiationneeded fired.
  bool runTasks() { return pc.takeNegotiationCheck() && pc.updateNegotiationNeeded(); }

  bool setLocal(std::optional<SdpType> type = {}, std::string_view sdp = {}) {
    return keep(pc.setLocalDescription(type, sdp));
  }
  bool setRemote(SdpType type, std::string_view sdp) {
    return keep(pc.setRemoteDescription(type, sdp));
  }
  bool setRemote(const std::optional<Description>& d) { return setRemote(d->type, d->sdp); }
  bool keep(Outcome<Applied> outcome) {
    lastError.reset();
    if (!outcome) {
      lastError = outcome.error();
      return false;
    }
    last = std::move(*outcome);
    events.insert(events.end(), last.events.begin(), last.events.end());
    return true;
  }
  SessionDescription local() const { return *parse(pc.localDescription()->sdp); }
  SessionDescription remote() const { return *parse(pc.remoteDescription()->sdp); }
  const Transceiver& at(std::size_t index) const {
    return *pc.transceiver(pc.transceivers().at(index));
  }
  template <class E>
  std::vector<E> all() const {
    std::vector<E> out;
    for (const Event& e : events) {
      if (const auto* one = std::get_if<E>(&e)) out.push_back(*one);
    }
    return out;
  }
  std::vector<SignalingState> states() const {
    std::vector<SignalingState> out;
    for (const auto& e : all<event::SignalingStateChange>())
      out.push_back(e.state);
    return out;
  }

  SeededRandom random;
  Negotiator pc;
  Applied last;
  std::vector<Event> events;
  std::optional<JsepError> lastError;
};

// A whole exchange, offered by `a`.
inline void negotiate(Side& a, Side& b) {
  ASSERT_TRUE(a.setLocal()) << a.lastError->message;
  ASSERT_TRUE(b.setRemote(a.pc.localDescription())) << b.lastError->message;
  ASSERT_TRUE(b.setLocal()) << b.lastError->message;
  ASSERT_TRUE(a.setRemote(b.pc.localDescription())) << a.lastError->message;
}

template <class T>
ErrorName errorOf(const Outcome<T>& outcome) {
  EXPECT_FALSE(outcome.ok());
  return outcome.ok() ? ErrorName::RangeError : outcome.error().name;
}

}  // namespace parley::sdp::jsep
