// Which STUN and TURN addresses a client is told, and its credentials. Values only, no I/O.
//
// Names rather than addresses wherever there is one, for browsers reach `turns:` by name only. An
// address is the one by which the client reached us, so that it works on each of several networks.
// `turns:` is listed only with a certificate that clients can trust and that covers the name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crypto/certificate.h"
#include "server/http/signal_service.h"
#include "signal/ice_servers.h"

namespace parley::server {

struct IceSettings {
  std::vector<std::string> hosts;
  std::vector<IpAddress> externalIps;
  std::uint16_t turnPort = 0;  // 0: no relay at all
  std::uint16_t stunAltPort = 0;
  std::uint16_t turnsPort = 0;
  std::optional<crypto::CertificateInfo> trustedCertificate;
  std::string secret;
  Duration lifetime = 1h;
};

class IceDirectory {
 public:
  explicit IceDirectory(IceSettings settings) : settings_(std::move(settings)) {}

  std::vector<std::string> stunUrls(const ClientRoute& route) const;
  std::vector<std::string> turnUrls(const ClientRoute& route) const;
  signal::IceServerList servers(const ClientRoute& route, const signal::IceRequest& request,
                                WallTime now) const;

  // As it stands in a URL: brackets around IPv6.
  std::string urlHost(const ClientRoute& route) const;

 private:
  std::optional<std::string> turnsHost(const ClientRoute& route) const;
  IceSettings settings_;
};

std::string bracketed(const IpAddress& ip);

}  // namespace parley::server
