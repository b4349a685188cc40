// Any bytes as a session description. What parses is written and parsed again to the same model,
// and written once more to the same text. As an offer it is answered, or refused with an error, and
// both the answer and our next offer are descriptions that another negotiator reads.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "sdp/jsep/negotiator.h"
#include "sdp/session_description.h"

namespace {

using namespace parley;
using namespace parley::sdp;

Codec codec(std::uint8_t pt, const char* name, std::uint32_t rate) {
  Codec c;
  c.payloadType = pt;
  c.name = name;
  c.clockRate = rate;
  return c;
}

jsep::NegotiatorConfig config() {
  jsep::NegotiatorConfig c;
  c.fingerprints = {{"sha-256", std::vector<std::uint8_t>(32, 1)}};
  c.media.audio.codecs = {codec(111, "opus", 48000), codec(0, "PCMU", 8000)};
  c.media.audio.codecs[0].channels = 2;
  c.media.video.codecs = {codec(96, "VP8", 90000), codec(97, "rtx", 90000)};
  c.media.video.codecs[1].fmtp = {"apt=96"};
  c.media.video.maxEncodings = 3;
  return c;
}

void answer(std::string_view offer) {
  constexpr std::size_t kEnough = 64;  // sections; more of the same only take time
  SeededRandom random(1);
  jsep::Negotiator pc(config(), random);
  PARLEY_CHECK(pc.addTrack(MediaKind::Audio, "track", {"stream"}).ok());
  PARLEY_CHECK(pc.createDataChannel().ok());
  if (!pc.setRemoteDescription(jsep::SdpType::Offer, offer).ok()) {
    PARLEY_CHECK(pc.signalingState() == jsep::SignalingState::Stable);
    return;
  }
  if (pc.transceivers().size() > kEnough) return;
  const auto applied = pc.setLocalDescription();
  PARLEY_CHECK(applied.ok());
  for (const jsep::TransportState& t : applied->transports)
    PARLEY_CHECK(t.closed || (t.negotiated && t.local && t.remote && t.dtlsRole));
  PARLEY_CHECK(parse(pc.localDescription()->sdp).ok());
  // Not all that an offer of others has can stand in one of ours, but what we say must be read.
  PARLEY_CHECK(pc.setLocalDescription().ok());
  PARLEY_CHECK(parse(pc.localDescription()->sdp).ok());
  PARLEY_CHECK(pc.setLocalDescription(jsep::SdpType::Rollback).ok());
  PARLEY_CHECK(pc.signalingState() == jsep::SignalingState::Stable);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = asText({data, size});
  const auto once = parse(text);
  if (!once) {
    PARLEY_CHECK(!once.error().reason.empty());
    return 0;
  }
  const std::string written = write(*once);
  const auto twice = parse(written);
  PARLEY_CHECK(twice.ok());
  PARLEY_CHECK(*twice == *once);
  PARLEY_CHECK(write(*twice) == written);
  answer(text);
  return 0;
}
