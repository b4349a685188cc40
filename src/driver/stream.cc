#include "driver/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"
#include "driver/socket_address.h"

namespace parley::driver {
namespace {

constexpr int kReadsARound = 4;  // so that one fast stream does not hold up the others
constexpr std::size_t kTlsChunk = 16 * 1024;
constexpr int kUnsentLimit = 64 * 1024;  // of the kernel's queue; the rest waits where it can drop

void setUpSocket(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef TCP_NOTSENT_LOWAT
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentLimit, sizeof kUnsentLimit);
#endif
}

bool wouldBlock(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == EINTR;
}

}  // namespace

Stream::Stream(Loop& loop, Owner& owner, StreamBuffers& buffers, Descriptor fd,
               std::optional<TlsSession> tls, const StreamLimits& limits)
    : loop_(loop),
      owner_(owner),
      buffers_(buffers),
      fd_(std::move(fd)),
      tls_(std::move(tls)),
      limits_(limits),
      queue_(limits.mediaBytes, limits.queueBytes),
      timer_(loop.addTimer(*this)),
      local_(localAddress(fd_.get())),
      remote_(remoteAddress(fd_.get())) {
  setUpSocket(fd_.get());
  if (tls_) handshakeBy_ = loop.now() + limits_.handshake;
  updateTimer();
}

Result<std::unique_ptr<Stream>> Stream::make(Loop& loop, Owner& owner, StreamBuffers& buffers,
                                             Descriptor fd, std::optional<TlsSession> tls,
                                             const StreamLimits& limits) {
  std::unique_ptr<Stream> stream(
      new Stream(loop, owner, buffers, std::move(fd), std::move(tls), limits));
  const auto watch = loop.watch(stream->fd_.get(), kReadable, *stream);
  if (!watch) return watch.error();
  stream->watch_ = watch.value();
  // A session handed over may have something to say.
  if (stream->tls_ && !stream->tls_->output().empty()) stream->flush();
  return stream;
}

Stream::~Stream() {
  close();
  loop_.removeTimer(timer_);
}

void Stream::close() {
  loop_.unwatch(watch_);
  loop_.setTimer(timer_, kNever);
  fd_.reset();
}

void Stream::end(StreamEnd why) {
  if (closed()) return;
  close();
  owner_.handleStreamClosed(*this, why);
}

Stream::Parts Stream::detach() {
  PARLEY_CHECK(!closed() && queue_.empty());
  loop_.unwatch(watch_);
  loop_.setTimer(timer_, kNever);
  return {std::move(fd_), std::exchange(tls_, std::nullopt)};
}

void Stream::handleReady(Ready ready) {
  if (ready.writable) flush();
  if (closed()) return;
  if (!endReceived_) {
    if (ready.readable || ready.failed) readSome();
  } else if (ready.failed) {
    end(finSent_ ? StreamEnd::PeerClosed : StreamEnd::Reset);
  }
}

void Stream::readSome() {
  for (int i = 0; i < kReadsARound && !closed() && !endReceived_; ++i) {
    Bytes room = buffers_.received();
    // The session takes all of this: it holds less than one record from before.
    if (tls_) room = room.first(std::min(room.size(), kTlsChunk));
    const auto n = ::recv(fd_.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (n < 0) {
      if (!wouldBlock(errno)) end(StreamEnd::Reset);
      return;
    }
    if (n == 0) {
      if (tls_) {
        tls_->feedEof();
        takePlaintext();
      }
      if (!closed()) takeEnd();
      return;
    }
    const Bytes bytes = room.first(static_cast<std::size_t>(n));
    if (tls_) {
      takeCiphertext(bytes);
    } else {
      deliver(bytes);
    }
    if (bytes.size() < room.size()) return;  // most likely there is no more
  }
}

void Stream::takeCiphertext(ConstBytes bytes) {
  PARLEY_CHECK(tls_->feed(bytes) == bytes.size());
  takePlaintext();
}

std::optional<Error> Stream::tlsError() const {
  if (!tls_ || tls_->state() != TlsSession::State::Failed) return std::nullopt;
  return tls_->error();
}

void Stream::noteReady() {
  const auto state = tls_->state();
  if (handshakeBy_ == kNever || state == TlsSession::State::Handshake ||
      state == TlsSession::State::Failed)
    return;
  handshakeBy_ = kNever;
  updateTimer();
  owner_.handleStreamReady(*this);
}

void Stream::takePlaintext() {
  while (!closed()) {
    const std::size_t n = tls_->read(buffers_.plaintext());
    noteReady();
    if (n == 0 || closed()) break;
    deliver(buffers_.plaintext().first(n));
  }
  if (closed()) return;
  if (tls_->state() == TlsSession::State::Failed) {
    flush();  // the alert
    return end(StreamEnd::TlsFailed);
  }
  flush();  // the handshake's and other answers of TLS itself
  if (!closed() && tls_->state() == TlsSession::State::PeerClosed) takeEnd();
}

void Stream::deliver(Bytes bytes) {
  if (finishing_) return;  // nobody wants it any more
  owner_.handleStreamBytes(*this, bytes);
}

void Stream::takeEnd() {
  if (endReceived_) return;
  endReceived_ = true;
  if (finSent_) return end(StreamEnd::PeerClosed);
  afterFlush(false);  // no longer watched for reading
  if (!finishing_) owner_.handleStreamEnd(*this);
}

void Stream::send(ConstBytes header, ConstBytes payload, std::size_t padding, Priority priority) {
  if (closed() || finishing_) return;
  if (!queue_.push(header, payload, padding, priority)) end(StreamEnd::Overflow);
}

// Gives TLS the next piece; false when there is none or it takes none yet.
bool Stream::refillTls() {
  const ConstBytes waiting = queue_.front();
  if (waiting.empty()) return false;
  const std::size_t n = tls_->write(waiting.first(std::min(waiting.size(), kTlsChunk)));
  queue_.pop(n);
  return n != 0;
}

void Stream::flush() {
  bool progress = false;
  while (!closed()) {
    // Only when the last piece is gone comes the next under TLS: what is encrypted cannot drop.
    if (tls_ && tls_->output().empty() && !refillTls()) break;
    const ConstBytes out = tls_ ? tls_->output() : queue_.front();
    if (out.empty()) break;
    const auto n = ::send(fd_.get(), out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
      if (wouldBlock(errno)) break;
      return end(StreamEnd::Reset);
    }
    progress = true;
    if (tls_) {
      tls_->consumeOutput(static_cast<std::size_t>(n));
    } else {
      queue_.pop(static_cast<std::size_t>(n));
    }
  }
  if (closed()) return;
  if (finishing_ && !finSent_ && nothingWaits()) sendFin();
  if (!closed()) afterFlush(progress);
}

bool Stream::nothingWaits() const {
  return queue_.empty() && (!tls_ || tls_->output().empty());
}

void Stream::afterFlush(bool progress) {
  const bool waits = tls_ ? !tls_->output().empty() : !queue_.empty();
  const Time stalledAt = !waits                             ? kNever
                         : progress || stalledAt_ == kNever ? loop_.now() + limits_.stall
                                                            : stalledAt_;
  if (stalledAt != stalledAt_) {
    stalledAt_ = stalledAt;
    updateTimer();
  }
  loop_.change(watch_, Ready{!endReceived_, waits, false});
}

void Stream::finish() {
  if (closed() || finishing_) return;
  finishing_ = true;
  lingerUntil_ = loop_.now() + limits_.linger;
  updateTimer();
  flush();
}

void Stream::sendFin() {
  finSent_ = true;
  if (tls_) {
    tls_->shutdown();
    const ConstBytes out = tls_->output();
    const auto n = ::send(fd_.get(), out.data(), out.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) tls_->consumeOutput(static_cast<std::size_t>(n));
  }
  ::shutdown(fd_.get(), SHUT_WR);
  if (endReceived_) end(StreamEnd::PeerClosed);
}

void Stream::setIdleDeadline(Time deadline) {
  if (closed()) return;
  idleBy_ = deadline;
  updateTimer();
}

void Stream::updateTimer() {
  loop_.setTimer(timer_, std::min({handshakeBy_, idleBy_, stalledAt_, lingerUntil_}));
}

void Stream::handleTimer() {
  const Time now = loop_.now();
  if (handshakeBy_ <= now) return end(StreamEnd::HandshakeTimeout);
  if (stalledAt_ <= now) return end(StreamEnd::Stalled);
  if (idleBy_ <= now) return end(StreamEnd::Idle);
  if (lingerUntil_ <= now) return end(StreamEnd::PeerClosed);
  updateTimer();
}

}  // namespace parley::driver
