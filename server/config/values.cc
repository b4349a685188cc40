#include "server/config/values.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>

#include "crypto/signature.h"

namespace parley::server {
namespace {

constexpr std::size_t kMaxSecretFile = 64 * 1024;
constexpr std::size_t kMinHmacKeyBytes = 32;  // RFC 7518 section 3.2
constexpr std::size_t kMaxNameLength = 253;   // RFC 1035 section 2.3.4, without the last dot
constexpr std::size_t kMaxLabelLength = 63;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return {};
  return value;
}

bool isLabel(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabelLength) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool isName(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameLength) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!isLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace

std::optional<std::string> readFile(const std::string& path, std::size_t limit) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    if (errno == 0) errno = EIO;
    return {};
  }
  std::string text(limit + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.gcount() == 0 && errno != 0)) {  // a directory opens, and fails here
    if (errno == 0) errno = EIO;
    return {};
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > limit) {
    errno = EFBIG;
    return {};
  }
  return text;
}

Parsed<bool> parseBool(std::string_view text) {
  const std::string t = lower(text);
  if (t == "true" || t == "1" || t == "yes" || t == "on") return true;
  if (t == "false" || t == "0" || t == "no" || t == "off") return false;
  return ValueProblem{"is neither true nor false", "give true or false"};
}

Parsed<std::uint32_t> parseCount(std::string_view text, std::uint32_t low, std::uint32_t high) {
  const auto value = digits(text);
  if (!value || *value < low || *value > high) {
    const std::string range = std::to_string(low) + " to " + std::to_string(high);
    return ValueProblem{value ? "is out of range" : "is not a number",
                        "give a number from " + range};
  }
  return static_cast<std::uint32_t>(*value);
}

Parsed<std::uint16_t> parsePort(std::string_view text) {
  const auto value = digits(text);
  if (!value || *value > 65535) {
    return ValueProblem{"is not a port number",
                        "give a number from 0 to 65535; 0 takes a free port"};
  }
  return static_cast<std::uint16_t>(*value);
}

Parsed<PortRange> parsePortRange(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = digits(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : digits(text.substr(dash + 1));
  if (!first || !last || *first < 1024 || *last > 65535 || *first > *last) {
    return ValueProblem{"is not a range of ports",
                        "give FIRST-LAST between 1024 and 65535, such as 61000-65535"};
  }
  return PortRange{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

Parsed<Duration> parseDuration(std::string_view text, Duration low, Duration high) {
  static constexpr std::array<std::pair<char, std::uint64_t>, 4> kUnits{
      {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}}};
  const auto seconds = [](Duration d) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(d).count()) + "s";
  };
  const std::string remedy =
      "give a number with a unit (s, m, h or d), from " + seconds(low) + " to " + seconds(high);
  if (text.empty()) return ValueProblem{"is not a time span", remedy};
  for (const auto& [unit, scale] : kUnits) {
    if (text.back() != unit) continue;
    const auto value = digits(text.substr(0, text.size() - 1));
    if (!value) break;
    constexpr std::uint64_t kMost = 100ull * 365 * 86400;
    if (*value > kMost / scale) return ValueProblem{"is out of range", remedy};
    const Duration d = std::chrono::seconds{static_cast<std::int64_t>(*value * scale)};
    if (d < low || d > high) return ValueProblem{"is out of range", remedy};
    return d;
  }
  return ValueProblem{"is not a time span", remedy};
}

Parsed<IpAddress> parseIp(std::string_view text) {
  if (const auto ip = IpAddress::parse(text)) return *ip;
  return ValueProblem{"is not an IP address", "give an address such as 127.0.0.1 or ::1"};
}

Parsed<Prefix> parsePrefix(std::string_view text) {
  if (const auto prefix = Prefix::parse(text)) return *prefix;
  return ValueProblem{"is not an address range",
                      "give an address or a prefix (CIDR) such as 10.0.0.0/8 or fd00::/8"};
}

Parsed<std::string> parseHost(std::string_view text) {
  std::string host = lower(text);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (const auto ip = IpAddress::parse(host)) return ip->toString();
  if (!host.empty() && host.back() == '.') host.pop_back();
  if (isName(host)) return host;
  return ValueProblem{"is not a host name",
                      "give a name such as call.example.org, without https:// and without a port"};
}

Parsed<std::string> parseOrigin(std::string_view text) {
  const ValueProblem problem{"is not an origin",
                             "give scheme, host and port only, such as https://example.org or "
                             "http://localhost:3000"};
  if (text == "*") return std::string(text);
  const std::string origin = lower(text);
  const bool https = origin.starts_with("https://");
  if (!https && !origin.starts_with("http://")) return problem;
  std::string_view rest = std::string_view(origin).substr(https ? 8 : 7);
  std::string host;
  if (rest.starts_with('[')) {
    const std::size_t close = rest.find(']');
    if (close == std::string_view::npos) return problem;
    const auto ip = IpAddress::parse(rest.substr(1, close - 1));
    if (!ip || ip->isV4()) return problem;
    host = "[" + ip->toString() + "]";
    rest.remove_prefix(close + 1);
  } else {
    const std::string_view hostText = rest.substr(0, rest.find(':'));
    if (!isName(hostText)) return problem;
    host = hostText;
    rest.remove_prefix(hostText.size());
  }
  if (rest.empty()) return (https ? "https://" : "http://") + host;
  const auto port = digits(rest.substr(1));
  if (rest.front() != ':' || !port || *port == 0 || *port > 65535) return problem;
  if (*port == (https ? 443u : 80u)) return (https ? "https://" : "http://") + host;
  return (https ? "https://" : "http://") + host + ":" + std::to_string(*port);
}

Parsed<TurnUser> parseTurnUser(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
    return ValueProblem{"is not NAME:PASSWORD", "give a name, a colon and a password"};
  }
  if (colon > 508) {  // RFC 8489 section 14.3: USERNAME is under 509 bytes
    return ValueProblem{"has a name that is too long", "give a name of at most 508 bytes"};
  }
  return TurnUser{std::string(text.substr(0, colon)), Secret(std::string(text.substr(colon + 1)))};
}

Parsed<Secret> parseSecret(std::string_view text, std::size_t minimumBytes) {
  std::string value(text);
  if (!text.empty() && text.front() == '@') {
    auto content = readFile(std::string(text.substr(1)), kMaxSecretFile);
    if (!content) {
      return ValueProblem{"names a file that cannot be read: " + std::string(std::strerror(errno)),
                          "check the path after @ and that this user may read it"};
    }
    value = std::move(*content);
    while (!value.empty() && (value.back() == '\n' || value.back() == '\r'))
      value.pop_back();
  }
  if (value.size() < minimumBytes) {
    return ValueProblem{"is too short to be safe",
                        "give at least " + std::to_string(minimumBytes) +
                            " bytes, for example from `openssl rand -hex 32`"};
  }
  return Secret(std::move(value));
}

Parsed<TokenKey> parseTokenKey(std::string_view text) {
  const ValueProblem problem{"is not a token key",
                             "give [KID=]ALGORITHM:KEY or [KID=]ALGORITHM:@FILE, where ALGORITHM "
                             "is hs256, rs256 or es256"};
  TokenKey key;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return problem;
  std::string_view head = text.substr(0, colon);
  if (const std::size_t equals = head.find('='); equals != std::string_view::npos) {
    key.id = head.substr(0, equals);
    head.remove_prefix(equals + 1);
  }
  const std::string algorithm = lower(head);
  const bool symmetric = algorithm == "hs256";
  if (!symmetric && algorithm != "rs256" && algorithm != "es256") return problem;
  auto secret = parseSecret(text.substr(colon + 1), symmetric ? kMinHmacKeyBytes : 1);
  if (auto* bad = std::get_if<ValueProblem>(&secret)) return std::move(*bad);
  key.key = std::get<Secret>(std::move(secret));
  if (symmetric) return key;
  key.algorithm = algorithm == "rs256" ? TokenAlgorithm::Rs256 : TokenAlgorithm::Es256;
  const auto pem = crypto::SignatureKey::fromPem(key.key.reveal());
  const auto wanted = key.algorithm == TokenAlgorithm::Rs256 ? crypto::SignatureAlgorithm::Rs256
                                                             : crypto::SignatureAlgorithm::Es256;
  if (!pem || pem->algorithm() != wanted) {
    return ValueProblem{"is not a key for " + algorithm,
                        "give @FILE with a PEM key: RSA of 2048 bits or more for rs256, EC P-256 "
                        "for es256"};
  }
  return key;
}

}  // namespace parley::server
