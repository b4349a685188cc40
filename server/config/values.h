// How the text of one setting becomes a value. Each parser gives the value or what is wrong with
// the text and what would be right, without key or source: the loader adds those.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "server/config/config.h"

namespace parley::server {

struct ValueProblem {
  std::string problem;  // "is not a port number"
  std::string remedy;   // "give a number from 0 to 65535; 0 takes a free one"
};

template <class T>
using Parsed = std::variant<T, ValueProblem>;

Parsed<bool> parseBool(std::string_view text);
Parsed<std::uint32_t> parseCount(std::string_view text, std::uint32_t low, std::uint32_t high);
Parsed<std::uint16_t> parsePort(std::string_view text);
Parsed<PortRange> parsePortRange(std::string_view text);
Parsed<Duration> parseDuration(std::string_view text, Duration low, Duration high);  // "90s" "2h"
Parsed<IpAddress> parseIp(std::string_view text);
Parsed<Prefix> parsePrefix(std::string_view text);
// A DNS name or an address, lower case, without brackets and port.
Parsed<std::string> parseHost(std::string_view text);
// scheme://host[:port] in the form browsers send it: lower case, no default port; or "*".
Parsed<std::string> parseOrigin(std::string_view text);
Parsed<TurnUser> parseTurnUser(std::string_view text);
// "[KID=]ALGORITHM:KEY" or "[KID=]ALGORITHM:@FILE".
Parsed<TokenKey> parseTokenKey(std::string_view text);
// The text itself, or what is in the file after "@", without the end of its line.
Parsed<Secret> parseSecret(std::string_view text, std::size_t minimumBytes);

// Whole file, at most `limit` bytes. Empty optional: errno tells why.
std::optional<std::string> readFile(const std::string& path, std::size_t limit);

}  // namespace parley::server
