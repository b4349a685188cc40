// The URIs that name STUN and TURN servers, taken apart: stun:, stuns: (RFC 7064 section 3.1),
// turn: and turns: with ?transport= (RFC 7065 section 3.1). Values; nothing is resolved.
//
// What does not follow the grammar is Malformed, which the W3C's API calls SyntaxError (webrtc-pc
// section 4.4.1.6); that includes other schemes, "//", user names and queries of STUN.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/path.h"

namespace parley::stun {

struct Uri {
  bool turn = false;
  Transport transport = Transport::Udp;
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 3478;
};
inline constexpr std::size_t kMaxHost = 253;  // RFC 1035 section 2.3.4

Result<Uri> parseUri(std::string_view text);

}  // namespace parley::stun
