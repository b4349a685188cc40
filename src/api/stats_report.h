// The engine's statistics and story in the words of the public API.
#pragma once

#include "parley/report.h"
#include "parley/stats.h"
#include "peer/peer.h"

namespace parley::api {

StatsReport statsReport(const peer::StatsReport& from);
ConnectionReport connectionReport(const peer::Peer& peer, Time now);

}  // namespace parley::api
