#include "server/http/routing.h"

#include <algorithm>
#include <charconv>

namespace parley::server {
namespace {

constexpr std::size_t kMaxTarget = 2048;
constexpr std::size_t kMaxRoom = 64;  // docs/signalling.md, section 3
constexpr std::string_view kRoomPrefix = "/r/";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool isPortText(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port <= 65535;
}

bool isLocalName(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

struct Origin {
  bool https = false;
  std::string host;
  std::uint16_t port = 0;
};

std::optional<Origin> parseOriginHeader(std::string_view text) {
  Origin out;
  const std::string origin = lower(text);
  std::string_view rest = origin;
  if (rest.starts_with("https://")) {
    out.https = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return {};
  }
  const auto host = hostOfAuthority(rest);
  if (!host) return {};
  out.host = *host;
  out.port = out.https ? 443 : 80;
  const std::size_t bracket = rest.rfind(']');
  const std::size_t colon = rest.rfind(':');
  const bool hasPort =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (hasPort) std::from_chars(rest.data() + colon + 1, rest.data() + rest.size(), out.port);
  return out;
}

Verdict refuse(Verdict verdict, unsigned status, const char* reason) {
  verdict.status = status;
  verdict.reason = reason;
  return verdict;
}

std::optional<Route> routeOf(std::string_view path, const HttpPolicy& policy) {
  if (path == "/metrics") {
    return policy.metrics || policy.onlyMetrics ? std::optional(Route::Metrics) : std::nullopt;
  }
  if (policy.onlyMetrics) return {};
  if (path == "/signal") return Route::Signal;
  if (path == "/page.json") return Route::Facts;
  if (path == "/healthz") return Route::Health;
  if (path == "/readyz") return Route::Ready;
  if (path == "/" || path == "/index.html" || isRoomPath(path)) return Route::Page;
  return Route::Asset;  // whether it exists is known to the page
}

Verdict decideSignal(Verdict verdict, const RequestHead& head, const ConnectionFacts& facts,
                     const HttpPolicy& policy) {
  if (!head.origin && head.secFetch) {
    return refuse(verdict, 403, "A browser must send Origin.");
  }
  if (head.origin && !originAllowed(*head.origin, facts, policy)) {
    return refuse(verdict, 403,
                  "Pages of this origin may not use this server. Its operator can allow them with "
                  "--allow-origin, or name the server with --host.");
  }
  if (!head.upgradeWebSocket || head.webSocketKey.empty() || head.version < 11) {
    return refuse(verdict, 426, "This is the WebSocket of signalling.");
  }
  if (!head.webSocketVersion13) return refuse(verdict, 426, "WebSocket version 13 is spoken here.");
  if (facts.draining) return refuse(verdict, 503, "The server is stopping.");
  verdict.status = 101;
  return verdict;
}

}  // namespace

std::optional<std::string> hostOfAuthority(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return {};
    host = authority.substr(1, close - 1);
    const auto ip = IpAddress::parse(host);
    if (!ip || ip->isV4()) return {};
    port = authority.substr(close + 1);
    if (!port.empty() && (port.front() != ':' || !isPortText(port.substr(1)))) return {};
    return ip->toString();
  }
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    if (!isPortText(host.substr(colon + 1))) return {};
    host = host.substr(0, colon);
  }
  std::string name = lower(host);
  if (!name.empty() && name.back() == '.') name.pop_back();
  const bool good =
      !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
      });
  if (!good) return {};
  return name;
}

bool hostAllowed(std::string_view host, const ConnectionFacts& facts, const HttpPolicy& policy) {
  if (isLocalName(host)) return true;
  if (std::find(policy.hosts.begin(), policy.hosts.end(), host) != policy.hosts.end()) return true;
  const auto ip = IpAddress::parse(host);
  if (!ip) return false;
  // An address cannot be rebound: who names the one it reached us by is at the right place.
  if (ip->unmapped() == facts.local.ip().unmapped()) return true;
  return std::any_of(policy.addresses.begin(), policy.addresses.end(),
                     [&](const IpAddress& ours) { return !ours.isUnspecified() && ours == *ip; });
}

bool originAllowed(std::string_view originText, const ConnectionFacts& facts,
                   const HttpPolicy& policy) {
  const auto origin = parseOriginHeader(originText);
  const auto& list = policy.allowOrigins;
  if (std::find(list.begin(), list.end(), "*") != list.end()) return true;
  if (std::find(list.begin(), list.end(), lower(originText)) != list.end()) return true;
  if (!origin) return false;
  if (policy.loopbackOnly && isLocalName(origin->host)) return true;
  if (!hostAllowed(origin->host, facts, policy)) return false;
  if (origin->port == policy.port && origin->https == policy.tls) return true;
  // Behind a proxy the page has the proxy's port; only the standard ones are taken for granted.
  const bool named =
      std::find(policy.hosts.begin(), policy.hosts.end(), origin->host) != policy.hosts.end();
  return !policy.trustedProxies.empty() && named && origin->port == (origin->https ? 443 : 80);
}

bool isTrustedProxy(const IpAddress& ip, const HttpPolicy& policy) {
  const IpAddress address = ip.unmapped();
  return std::any_of(policy.trustedProxies.begin(), policy.trustedProxies.end(),
                     [&](const Prefix& prefix) { return prefix.contains(address); });
}

IpAddress clientAddress(const RequestHead& head, const ConnectionFacts& facts,
                        const HttpPolicy& policy) {
  IpAddress client = facts.remote.ip().unmapped();
  std::string_view rest = head.forwardedFor;
  // Each proxy appends whom it saw: walk from the right while the one who wrote it is trusted.
  while (!rest.empty() && isTrustedProxy(client, policy)) {
    const std::size_t comma = rest.rfind(',');
    std::string_view entry = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(0, comma);
    while (!entry.empty() && entry.front() == ' ')
      entry.remove_prefix(1);
    while (!entry.empty() && entry.back() == ' ')
      entry.remove_suffix(1);
    if (const auto ip = IpAddress::parse(entry)) {
      client = ip->unmapped();
    } else if (const auto address = Address::parse(entry)) {
      client = address->ip().unmapped();
    } else {
      break;
    }
  }
  return client;
}

bool isRoomPath(std::string_view path) {
  if (!path.starts_with(kRoomPrefix)) return false;
  const std::string_view room = path.substr(kRoomPrefix.size());
  if (room.empty() || room.size() > kMaxRoom || room.front() == '-') return false;
  return std::all_of(room.begin(), room.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Verdict decide(const RequestHead& head, const ConnectionFacts& facts, const HttpPolicy& policy) {
  Verdict verdict;
  if (head.hostCount != 1) return refuse(verdict, 400, "One Host is needed.");
  std::string_view target = head.target;
  std::string_view authority = head.host;
  if (target.size() > kMaxTarget) return refuse(verdict, 414, "The address is too long.");
  // RFC 9112 section 3.2.2: a server takes the absolute form too, and its authority counts.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!lower(target.substr(0, scheme.size())).starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t slash = target.find_first_of("/?");
    authority = target.substr(0, slash);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    break;
  }
  const auto host = hostOfAuthority(authority);
  if (!host) return refuse(verdict, 400, "Host is not a name or an address.");
  if (!hostAllowed(*host, facts, policy)) {
    return refuse(verdict, 421,
                  "This server does not answer to that name. Its operator can add "
                  "names with --host.");
  }
  verdict.host = *host;
  if (!target.starts_with('/')) return refuse(verdict, 400, "The address has no path.");
  verdict.path = target.substr(0, target.find_first_of("?#"));
  if (facts.plainOnTls) {
    verdict.location = "https://" + std::string(authority) + verdict.path;
    return refuse(verdict, 308, "This server speaks HTTPS.");
  }
  verdict.route = routeOf(verdict.path, policy);
  if (!verdict.route) return refuse(verdict, 404, "Nothing is here.");
  if (head.method != "GET" && (head.method != "HEAD" || verdict.route == Route::Signal)) {
    return refuse(verdict, 405, "Only GET is answered here.");
  }
  if (head.hasBody) return refuse(verdict, 413, "Requests have no body here.");
  if (verdict.route == Route::Signal) return decideSignal(std::move(verdict), head, facts, policy);
  return verdict;
}

}  // namespace parley::server
