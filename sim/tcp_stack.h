// The TCP side of a simulated host: its listeners and connections by their addresses. Packets come
// in by handlePacket(), go out by the function it was given; users hear of their streams as a
// StreamUser, from within the event queue.
//
// Bytes are mutable and valid during the call only. A user may send, close and abort from within
// any of its calls. After onStreamClosed nothing more is heard of that stream.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "base/random.h"
#include "base/result.h"
#include "net/path.h"
#include "sim/event_queue.h"
#include "sim/tcp_connection.h"

namespace parley::sim {

class StreamUser {
 public:
  virtual ~StreamUser() = default;
  // Connected, or accepted by a listener.
  virtual void onStreamOpened(const Path& path) = 0;
  virtual void onStreamData(const Path& path, Bytes bytes) = 0;
  virtual void onStreamClosed(const Path& path, StreamEnd why) = 0;
};

class TcpStack {
 public:
  // Of one host; a SYN beyond it is dropped, a connect refused.
  static constexpr std::size_t kMaxConnections = 4096;

  using SendPacket = std::function<void(Packet&&)>;
  using NextLink = std::function<LinkId()>;

  TcpStack(EventQueue& events, RandomSource& random, SendPacket send, NextLink nextLink);

  Status listen(const Address& local, StreamUser& user);
  void unlisten(const Address& local) { listeners_.erase(local); }
  // Opens are heard by onStreamOpened, failures by onStreamClosed.
  Result<Path> connect(const Address& local, const Address& remote, StreamUser& user);

  // How much was taken; a stream that is gone takes nothing.
  std::size_t send(LinkId stream, ConstBytes bytes);
  std::size_t unacknowledged(LinkId stream) const;
  void finish(LinkId stream);
  void abort(LinkId stream);
  // Ends what this user listens to and holds, without a word to it: before it is destroyed.
  void leave(StreamUser& user);

  void handlePacket(const Packet& packet);
  std::size_t connections() const { return byEnds_.size(); }
  bool uses(const Address& local) const;

 private:
  struct Connection {
    Connection(EventQueue& events, TcpStack& stack, const Path& p, StreamUser& u,
               std::uint32_t initialSequence, bool connects)
        : path(p),
          machine(p.local, p.remote, initialSequence, connects),
          user(&u),
          alarm(events, [this, &stack] { stack.handleAlarm(path.link); }),
          known(connects) {}
    Path path;
    TcpConnection machine;
    StreamUser* user;
    Alarm alarm;
    bool known;  // its user has heard of it
    bool opened = false;
    bool telling = false;
  };
  using Ends = std::pair<Address, Address>;

  void handleAlarm(LinkId stream);
  std::shared_ptr<Connection> find(LinkId stream) const;
  std::shared_ptr<Connection> create(const Address& local, const Address& remote, StreamUser& user,
                                     bool connects);
  void refuse(const Packet& packet);
  // Tells the user and sends what is due, until there is nothing of either.
  void serve(const std::shared_ptr<Connection>& connection);
  void tell(Connection& connection);

  EventQueue& events_;
  RandomSource& random_;
  SendPacket send_;
  NextLink nextLink_;
  std::map<Address, StreamUser*> listeners_;
  std::map<Ends, std::shared_ptr<Connection>> byEnds_;
  std::map<LinkId, std::weak_ptr<Connection>> byLink_;
};

}  // namespace parley::sim
