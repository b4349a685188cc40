// Whether a running server can be reached by its address: HTTP(S), and STUN where it says it is.
// Blocking, a few seconds at most for each step; run it from a network outside the server's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::server {

struct OutsideFinding {
  bool good = false;
  std::string check;   // "http", "stun"
  std::string detail;  // what was seen, or what is wrong and what to do
};

struct HttpTarget {
  bool tls = false;
  std::string host;
  std::string port;
};
// "https://host[:port][/…]", room links included.
std::optional<HttpTarget> parseHttpUrl(std::string_view url);

std::vector<OutsideFinding> checkFromOutside(const HttpTarget& target);

}  // namespace parley::server
