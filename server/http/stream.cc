#include "server/http/stream.h"

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <string>

#include "base/check.h"

namespace parley::server {

using driver::TlsSession;

namespace {

constexpr std::size_t kScratch = 18 * 1024;  // one TLS record of the largest size

// Shared by all streams of the thread; only used within one call.
Bytes scratch() {
  static thread_local std::array<std::uint8_t, kScratch> buffer;
  return buffer;
}

IoError tlsError() {
  return {EPROTO, boost::system::generic_category()};
}

// RFC 8446 section 5.1: a connection begins with a handshake record, 0x16. HTTP begins with a
// letter.
bool looksLikeHttp(std::uint8_t first) {
  return first >= 'A' && first <= 'z';
}

// A sequence that Asio may copy; it does not own the bytes.
struct FewBuffers {
  using value_type = asio::const_buffer;
  using const_iterator = const asio::const_buffer*;
  std::array<asio::const_buffer, Stream::kMaxBuffers> buffers;
  std::size_t count;
  const_iterator begin() const { return buffers.data(); }
  const_iterator end() const { return buffers.data() + count; }
};

}  // namespace

struct Stream::Impl : std::enable_shared_from_this<Stream::Impl> {
  explicit Impl(TcpSocket s) : socket(std::move(s)) {}

  void read(Bytes into, Completion done);
  void pump();
  bool pumpTls();
  void waitReadable();
  void receive();
  void flush();
  void serveFromSession();
  void finishRead(IoError error, std::size_t n);
  void finishWrite(IoError error);

  TcpSocket socket;
  std::optional<TlsSession> tls;
  std::string rawFirst;  // ciphertext that was read before us
  std::string plainFirst;
  bool sawFirstByte = false;
  bool plainOnTls = false;
  bool closed = false;
  bool flushing = false;
  bool reading = false;  // a wait for readability is pending
  bool sendEnded = false;

  Bytes readInto;
  Completion readDone;
  Completion writeDone;  // TLS: when all output is sent
  std::size_t written = 0;
};

void Stream::Impl::finishRead(IoError error, std::size_t n) {
  readInto = {};
  // Never from within the call that started it.
  asio::post(socket.get_executor(), [done = std::move(readDone), error, n]() mutable {
    if (done) done(error, n);
  });
}

void Stream::Impl::finishWrite(IoError error) {
  const std::size_t n = error ? 0 : written;
  written = 0;
  asio::post(socket.get_executor(), [done = std::move(writeDone), error, n]() mutable {
    if (done) done(error, n);
  });
}

void Stream::Impl::read(Bytes into, Completion done) {
  PARLEY_CHECK(!readDone);
  readInto = into;
  readDone = std::move(done);
  pump();
}

// Serves the pending read from what is there, or waits for more.
void Stream::Impl::pump() {
  if (!readDone) return;
  if (closed) return finishRead(asio::error::operation_aborted, 0);
  if (readInto.empty()) return finishRead({}, 0);
  if (!plainFirst.empty()) {
    const std::size_t n = std::min(readInto.size(), plainFirst.size());
    std::copy_n(plainFirst.begin(), n, readInto.begin());
    plainFirst.erase(0, n);
    if (plainFirst.empty()) plainFirst = {};
    return finishRead({}, n);
  }
  if (tls && pumpTls()) return;
  waitReadable();
}

// True when the read is finished or there is no more to wait for.
bool Stream::Impl::pumpTls() {
  if (!rawFirst.empty()) {
    const std::string raw = std::exchange(rawFirst, {});
    if (!sawFirstByte && looksLikeHttp(static_cast<std::uint8_t>(raw.front()))) {
      tls.reset();
      plainOnTls = true;
      plainFirst = raw;
      pump();
      return true;
    }
    sawFirstByte = true;
    tls->feed(asBytes(raw));
  }
  const std::size_t n = tls->read(readInto);
  flush();
  if (n > 0) {
    finishRead({}, n);
    return true;
  }
  switch (tls->state()) {
    case TlsSession::State::PeerClosed:
      finishRead(asio::error::eof, 0);
      return true;
    case TlsSession::State::Failed:
      finishRead(tlsError(), 0);
      return true;
    case TlsSession::State::Open:
      if (tls->output().empty()) tls->releaseBuffers();
      return false;
    case TlsSession::State::Handshake:
      return false;
  }
  return false;
}

void Stream::Impl::waitReadable() {
  if (reading) return;
  reading = true;
  socket.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](IoError error) {
    self->reading = false;
    if (self->closed || error) {
      if (self->readDone) self->finishRead(error ? error : asio::error::operation_aborted, 0);
      return;
    }
    self->receive();
  });
}

void Stream::Impl::receive() {
  if (!readDone) return;
  const Bytes buffer = tls ? scratch() : readInto;
  IoError error;
  const std::size_t n = socket.read_some(asio::mutable_buffer(buffer.data(), buffer.size()), error);
  if (error == asio::error::would_block || error == asio::error::try_again) return waitReadable();
  if (!tls) return finishRead(error, n);
  if (error == asio::error::eof) {
    tls->feedEof();
  } else if (error) {
    return finishRead(error, 0);
  } else {
    rawFirst.assign(asText(buffer.first(n)));
  }
  pump();
}

// The session stops decrypting while too much waits to be sent; what it holds may be read now.
void Stream::Impl::serveFromSession() {
  if (!readDone || !reading) return;  // pump() is at work, or nobody reads
  const std::size_t n = tls->read(readInto);
  if (n > 0) return finishRead({}, n);
  if (tls->state() == TlsSession::State::Open) tls->releaseBuffers();
}

// One writer of ciphertext at a time; handshake messages and application data share it.
void Stream::Impl::flush() {
  if (flushing || closed) return;
  const ConstBytes out = tls->output();
  if (out.empty()) {
    if (writeDone) finishWrite({});
    serveFromSession();
    return;
  }
  flushing = true;
  socket.async_write_some(asio::const_buffer(out.data(), out.size()),
                          [self = shared_from_this()](IoError error, std::size_t n) {
                            self->flushing = false;
                            if (error || self->closed) {
                              if (self->writeDone)
                                self->finishWrite(error ? error : asio::error::operation_aborted);
                              return;
                            }
                            self->tls->consumeOutput(n);
                            self->flush();
                          });
}

Stream::Stream(TcpSocket socket, std::shared_ptr<const driver::TlsContext> tls)
    : impl_(std::make_shared<Impl>(std::move(socket))) {
  IoError ignored;
  impl_->socket.non_blocking(true, ignored);
  impl_->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls) impl_->tls.emplace(std::move(tls));
}

Stream::~Stream() {
  if (impl_) close();
}

Stream::Stream(Stream&&) noexcept = default;

Stream::executor_type Stream::get_executor() const noexcept {
  return impl_->socket.get_executor();
}

TcpSocket& Stream::socket() {
  return impl_->socket;
}

void Stream::unreadRaw(ConstBytes bytes) {
  (impl_->tls ? impl_->rawFirst : impl_->plainFirst).append(asText(bytes));
}

void Stream::unread(ConstBytes bytes) {
  impl_->plainFirst.insert(0, asText(bytes));
}

bool Stream::plainOnTls() const {
  return impl_->plainOnTls;
}

void Stream::readSome(Bytes into, Completion done) {
  impl_->read(into, std::move(done));
}

void Stream::writeSome(std::span<const asio::const_buffer> buffers, Completion done) {
  Impl& impl = *impl_;
  PARLEY_CHECK(!impl.writeDone);
  if (!impl.tls) {
    FewBuffers few{{}, buffers.size()};
    std::copy(buffers.begin(), buffers.end(), few.buffers.begin());
    impl.socket.async_write_some(
        few, [done = std::move(done)](IoError error, std::size_t n) mutable { done(error, n); });
    return;
  }
  impl.writeDone = std::move(done);
  if (impl.closed) return impl.finishWrite(asio::error::operation_aborted);
  for (const asio::const_buffer& one : buffers) {
    const ConstBytes bytes{static_cast<const std::uint8_t*>(one.data()), one.size()};
    const std::size_t n = impl.tls->write(bytes);
    impl.written += n;
    if (n < bytes.size()) break;
  }
  if (impl.written == 0 && !buffers.empty()) return impl.finishWrite(tlsError());
  impl.flush();
}

void Stream::shutdownSend(Completion done) {
  Impl& impl = *impl_;
  auto finish = [self = impl_, done = std::move(done)](IoError error, std::size_t) mutable {
    IoError ignored;
    self->socket.shutdown(asio::socket_base::shutdown_send, ignored);
    done(error, 0);
  };
  if (impl.tls && !impl.closed && !impl.writeDone) {
    impl.tls->shutdown();
    impl.writeDone = Completion::of(std::move(finish));
    impl.flush();
    return;
  }
  asio::post(impl.socket.get_executor(),
             [finish = std::move(finish)]() mutable { finish(IoError{}, 0); });
}

void Stream::close() {
  Impl& impl = *impl_;
  if (impl.closed) return;
  impl.closed = true;
  IoError ignored;
  impl.socket.close(ignored);
  if (impl.readDone && !impl.reading) impl.finishRead(asio::error::operation_aborted, 0);
  if (impl.writeDone && !impl.flushing) impl.finishWrite(asio::error::operation_aborted);
}

void beast_close_socket(Stream& stream) {
  stream.close();
}

void teardown(boost::beast::role_type, Stream& stream, IoError& error) {
  stream.close();
  error = {};
}

}  // namespace parley::server
