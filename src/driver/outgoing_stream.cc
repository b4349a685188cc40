#include "driver/outgoing_stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "driver/socket_address.h"

namespace parley::driver {
namespace {

constexpr const char* kConnect = "connect to the server";

}  // namespace

OutgoingStream::OutgoingStream(Loop& loop, Owner& owner, StreamBuffers& buffers,
                               OutgoingOptions options)
    : loop_(loop),
      owner_(&owner),
      buffers_(buffers),
      options_(std::move(options)),
      timer_(loop.addTimer(*this)) {}

OutgoingStream::~OutgoingStream() {
  stopWaiting();
  loop_.removeTimer(timer_);
}

Result<std::unique_ptr<OutgoingStream>> OutgoingStream::connect(Loop& loop, Owner& owner,
                                                                StreamBuffers& buffers,
                                                                OutgoingOptions options) {
  std::unique_ptr<OutgoingStream> out(new OutgoingStream(loop, owner, buffers, std::move(options)));
  const OutgoingOptions& o = out->options_;
  const int family = o.remote.family() == Family::V4 ? AF_INET : AF_INET6;
  out->fd_ = Descriptor(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!out->fd_) return Error{ErrorCode::System, "open a TCP socket", errno};
  if (o.local && o.local->family() == o.remote.family()) {
    const SocketAddress from = toSocketAddress(Address(*o.local, 0));
    if (::bind(out->fd_.get(), from.get(), from.length) != 0)
      return Error{ErrorCode::System, "bind a TCP socket", errno};
  }
  const SocketAddress to = toSocketAddress(o.remote);
  if (::connect(out->fd_.get(), to.get(), to.length) != 0 && errno != EINPROGRESS)
    return Error{ErrorCode::System, kConnect, errno};
  // Also when it is connected already: the answer comes in a later round.
  const auto watch = loop.watch(out->fd_.get(), kWritable, *out);
  if (!watch) return watch.error();
  out->watch_ = watch.value();
  loop.setTimer(out->timer_, loop.now() + o.connectTimeout);
  return out;
}

Path OutgoingStream::path() const {
  if (stream_ == nullptr) return {};
  return {link, stream_->transport(), stream_->local(), stream_->remote()};
}

void OutgoingStream::stopWaiting() {
  loop_.unwatch(watch_);
  loop_.setTimer(timer_, kNever);
}

void OutgoingStream::handleReady(Ready) {
  int code = 0;
  socklen_t size = sizeof code;
  if (::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0) code = errno;
  stopWaiting();
  if (code != 0) return fail({ErrorCode::System, kConnect, code});
  connected();
}

void OutgoingStream::handleTimer() {
  stopWaiting();
  fail({ErrorCode::TimedOut, kConnect});
}

void OutgoingStream::connected() {
  std::optional<TlsSession> session;
  if (options_.tls) {
    if (options_.serverName.empty()) options_.serverName = options_.remote.ip().toString();
    session.emplace(options_.tls, options_.serverName);
  }
  const bool plain = !session;
  auto made =
      Stream::make(loop_, *this, buffers_, std::move(fd_), std::move(session), options_.limits);
  if (!made) return fail(made.error());
  stream_ = std::move(made).value();
  if (plain) handleStreamReady(*stream_);
}

void OutgoingStream::handleStreamReady(Stream&) {
  if (opened_ || failed_) return;
  opened_ = true;
  if (owner_ != nullptr) owner_->handleStreamOpened(*this);
}

void OutgoingStream::handleStreamBytes(Stream&, Bytes bytes) {
  if (owner_ != nullptr) owner_->handleStreamBytes(*this, bytes);
}

void OutgoingStream::handleStreamEnd(Stream& stream) {
  stream.close();
  fail({ErrorCode::Closed, "the server closed the connection"});
}

void OutgoingStream::handleStreamClosed(Stream& stream, StreamEnd why) {
  switch (why) {
    case StreamEnd::PeerClosed:
      return fail({ErrorCode::Closed, "the server closed the connection"});
    case StreamEnd::Reset:
      return fail({ErrorCode::Closed, "the connection broke"});
    case StreamEnd::TlsFailed:
      return fail(stream.tlsError().value_or(Error{ErrorCode::Crypto, "TLS"}));
    case StreamEnd::HandshakeTimeout:
      return fail({ErrorCode::TimedOut, "TLS handshake"});
    case StreamEnd::Stalled:
      return fail({ErrorCode::TimedOut, "the server takes no more bytes"});
    case StreamEnd::Idle:
      return fail({ErrorCode::TimedOut, "nothing came over the connection"});
    case StreamEnd::Overflow:
      return fail({ErrorCode::Limit, "bytes waiting for the server",
                   static_cast<std::int32_t>(options_.limits.queueBytes)});
  }
}

void OutgoingStream::fail(const Error& error) {
  if (failed_) return;
  failed_ = true;
  if (owner_ != nullptr) owner_->handleStreamFailed(*this, error);
}

}  // namespace parley::driver
