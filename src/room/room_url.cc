#include "room/room_url.h"

#include <charconv>

#include "net/address.h"

namespace parley::room {
namespace {

RtcError bad(const char* why) {
  return {ErrorName::SyntaxError, std::string("not the address of a room: ") + why};
}

// docs/signalling.md, join: [A-Za-z0-9-]{1,64}, first character not "-".
bool isRoomName(std::string_view s) {
  if (s.empty() || s.size() > 64 || s.front() == '-') return false;
  for (const char c : s) {
    const bool fits =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!fits) return false;
  }
  return true;
}

// What could end a header line or a host has no place in an address.
bool isPlain(std::string_view s) {
  for (const char c : s)
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '\\' || c == '@') return false;
  return true;
}

std::string_view valueOf(std::string_view parameters, std::string_view name) {
  while (!parameters.empty()) {
    const std::size_t end = parameters.find('&');
    const std::string_view one = parameters.substr(0, end);
    if (one.starts_with(name) && one.size() > name.size() && one[name.size()] == '=')
      return one.substr(name.size() + 1);
    if (end == std::string_view::npos) break;
    parameters.remove_prefix(end + 1);
  }
  return {};
}

bool takeAuthority(std::string_view text, RoomUrl& out) {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    out.host = std::string(text.substr(1, end - 1));
    const auto address = IpAddress::parse(out.host);
    if (!address || address->isV4()) return false;
    port = text.substr(end + 1);
  } else {
    const std::size_t colon = text.find(':');
    out.host = std::string(text.substr(0, colon));
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  if (out.host.empty()) return false;
  if (port.empty()) return true;
  if (port.front() != ':') return false;
  port.remove_prefix(1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || end != port.data() + port.size() || number == 0 || number > 65535)
    return false;
  out.port = static_cast<std::uint16_t>(number);
  return true;
}

}  // namespace

std::string RoomUrl::authority() const {
  std::string out = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  if (port != (secure ? 443 : 80)) out += ":" + std::to_string(port);
  return out;
}

Expected<RoomUrl> parseRoomUrl(std::string_view text) {
  RoomUrl out;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return bad("it begins with https://");
  std::string name(text.substr(0, scheme));
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  out.secure = name == "https" || name == "wss";
  if (!out.secure && name != "http" && name != "ws") return bad("unknown scheme");
  out.port = out.secure ? 443 : 80;
  text.remove_prefix(scheme + 3);
  if (!isPlain(text)) return bad("a character that cannot be in it");
  std::string_view fragment;
  if (const std::size_t at = text.find('#'); at != std::string_view::npos) {
    fragment = text.substr(at + 1);
    text = text.substr(0, at);
  }
  std::string_view query;
  if (const std::size_t at = text.find('?'); at != std::string_view::npos) {
    query = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const std::size_t slash = text.find('/');
  if (!takeAuthority(text.substr(0, slash), out)) return bad("the host");
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view{"/"} : text.substr(slash);
  std::string_view room = valueOf(query, "room");
  if (!room.empty()) {
    out.base = std::string(path.substr(0, path.rfind('/')));
  } else if (const std::size_t at = path.rfind("/r/"); at != std::string_view::npos) {
    out.base = std::string(path.substr(0, at));
    room = path.substr(at + 3);
    if (room.ends_with('/')) room.remove_suffix(1);
  }
  if (!isRoomName(room)) return bad("the room's name");
  out.room = std::string(room);
  out.token = std::string(valueOf(fragment, "token"));
  return out;
}

}  // namespace parley::room
