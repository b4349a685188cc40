// /metrics in Prometheus' text format (0.0.4). Labels have values from fixed lists only: nothing
// that a client or user chooses.
#pragma once

#include <optional>
#include <string>

#include "server/http/http_counters.h"
#include "server/relay/relay_metrics.h"
#include "signal/hub.h"

namespace parley::server {

std::string metricsText(const signal::HubStats& hub, const HttpCounters& http,
                        const std::optional<RelayMetrics>& relay);

}  // namespace parley::server
