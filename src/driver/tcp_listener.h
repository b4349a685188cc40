// Accepts TCP connections. A process without descriptors left neither spins nor lets clients hang:
// a descriptor held in reserve takes the connection and closes it.
#pragma once

#include <cstdint>
#include <memory>

#include "driver/loop.h"
#include "net/address.h"

namespace parley::driver {

// A bound socket that may become a listener; bound early, so that a port in use is known before
// anything starts.
class TcpSocket {
 public:
  // Port 0 takes a free one. InUse when another listener has it. shared: see UdpOptions.
  static Result<TcpSocket> bind(const Address& address, bool shared = false);
  Status share();
  const Address& local() const { return local_; }
  int descriptor() const { return fd_.get(); }

 private:
  TcpSocket(Descriptor fd, const Address& local) : fd_(std::move(fd)), local_(local) {}
  Descriptor fd_;
  Address local_;
};

class TcpListener final : private Loop::Handler, private Loop::TimerHandler {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Non-blocking and close-on-exec; dropping it refuses the client.
    virtual void handleAccepted(TcpListener& listener, Descriptor fd, const Address& remote) = 0;
    virtual void handleOutOfDescriptors(TcpListener& listener) = 0;
  };

  static Result<std::unique_ptr<TcpListener>> listen(Loop& loop, Owner& owner, TcpSocket socket);
  ~TcpListener() override;
  const Address& local() const { return socket_.local(); }

 private:
  TcpListener(Loop& loop, Owner& owner, TcpSocket socket);
  void handleReady(Ready ready) override;
  void handleTimer() override;
  void refuseOne();
  void pause();

  Loop& loop_;
  Owner& owner_;
  TcpSocket socket_;
  Descriptor reserve_;
  Loop::Watch watch_;
  Loop::Timer timer_;
};

}  // namespace parley::driver
