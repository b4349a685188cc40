#include "signal/names.h"

#include <cstdint>

#include "base/utf8.h"

namespace parley::signal {
namespace {

// Characters that could break a line of a log or turn the direction of the text around them.
bool allowedInName(std::uint32_t c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return false;  // Cc
  if (c == 0x200e || c == 0x200f || c == 0x061c) return false;
  if (c >= 0x202a && c <= 0x202e) return false;
  if (c >= 0x2066 && c <= 0x2069) return false;
  if (c == 0x2028 || c == 0x2029 || c == 0xfeff) return false;
  return (c & 0xfffe) != 0xfffe && !(c >= 0xfdd0 && c <= 0xfdef);  // noncharacters
}

}  // namespace

std::optional<std::string> foldRoom(std::string_view text) {
  if (text.empty() || text.size() > kMaxRoomLength || text[0] == '-') return std::nullopt;
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!ok) return std::nullopt;
  }
  return out;
}

std::optional<std::string> cleanName(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  std::size_t characters = 0;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint c = readUtf8(rest);
    if (c.length == 0 || !allowedInName(c.value) || ++characters > kMaxNameLength)
      return std::nullopt;
    rest.remove_prefix(c.length);
  }
  return std::string(text);
}

}  // namespace parley::signal
