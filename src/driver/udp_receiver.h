// Receives trains from UDP sockets into buffers that all sockets of a shard share: up to
// kMessages trains a system call, each with the address it was sent to, also on a socket bound to
// a wildcard, and its ECN bits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "driver/udp_socket.h"
#include "net/train.h"

namespace parley::driver {

class UdpReceiver {
 public:
  static constexpr std::size_t kMessages = 16;
  static constexpr std::size_t kMessageBytes = 65536;  // no UDP payload and no train is larger

  UdpReceiver();
  ~UdpReceiver();

  // What has come, at most kMessages trains; empty when there is nothing. The trains and their
  // bytes are valid until the next call. Fewer than kMessages usually means that the socket is
  // empty now.
  std::span<const Train> receive(const UdpSocket& socket, LinkId link);

  std::uint64_t truncated() const { return truncated_; }

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
  std::vector<Train> trains_;
  std::uint64_t truncated_ = 0;
};

}  // namespace parley::driver
