// What an offer or answer did (sdp::jsep::Applied) told to a Peer.
#pragma once

#include "peer/peer.h"
#include "sdp/jsep/types.h"

namespace parley::peer {

// Tells the peer's bundled transport. Credentials before candidates, roles before data; what was
// told before changes nothing.
Status apply(Peer& peer, const sdp::jsep::TransportState& state, Time now);

}  // namespace parley::peer
