#include "cli/probe_room.h"

#include <algorithm>

#include "cli/peer/room_link.h"
#include "driver/clock.h"
#include "parley/room.h"

namespace parley::cli {
namespace {

// A room tries again and again; a probe wants to know how it is now.
constexpr Duration kPatience = 5s;

// https://host:port, or a prefix of it, and no room yet.
bool namesRoom(std::string_view url) {
  return url.find("/r/") != std::string_view::npos || url.find("room=") != std::string_view::npos;
}

}  // namespace

RoomServers fetchServers(const std::string& url, const TlsTrust& trust, Duration timeout) {
  RoomOptions options;
  options.name = "probe";
  options.configuration.tls = trust;
  options.joinTimeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::min<Duration>(timeout, kPatience));
  RoomLink link = parseLink(url);
  if (options.configuration.tls.pinSha256.empty()) options.configuration.tls.pinSha256 = link.pin;
  if (!namesRoom(link.url)) {
    const std::size_t end = std::min(link.url.find('#'), link.url.size());
    const std::string fragment = link.url.substr(end);  // a token
    link.url.resize(end);
    while (link.url.ends_with('/'))
      link.url.pop_back();
    link.url += "/r/" + randomRoom() + fragment;
  }
  RoomServers out;
  const Time began = driver::readClock();
  Room room;
  const auto joined = room.join(link.url, options).get();
  out.took = driver::readClock() - began;
  if (joined) {
    out.joined = true;
    out.servers = room.iceServers();
  } else {
    out.problem = joined.error().message;
    out.refused = joined.error().name == ErrorName::NotAllowedError;
  }
  room.leave();
  return out;
}

}  // namespace parley::cli
