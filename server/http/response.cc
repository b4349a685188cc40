#include "server/http/response.h"

namespace parley::server {
namespace {

// The page loads from its own origin only. blob: is for what it makes itself: downloads, recorded
// media. Frames and plug-ins are refused, and nobody may frame it (its buttons open cameras).
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'";

constexpr std::string_view kPermissions =
    "camera=(self), microphone=(self), display-capture=(self), screen-wake-lock=(self), "
    "fullscreen=(self), picture-in-picture=(self), speaker-selection=(self), autoplay=(self), "
    "geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()";

}  // namespace

const char* reasonPhrase(unsigned status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 421:
      return "Misdirected Request";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

Response refusal(const Verdict& verdict) {
  Response out;
  out.status = verdict.status;
  out.body = std::to_string(verdict.status) + " " + reasonPhrase(verdict.status) + "\n" +
             verdict.reason + (verdict.reason.empty() ? "" : "\n");
  switch (verdict.status) {
    case 308:
      out.headers.emplace_back("Location", verdict.location);
      break;
    case 405:
      out.headers.emplace_back("Allow", verdict.route == Route::Signal ? "GET" : "GET, HEAD");
      break;
    case 426:
      out.headers.emplace_back("Upgrade", "websocket");
      out.headers.emplace_back("Sec-WebSocket-Version", "13");
      break;
    case 503:
      out.headers.emplace_back("Retry-After", "2");
      break;
    default:
      break;
  }
  return out;
}

void addPageHeaders(Response& response, const std::string& authority) {
  std::string policy(kPolicy);
  // CSP 3 lets 'self' cover WebSockets of the same host; Safari before 15.4 does not.
  policy += " ws://" + authority + " wss://" + authority;
  response.headers.emplace_back("Content-Security-Policy", std::move(policy));
  response.headers.emplace_back("Permissions-Policy", std::string(kPermissions));
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.emplace_back("X-Frame-Options", "DENY");
}

std::string serializeHead(const Response& response, bool keepAlive) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " +
                    reasonPhrase(response.status) + "\r\nServer: parley\r\n";
  if (response.status != 304) {
    out += "Content-Type: " + response.contentType +
           "\r\nContent-Length: " + std::to_string(response.content().size()) + "\r\n";
  }
  bool cache = false;
  for (const auto& [name, value] : response.headers) {
    cache = cache || name == "Cache-Control";
    out += name + ": " + value + "\r\n";
  }
  if (!cache) out += "Cache-Control: no-store\r\n";
  out +=
      "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\n";
  out += keepAlive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return out;
}

}  // namespace parley::server
