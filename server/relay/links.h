// The two kinds of links of a shard: UDP ports (listening and relay sockets) and the connections
// of TCP and TLS clients, cut into messages. They move bytes and know nothing of TURN's meaning.
#pragma once

#include <memory>

#include "driver/stream.h"
#include "driver/udp_socket.h"
#include "net/train.h"
#include "turn/stream_framer.h"

namespace parley::server {

class Connection;

// What a LinkId leads to: exactly one of the two is set.
struct Link {
  LinkId id;
  const driver::UdpSocket* socket = nullptr;
  Connection* connection = nullptr;
};

class UdpPort final : public Link, private driver::Loop::Handler {
 public:
  enum class Role : std::uint8_t {
    Clients,   // STUN and TURN
    StunOnly,  // Binding requests and nothing else
    Relay,     // peers of one allocation
  };
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void handleUdpReady(UdpPort& port) = 0;
  };

  static Result<std::unique_ptr<UdpPort>> open(driver::Loop& loop, Owner& owner, Role role,
                                               driver::UdpSocket socket);
  ~UdpPort() override;
  UdpPort(const UdpPort&) = delete;
  UdpPort& operator=(const UdpPort&) = delete;

  Role role() const { return role_; }
  const driver::UdpSocket& udp() const { return socket_; }
  // No further news; the socket stays until destruction, which must wait for the round's end.
  void unwatch() { loop_.unwatch(watch_); }

 private:
  UdpPort(driver::Loop& loop, Owner& owner, Role role, driver::UdpSocket socket);
  void handleReady(driver::Ready) override { owner_.handleUdpReady(*this); }

  driver::Loop& loop_;
  Owner& owner_;
  Role role_;
  driver::UdpSocket socket_;
  driver::Loop::Watch watch_;
};

// A client on a stream. It is given kIdle to complete a message, and as long again after each,
// until it has an allocation, whose own life then counts.
class Connection final : public Link, private driver::Stream::Owner {
 public:
  static constexpr Duration kIdle = 30s;

  class Owner {
   public:
    virtual ~Owner() = default;
    // One message, its bytes valid until handleMessagesEnd().
    virtual void handleMessage(Connection& connection, const Train& message) = 0;
    virtual void handleMessagesEnd() = 0;
    // The client is gone or was sent away (`failed`): no message comes after it. Comes again when
    // a stream that still had something to send is closed. The connection may be destroyed at the
    // end of the round in which its stream is closed.
    virtual void handleConnectionGone(Connection& connection, bool failed) = 0;
  };

  static Result<std::unique_ptr<Connection>> open(driver::Loop& loop, Owner& owner,
                                                  driver::StreamBuffers& buffers,
                                                  driver::Descriptor fd,
                                                  std::optional<driver::TlsSession> tls);

  // To be called once the link has its id.
  void setId(LinkId linkId);
  const Path& path() const { return path_; }
  driver::Stream& stream() { return *stream_; }
  bool gone() const { return gone_; }

  void allocationMade();
  void allocationEnded();

  // The shard's notes.
  IpAddress admitted;
  bool flushPending = false;
  bool buried = false;

 private:
  Connection(driver::Loop& loop, Owner& owner) : loop_(loop), owner_(owner) {}
  void handleStreamBytes(driver::Stream& stream, Bytes bytes) override;
  void handleStreamEnd(driver::Stream& stream) override;
  void handleStreamClosed(driver::Stream& stream, driver::StreamEnd why) override;
  void leave(bool failed);
  void sendAway();
  void touch();

  driver::Loop& loop_;
  Owner& owner_;
  std::unique_ptr<driver::Stream> stream_;
  turn::StreamFramer framer_;
  Path path_;
  std::uint32_t allocations_ = 0;
  bool started_ = false;
  bool gone_ = false;
};

}  // namespace parley::server
