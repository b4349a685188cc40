// What the tests of UDP share.
#pragma once

#include <poll.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "driver/udp_receiver.h"
#include "driver/udp_sender.h"

namespace parley::driver {

inline constexpr LinkId kLink{7};
inline constexpr int kPatience = 20'000;  // ms; only a failing test waits so long

inline bool readable(int descriptor, int wait = kPatience) {
  pollfd p{descriptor, POLLIN, 0};
  return ::poll(&p, 1, wait) == 1;
}

inline UdpSocket bound(Family family = Family::V4, UdpOptions options = {}) {
  options.receiveBufferBytes = 4 * 1024 * 1024;
  return UdpSocket::bind(Address(IpAddress::loopback(family), 0), options).value();
}

inline std::vector<std::uint8_t> randomBytes(std::size_t n, std::uint64_t seed) {
  std::vector<std::uint8_t> out(n);
  SeededRandom(seed).fill(out);
  return out;
}

struct Received {
  std::vector<std::vector<std::uint8_t>> datagrams;
  std::size_t trains = 0;
  std::size_t longest = 0;
  Ecn ecn = Ecn::NotEct;
  Path path;
};

inline Received receive(UdpReceiver& receiver, const UdpSocket& socket, std::size_t count) {
  Received out;
  while (out.datagrams.size() < count && readable(socket.descriptor())) {
    for (const Train& t : receiver.receive(socket, kLink)) {
      ++out.trains;
      out.longest = std::max(out.longest, t.size());
      out.ecn = t.ecn();
      out.path = t.path();
      for (std::size_t i = 0; i < t.size(); ++i) {
        out.datagrams.emplace_back(t[i].begin(), t[i].end());
      }
    }
  }
  return out;
}

inline Path pathTo(const Address& to, const Address& from = {}) {
  return {kLink, Transport::Udp, from, to};
}

}  // namespace parley::driver
