#include "api/settings.h"

#include <algorithm>
#include <chrono>
#include <mutex>

namespace parley::api {
namespace {

Expected<void> checkServer(const IceServer& server) {
  if (server.urls.empty()) return RtcError{ErrorName::SyntaxError, "an ICE server without a URL"};
  for (const std::string& text : server.urls) {
    const auto url = peer::parseIceUrl(text);
    if (!url) return RtcError{ErrorName::SyntaxError, "not an ICE server's URL: " + text};
    if (url->turn && (server.username.empty() || server.credential.empty())) {
      return RtcError{ErrorName::InvalidAccessError,
                      "a TURN server needs a user name and a credential: " + text};
    }
  }
  return {};
}

}  // namespace

Expected<void> checkConfiguration(const Configuration& configuration) {
  for (const IceServer& server : configuration.iceServers)
    if (auto ok = checkServer(server); !ok) return ok;
  for (const Certificate& certificate : configuration.certificates) {
    if (!certificate) return RtcError{ErrorName::InvalidAccessError, "a certificate that is none"};
    if (certificate.expires() <= std::chrono::system_clock::now())
      return RtcError{ErrorName::InvalidAccessError, "a certificate has expired"};
  }
  if (configuration.ports.first > configuration.ports.last)
    return RtcError{ErrorName::RangeError, "the first port is behind the last"};
  return {};
}

std::vector<peer::IceServer> iceServers(const Configuration& configuration) {
  std::vector<peer::IceServer> out;
  out.reserve(configuration.iceServers.size());
  for (const IceServer& s : configuration.iceServers)
    out.push_back({s.urls, s.username, s.credential});
  return out;
}

peer::IceTransportPolicy icePolicy(const Configuration& configuration) {
  return configuration.iceTransportPolicy == IceTransportPolicy::Relay
             ? peer::IceTransportPolicy::Relay
             : peer::IceTransportPolicy::All;
}

peer::PeerConfig peerConfig(const Configuration& configuration) {
  peer::PeerConfig out;
  out.iceServers = iceServers(configuration);
  out.iceTransportPolicy = icePolicy(configuration);
  out.pathMtuDiscovery = configuration.pathMtuDiscovery;
  out.maxMessageSize = configuration.maxMessageSize;
  // Channels have their limits here, each its own.
  out.sendBufferSize = std::size_t{1} << 32;
  out.modelBasedCongestionControl = configuration.congestionControl == CongestionControl::Model;
  return out;
}

Expected<std::shared_ptr<driver::TlsContext>> tlsContext(const TlsTrust& trust) {
  // Reading the system's store takes long; few programs use more than one trust.
  static constexpr std::size_t kKept = 8;
  struct Entry {
    TlsTrust trust;
    std::shared_ptr<driver::TlsContext> context;
  };
  static std::mutex mutex;
  static auto* const kept = new std::vector<Entry>;
  const std::lock_guard lock(mutex);
  for (const Entry& e : *kept)
    if (e.trust == trust) return e.context;
  driver::TlsClientOptions options;
  options.trustedPem = trust.caPem;
  if (!trust.pinSha256.empty()) {
    const auto pin = driver::parseTlsPin(trust.pinSha256);
    if (!pin) return RtcError{ErrorName::SyntaxError, "the pin is not a SHA-256"};
    options.pins.push_back(*pin);
  }
  auto context = driver::TlsContext::client(options);
  if (!context) return RtcError{ErrorName::InvalidAccessError, context.error().describe()};
  if (kept->size() == kKept) kept->erase(kept->begin());
  kept->push_back({trust, *context});
  return *context;
}

bool wantsInterface(const Configuration& configuration, std::string_view name,
                    std::string_view address) {
  const auto& list = configuration.interfaces;
  if (list.empty()) return true;
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& s) { return s == name || s == address; });
}

}  // namespace parley::api
