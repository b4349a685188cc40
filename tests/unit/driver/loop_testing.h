// What the tests of loops and streams share: running a loop until something holds, and a plain
// TCP client.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <vector>

#include "driver/clock.h"
#include "driver/descriptor.h"
#include "driver/loop.h"
#include "driver/socket_address.h"

namespace parley::driver {

// Rounds until `done`; false after far longer than anything here takes.
template <class F>
bool runUntil(Loop& loop, F&& done) {
  const Time giveUp = readClock() + 20s;
  while (!done()) {
    if (readClock() > giveUp) return false;
    loop.runOnce(5ms);
  }
  return true;
}

class TcpClient {
 public:
  explicit TcpClient(const Address& to, int receiveBuffer = 0) {
    fd_ = Descriptor(
        ::socket(to.family() == Family::V4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receiveBuffer > 0) {
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof receiveBuffer);
    }
    const SocketAddress sa = toSocketAddress(to);
    EXPECT_EQ(::connect(fd_.get(), sa.get(), sa.length), 0);
    ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
  }
  int descriptor() const { return fd_.get(); }
  void send(ConstBytes bytes) {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // What has come; ended() afterwards says whether the stream is over.
  std::string receive(std::size_t most = SIZE_MAX) {
    std::string out;
    std::vector<char> room(64 * 1024);
    while (out.size() < most) {
      const auto n = ::recv(fd_.get(), room.data(), std::min(room.size(), most - out.size()), 0);
      ended_ = ended_ || n == 0 || (n < 0 && errno != EAGAIN);
      if (n <= 0) break;
      out.append(room.data(), static_cast<std::size_t>(n));
    }
    return out;
  }
  bool ended() const { return ended_; }
  void endSending() { ::shutdown(fd_.get(), SHUT_WR); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.reset();
  }
  void close() { fd_.reset(); }

 private:
  Descriptor fd_;
  bool ended_ = false;
};

}  // namespace parley::driver
