#include "server/ice_directory.h"

namespace parley::server {

std::string bracketed(const IpAddress& ip) {
  return ip.isV4() ? ip.toString() : "[" + ip.toString() + "]";
}

std::string IceDirectory::urlHost(const ClientRoute& route) const {
  if (!settings_.hosts.empty()) {
    const std::string& host = settings_.hosts.front();
    if (const auto ip = IpAddress::parse(host)) return bracketed(*ip);
    // Browsers may ask ::1 first for this name, where nobody listens by default.
    if (host != "localhost") return host;
    return "127.0.0.1";
  }
  if (!settings_.externalIps.empty() && !route.local.isLoopback()) {
    for (const IpAddress& ip : settings_.externalIps) {
      if (ip.family() == route.local.family()) return bracketed(ip);
    }
    return bracketed(settings_.externalIps.front());
  }
  return bracketed(route.local);
}

std::optional<std::string> IceDirectory::turnsHost(const ClientRoute& route) const {
  if (!settings_.trustedCertificate || settings_.turnsPort == 0) return {};
  std::vector<std::string> candidates = settings_.hosts;
  candidates.push_back(route.host);
  if (route.local.isLoopback()) candidates.emplace_back("localhost");
  for (const std::string& name : candidates) {
    if (!IpAddress::parse(name) && settings_.trustedCertificate->covers(name)) return name;
  }
  return {};
}

std::vector<std::string> IceDirectory::stunUrls(const ClientRoute& route) const {
  if (settings_.turnPort == 0) return {};
  const std::string base = "stun:" + urlHost(route) + ":";
  std::vector<std::string> out{base + std::to_string(settings_.turnPort)};
  if (settings_.stunAltPort != 0) out.push_back(base + std::to_string(settings_.stunAltPort));
  return out;
}

std::vector<std::string> IceDirectory::turnUrls(const ClientRoute& route) const {
  if (settings_.turnPort == 0) return {};
  const std::string base = "turn:" + urlHost(route) + ":" + std::to_string(settings_.turnPort);
  std::vector<std::string> out{base + "?transport=udp", base + "?transport=tcp"};
  if (const auto host = turnsHost(route)) {
    out.push_back("turns:" + *host + ":" + std::to_string(settings_.turnsPort) + "?transport=tcp");
  }
  return out;
}

signal::IceServerList IceDirectory::servers(const ClientRoute& route,
                                            const signal::IceRequest& request, WallTime now) const {
  signal::IceServerList out;
  if (settings_.turnPort == 0) return out;
  out.servers.push_back({stunUrls(route), "", ""});
  if (!request.relay) return out;
  auto credential = signal::mintRestCredential(settings_.secret, request.member.toString(),
                                               now + settings_.lifetime);
  out.servers.push_back(
      {turnUrls(route), std::move(credential.username), std::move(credential.credential)});
  out.ttl = settings_.lifetime;
  return out;
}

}  // namespace parley::server
