// Candidates between the public API, SDP's text model and the engine.
#pragma once

#include <string_view>

#include "parley/ice_candidate.h"

namespace parley::api {

// `url` is the server's, of a local candidate.
IceCandidate readCandidate(const IceCandidateInit& init, std::string_view url);

}  // namespace parley::api
