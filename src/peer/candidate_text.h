// Candidates between ICE's values and SDP's text model.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "ice/candidate.h"
#include "sdp/candidate.h"

namespace parley::peer {

sdp::CandidateAttribute toAttribute(const ice::Candidate& candidate);
// Unsupported: a protocol or type that is unknown, or an address that is neither IP nor mDNS name.
Result<ice::Candidate> fromAttribute(const sdp::CandidateAttribute& attribute);

// "candidate:…"
std::string candidateText(const ice::Candidate& candidate);
Result<ice::Candidate> parseCandidateText(std::string_view text);

}  // namespace parley::peer
