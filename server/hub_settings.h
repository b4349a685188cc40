// From the configuration to what signalling and HTTP are started with.
#pragma once

#include <memory>
#include <string_view>

#include "server/config/load.h"
#include "server/http/http_server.h"
#include "server/http/signal_service.h"

namespace parley::server {

// `locks`: the file of locked rooms' digests, one a line.
Result<SignalOptions, ConfigError> signalOptions(const Config& config, const Secret& serverKey,
                                                 std::string_view locks);
HttpOptions httpOptions(const Config& config, std::shared_ptr<const driver::TlsContext> tls);
Result<signal::TokenKey> tokenKey(const TokenKey& key);

}  // namespace parley::server
