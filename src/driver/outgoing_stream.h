// A TCP connection that we open, plain or under TLS: connects with a time limit, shakes hands, and
// is a driver::Stream from then on. Names are resolved before (driver/resolver.h).
//
// Exactly one of handleStreamOpened() and handleStreamFailed() comes, and after the first at the
// end handleStreamFailed() too, with the reason in words. Never from within connect(). Bytes that
// are sent early wait. The owner must not destroy it within its callbacks (see Stream).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "driver/loop.h"
#include "driver/stream.h"
#include "driver/tls_context.h"

namespace parley::driver {

struct OutgoingOptions {
  Address remote{};
  std::optional<IpAddress> local{};   // where it leaves from; nothing: the system's choice
  std::shared_ptr<TlsContext> tls{};  // a client's context; null: plain TCP
  // For TLS: SNI, and what the certificate must be for. Empty: the remote address.
  std::string serverName{};
  Duration connectTimeout = 10s;
  StreamLimits limits{};
};

class OutgoingStream final : private Loop::Handler,
                             private Loop::TimerHandler,
                             private Stream::Owner {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void handleStreamOpened(OutgoingStream& stream) = 0;
    virtual void handleStreamBytes(OutgoingStream& stream, Bytes bytes) = 0;
    // It is dead. error.describe() is for people: "connect to the server: system error 111
    // (Connection refused)", "certificate has expired: unauthorized 10".
    virtual void handleStreamFailed(OutgoingStream& stream, const Error& error) = 0;
  };

  // Fails at once when there is no socket or no way to the address at all.
  static Result<std::unique_ptr<OutgoingStream>> connect(Loop& loop, Owner& owner,
                                                         StreamBuffers& buffers,
                                                         OutgoingOptions options);
  ~OutgoingStream() override;
  OutgoingStream(const OutgoingStream&) = delete;
  OutgoingStream& operator=(const OutgoingStream&) = delete;

  // Once opened; null before.
  Stream* stream() { return stream_.get(); }
  // As opened: local and remote address and the transport; the link is the owner's to fill in.
  Path path() const;
  bool opened() const { return opened_; }
  // No callbacks from now on.
  void abandon() { owner_ = nullptr; }

  LinkId link;  // the owner's note

 private:
  OutgoingStream(Loop& loop, Owner& owner, StreamBuffers& buffers, OutgoingOptions options);
  void handleReady(Ready ready) override;
  void handleTimer() override;
  void handleStreamReady(Stream& stream) override;
  void handleStreamBytes(Stream& stream, Bytes bytes) override;
  void handleStreamEnd(Stream& stream) override;
  void handleStreamClosed(Stream& stream, StreamEnd why) override;
  void connected();
  void stopWaiting();
  void fail(const Error& error);

  Loop& loop_;
  Owner* owner_;
  StreamBuffers& buffers_;
  OutgoingOptions options_;
  Descriptor fd_;
  Loop::Watch watch_;
  Loop::Timer timer_;
  std::unique_ptr<Stream> stream_;
  bool opened_ = false;
  bool failed_ = false;
};

}  // namespace parley::driver
