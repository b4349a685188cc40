// A path: which of the driver's sockets or streams bytes came by or go out by, and the transport
// addresses of its two ends. A value; it owns nothing.
#pragma once

#include <cstdint>
#include <functional>

#include "base/strong_id.h"
#include "net/address.h"

namespace parley {

enum class Transport : std::uint8_t { Udp, Tcp, Tls, Dtls };

constexpr bool isStream(Transport t) {
  return t == Transport::Tcp || t == Transport::Tls;
}

// The driver's name for a socket (datagrams) or a connection (streams). Never reused while the
// driver lives: an engine may hold one that is gone, and sending to it is dropped.
using LinkId = StrongId<struct LinkTag, std::uint64_t>;

struct Path {
  LinkId link;
  Transport transport = Transport::Udp;
  Address local;
  Address remote;
  friend constexpr auto operator<=>(const Path&, const Path&) = default;
};

}  // namespace parley

template <>
struct std::hash<parley::Path> {
  std::size_t operator()(const parley::Path& p) const noexcept {
    return parley::hashValue(p.remote) * 31 + parley::hashValue(p.local) * 7 +
           std::hash<parley::LinkId>{}(p.link);
  }
};
