// The STUN and TURN servers that a parley server gives to members of a room, with credentials: the
// probe joins the room for a moment, under the name "probe".
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "parley/configuration.h"

namespace parley::cli {

struct RoomServers {
  bool joined = false;
  bool refused = false;  // by the server: token, room full, room locked
  std::string problem;   // of one that was not joined, for people
  Duration took{};       // from the first packet to the list
  std::vector<IceServer> servers;
};

// A server's own URL stands for a room of its that nobody knows. "#pin=…" is the certificate's
// fingerprint.
RoomServers fetchServers(const std::string& url, const TlsTrust& trust, Duration timeout);

}  // namespace parley::cli
