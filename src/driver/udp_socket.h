// A bound UDP socket, non-blocking. It does not read or write: UdpReceiver and UdpSender do, with
// buffers that a shard's sockets share. IPv6 sockets take IPv6 only.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "driver/descriptor.h"
#include "net/address.h"

namespace parley::driver {

// Ports of a range, tried from one that the caller chose at random.
struct PortRange {
  std::uint16_t first = 0;  // 0: any port, the system's choice
  std::uint16_t last = 0;
};

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

  // The first free port of the range, beginning `start` ports into it and going round; InUse when
  // none is, Invalid for a range that is none.
  static Result<UdpSocket> bindInRange(const IpAddress& ip, PortRange range, std::uint32_t start,
                                       const UdpOptions& options = {});
  // For multicast DNS (RFC 6762 section 5.2 and 11): port 5353 of the family, shared with the
  // system's own responder, joined to 224.0.0.251 or ff02::fb on the interface that has this
  // address, with a hop limit of 255. Messages go out by that interface; one socket for each.
  static Result<UdpSocket> bindMdns(const IpAddress& ofInterface, unsigned interfaceIndex);
  static Address mdnsGroup(Family family);

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
