// One TCP connection on a loop, plain or under TLS: bytes to its owner, messages from its
// owner into a bounded queue, time limits, half-close. It does not know what the bytes mean.
//
// Writing is by send() into the queue and flush(), which the owner calls once for many messages,
// at the latest at the end of the round. The owner must not destroy a stream within its callbacks;
// at the end of the round it may. After handleStreamClosed the stream is dead and all calls do
// nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "driver/loop.h"
#include "driver/stream_queue.h"
#include "driver/tls_session.h"
#include "net/path.h"

namespace parley::driver {

// Read buffers that all streams of a shard share.
class StreamBuffers {
 public:
  static constexpr std::size_t kBytes = 32 * 1024;
  Bytes received() { return {received_.get(), kBytes}; }
  Bytes plaintext() { return {plaintext_.get(), kBytes}; }

 private:
  std::unique_ptr<std::uint8_t[]> received_{new std::uint8_t[kBytes]};
  std::unique_ptr<std::uint8_t[]> plaintext_{new std::uint8_t[kBytes]};
};

struct StreamLimits {
  Duration handshake = 10s;  // of TLS
  Duration stall = 30s;      // without the other end taking anything of what waits
  Duration linger = 5s;      // after finish(), for the other end's close
  std::size_t mediaBytes = 256 * 1024;
  std::size_t queueBytes = 1024 * 1024;
};

enum class StreamEnd : std::uint8_t {
  PeerClosed,        // both directions ended in order
  Reset,             // the connection broke
  TlsFailed,         // handshake refused, record altered, or cut without close_notify
  HandshakeTimeout,  // TLS took too long
  Stalled,           // the other end took nothing for too long
  Idle,              // the owner's deadline passed
  Overflow,          // control messages reached the queue's limit
};

class Stream final : private Loop::Handler, private Loop::TimerHandler {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // TLS is established; does not come for plain TCP.
    virtual void handleStreamReady(Stream&) {}
    // Mutable, valid during the call.
    virtual void handleStreamBytes(Stream& stream, Bytes bytes) = 0;
    // The other end sends no more (and has said so under TLS). finish() is the usual answer.
    virtual void handleStreamEnd(Stream& stream) = 0;
    virtual void handleStreamClosed(Stream& stream, StreamEnd why) = 0;
  };
  // What detach() hands to another owner.
  struct Parts {
    Descriptor descriptor;
    std::optional<TlsSession> tls;
  };

  // Fails when the loop cannot watch the descriptor.
  static Result<std::unique_ptr<Stream>> make(Loop& loop, Owner& owner, StreamBuffers& buffers,
                                              Descriptor fd, std::optional<TlsSession> tls,
                                              const StreamLimits& limits);
  ~Stream() override;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void send(ConstBytes header, ConstBytes payload, std::size_t padding, Priority priority);
  void flush();
  // kNever: none.
  void setIdleDeadline(Time deadline);
  // Sends what waits, then closes our direction, then waits for the other's.
  void finish();
  // At once, without a callback.
  void close();
  // Takes the connection away from this stream, which is dead then. Only while no message of the
  // owner waits to be sent; the session's own output goes with it. Call it from handleStreamBytes,
  // whose bytes are the caller's to pass on.
  Parts detach();

  bool closed() const { return !watch_; }
  const Address& local() const { return local_; }
  const Address& remote() const { return remote_; }
  Transport transport() const { return tls_ ? Transport::Tls : Transport::Tcp; }
  // After StreamEnd::TlsFailed: why.
  std::optional<Error> tlsError() const;
  std::uint64_t droppedMessages() const { return queue_.dropped(); }
  std::size_t queuedBytes() const { return queue_.size(); }

 private:
  Stream(Loop& loop, Owner& owner, StreamBuffers& buffers, Descriptor fd,
         std::optional<TlsSession> tls, const StreamLimits& limits);
  void handleReady(Ready ready) override;
  void handleTimer() override;
  void readSome();
  void takeCiphertext(ConstBytes bytes);
  void takePlaintext();
  void noteReady();
  void takeEnd();
  void deliver(Bytes bytes);
  bool refillTls();
  void afterFlush(bool progress);
  bool nothingWaits() const;
  void sendFin();
  void end(StreamEnd why);
  void updateTimer();

  Loop& loop_;
  Owner& owner_;
  StreamBuffers& buffers_;
  Descriptor fd_;
  std::optional<TlsSession> tls_;
  StreamLimits limits_;
  StreamQueue queue_;
  Loop::Watch watch_;
  Loop::Timer timer_;
  Address local_;
  Address remote_;
  Time handshakeBy_ = kNever;
  Time idleBy_ = kNever;
  Time stalledAt_ = kNever;
  Time lingerUntil_ = kNever;
  bool endReceived_ = false;
  bool finishing_ = false;
  bool finSent_ = false;
};

}  // namespace parley::driver
