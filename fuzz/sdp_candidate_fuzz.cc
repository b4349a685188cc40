// Any bytes as a candidate's text, and as what addIceCandidate is given: what parses is written and
// parsed again to the same, and what is taken stands in the remote description.
#include <cstdint>
#include <cstdlib>

#include "base/check.h"
#include "base/random.h"
#include "sdp/jsep/negotiator.h"

namespace {

using namespace parley;
using namespace parley::sdp;

constexpr std::string_view kOffer =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 00\r\n"
    "a=setup:actpass\r\n";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = asText({data, size});
  const auto once = parseCandidate(text);
  if (once.ok()) {
    const std::string written = writeCandidate(*once);
    const auto twice = parseCandidate(written);
    PARLEY_CHECK(twice.ok());
    PARLEY_CHECK(*twice == *once);
    PARLEY_CHECK(writeCandidate(*twice) == written);
  }
  SeededRandom random(1);
  jsep::Negotiator pc({}, random);
  PARLEY_CHECK(pc.setRemoteDescription(jsep::SdpType::Offer, kOffer).ok());
  jsep::CandidateInit init;
  init.candidate = text;
  init.sdpMid = "0";
  const auto told = pc.addIceCandidate(init);
  PARLEY_CHECK(told.ok() == (once.ok() || text.empty()));
  PARLEY_CHECK(parse(pc.remoteDescription()->sdp).ok());
  return 0;
}
