// Which answer a request gets: a pure function of its head, the connection's addresses and the
// policy. No I/O, no state: tested and fuzzed as it is.
//
// Order (each step only for requests that passed those before): a request that makes no sense, 400;
// a Host that is not ours, 421 (DNS rebinding), before any route; the route, 404; its method, 405;
// a body, 413; for signalling: Origin, 403; the upgrade, 426; draining, 503.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "server/http/request_head.h"

namespace parley::server {

// Facts is /page.json: what the page and `parley check` may know before they join.
enum class Route : std::uint8_t { Page, Asset, Facts, Signal, Health, Ready, Metrics };

struct HttpPolicy {
  std::vector<std::string> hosts;         // configured names, lower case
  std::vector<IpAddress> addresses;       // bound and external ones
  std::vector<std::string> allowOrigins;  // exact, lower case; or "*"
  std::vector<Prefix> trustedProxies;
  bool loopbackOnly = true;  // any port of localhost may be an origin
  bool tls = false;
  bool metrics = true;  // whether this listener serves /metrics
  bool onlyMetrics = false;
  std::uint16_t port = 0;
};

struct ConnectionFacts {
  Address local;
  Address remote;           // or what the PROXY header said
  bool plainOnTls = false;  // plain HTTP on a port that speaks TLS
  bool draining = false;
};

struct Verdict {
  unsigned status = 200;  // 101 for an upgrade
  std::optional<Route> route;
  std::string path;      // of the target, without query
  std::string reason;    // one line for people, when refused
  std::string location;  // of a redirect
  std::string host;      // the Host that was accepted, without port and brackets
};

Verdict decide(const RequestHead& head, const ConnectionFacts& facts, const HttpPolicy& policy);

// "[::1]:8080" -> "::1"; nothing when it is not host[:port].
std::optional<std::string> hostOfAuthority(std::string_view authority);
bool hostAllowed(std::string_view host, const ConnectionFacts& facts, const HttpPolicy& policy);
bool originAllowed(std::string_view origin, const ConnectionFacts& facts, const HttpPolicy& policy);
// The client behind trusted proxies (the right-most address that is not one), else the remote one.
IpAddress clientAddress(const RequestHead& head, const ConnectionFacts& facts,
                        const HttpPolicy& policy);
bool isTrustedProxy(const IpAddress& ip, const HttpPolicy& policy);
bool isRoomPath(std::string_view path);  // /r/ROOM with a room name of docs/signalling.md

}  // namespace parley::server
