#include "stun/uri.h"

#include <algorithm>
#include <charconv>

#include "net/address.h"

namespace parley::stun {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

bool isNameCharacter(char c) {
  const char l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

Error malformed() {
  return {ErrorCode::Malformed, "ICE server URL"};
}

// "host", "host:port", "[v6]", "[v6]:port"; what is left is the port's digits.
bool takeHost(std::string_view& rest, std::string& host) {
  if (rest.starts_with('[')) {
    const std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return false;
    host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    const auto ip = IpAddress::parse(host);
    return ip && !ip->isV4();
  }
  const std::size_t end = std::min(rest.find(':'), rest.size());
  host = rest.substr(0, end);
  rest.remove_prefix(end);
  if (host.empty() || host.size() > kMaxHost) return false;
  for (const char c : host)
    if (!isNameCharacter(c)) return false;
  return true;
}

bool takePort(std::string_view text, std::uint16_t& port) {
  if (text.empty()) return true;
  text.remove_prefix(1);
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0) return false;
  port = value;
  return true;
}

}  // namespace

// RFC 7064 section 3.1, RFC 7065 section 3.1: scheme ":" host [ ":" port ] [ "?transport=" …].
Result<Uri> parseUri(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos) return malformed();
  const std::string_view scheme = url.substr(0, colon);
  Uri out;
  const bool secure = equalsIgnoringCase(scheme, "stuns") || equalsIgnoringCase(scheme, "turns");
  out.turn = equalsIgnoringCase(scheme, "turn") || equalsIgnoringCase(scheme, "turns");
  if (!out.turn && !secure && !equalsIgnoringCase(scheme, "stun")) return malformed();
  if (secure) {
    out.transport = Transport::Tls;
    out.port = 5349;
  }
  std::string_view rest = url.substr(colon + 1);
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    // STUN has no query (webrtc-pc section 4.4.1.6 lets its URL fail).
    if (!out.turn) return malformed();
    const std::string_view query = rest.substr(question + 1);
    if (equalsIgnoringCase(query, "transport=tcp"))
      out.transport = secure ? Transport::Tls : Transport::Tcp;
    else if (!equalsIgnoringCase(query, "transport=udp"))
      return malformed();
    else if (secure)
      out.transport = Transport::Dtls;
    rest = rest.substr(0, question);
  }
  if (!takeHost(rest, out.host)) return malformed();
  if (!rest.empty() && rest.front() != ':') return malformed();
  if (!takePort(rest, out.port)) return malformed();
  return out;
}

}  // namespace parley::stun
