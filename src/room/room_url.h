// The address of a room as people have it, taken apart:
//   http(s)://HOST[:PORT]/r/ROOM, ws(s)://… of the same form, http(s)://HOST/?room=ROOM
// Both may have a path before them, of a server behind a prefix.
// A token may stand in the fragment (#token=…): browsers never send that part to a server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "parley/error.h"

namespace parley::room {

struct RoomUrl {
  bool secure = false;
  std::string host;  // a name or an address, IPv6 without brackets
  std::uint16_t port = 80;
  std::string base;  // path before "/r/" or "/?room="
  std::string room;
  std::string token;

  // "example.org:8443", as the Host header has it
  std::string authority() const;
};

// SyntaxError when it is none.
Expected<RoomUrl> parseRoomUrl(std::string_view text);

}  // namespace parley::room
