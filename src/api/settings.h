// The public Configuration, checked and in the engine's words.
#pragma once

#include <memory>

#include "driver/tls_context.h"
#include "parley/configuration.h"
#include "parley/error.h"
#include "peer/config.h"

namespace parley::api {

// webrtc-pc section 4.4.1.6 (set a configuration): SyntaxError for a URL that is none,
// InvalidAccessError for a TURN server without credentials and for a certificate that expired.
Expected<void> checkConfiguration(const Configuration& configuration);
std::vector<peer::IceServer> iceServers(const Configuration& configuration);
peer::IceTransportPolicy icePolicy(const Configuration& configuration);
peer::PeerConfig peerConfig(const Configuration& configuration);
// A client's TLS context for that trust; shared by all that ask for the same.
Expected<std::shared_ptr<driver::TlsContext>> tlsContext(const TlsTrust& trust);
// Whether `name` or `address` of an interface is one that the configuration wants.
bool wantsInterface(const Configuration& configuration, std::string_view name,
                    std::string_view address);

}  // namespace parley::api
