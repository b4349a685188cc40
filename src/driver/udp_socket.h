// A bound UDP socket, non-blocking. It does not read or write: UdpReceiver and UdpSender do, with
// buffers that a shard's sockets share. IPv6 sockets take IPv6 only.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "driver/descriptor.h"
#include "net/address.h"

namespace parley::driver {

struct UdpOptions {
  bool shared = false;         // other sockets that say so too may bind the same address and port
  bool coalesce = true;        // receive trains (UDP GRO)
  bool errors = false;         // keep ICMP errors for readError()
  int receiveBufferBytes = 0;  // 0: the system's default
  int sendBufferBytes = 0;
};

// An ICMP error that came back for a datagram sent before.
struct UdpError {
  Address remote;         // where the datagram went
  int systemCode = 0;     // errno: ECONNREFUSED, EHOSTUNREACH, EMSGSIZE, …
  std::uint8_t type = 0;  // ICMP's; of ICMPv6 on an IPv6 socket
  std::uint8_t code = 0;
  std::uint32_t mtu = 0;  // with EMSGSIZE
};

class UdpSocket {
 public:
  // Port 0 takes a free one. InUse when another socket has it.
  static Result<UdpSocket> bind(const Address& address, const UdpOptions& options = {});

  // Lets sockets bound later with `shared` join this one. Binding the first without `shared` and
  // opening it afterwards makes a port that a stranger holds an error instead of a silent sharing.
  Status share();

  int descriptor() const { return fd_.get(); }
  const Address& local() const { return local_; }  // as bound: may be a wildcard
  bool wildcard() const { return local_.ip().isUnspecified(); }

  // The next error kept, oldest first.
  std::optional<UdpError> readError() const;

 private:
  UdpSocket(Descriptor fd, const Address& local) : fd_(std::move(fd)), local_(local) {}
  Descriptor fd_;
  Address local_;
};

}  // namespace parley::driver
