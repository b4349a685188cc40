// A TCP connection with or without TLS as an AsyncStream for Beast.
//
// TLS is the driver's sans-IO session, so an idle connection holds no buffers: reading waits for
// the socket to be readable and then decrypts through one scratch buffer that all share. Operations
// complete through Completion: nothing here is compiled anew for each handler.
//
// One read and one write at a time. Destroying or close()ing fails what is pending with
// operation_aborted. All on the thread that runs the io_context.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/role.hpp>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "driver/tls_session.h"
#include "server/http/asio.h"
#include "server/http/completion.h"

namespace parley::server {

class Stream {
 public:
  using executor_type = Executor;
  static constexpr std::size_t kMaxBuffers = 8;  // of one write; more are left for the next

  // Without a context: plain TCP.
  Stream(TcpSocket socket, std::shared_ptr<const driver::TlsContext> tls);
  ~Stream();
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept = delete;

  executor_type get_executor() const noexcept;
  TcpSocket& socket();

  // Bytes that were read already and come first in the next reads: raw ones (ciphertext when
  // there is TLS) before anything was read here, plain ones at any time.
  void unreadRaw(ConstBytes bytes);
  void unread(ConstBytes bytes);
  // The first byte was no TLS record: what follows is read and written as it is.
  bool plainOnTls() const;

  void readSome(Bytes into, Completion done);
  void writeSome(std::span<const asio::const_buffer> buffers, Completion done);
  // close_notify (if TLS) and FIN; reading goes on. Done when sent.
  void shutdownSend(Completion done);
  void close();

  // The AsyncReadStream and AsyncWriteStream of Asio.
  template <class MutableBuffers, class Handler>
  auto async_read_some(const MutableBuffers& buffers, Handler&& handler) {
    return asio::async_initiate<Handler, void(IoError, std::size_t)>(
        [this](auto&& h, const MutableBuffers& b) {
          readSome(firstOf(b), Completion::of(std::forward<decltype(h)>(h)));
        },
        handler, buffers);
  }
  template <class ConstBuffers, class Handler>
  auto async_write_some(const ConstBuffers& buffers, Handler&& handler) {
    return asio::async_initiate<Handler, void(IoError, std::size_t)>(
        [this](auto&& h, const ConstBuffers& b) {
          std::array<asio::const_buffer, kMaxBuffers> few;
          std::size_t n = 0;
          for (auto it = asio::buffer_sequence_begin(b);
               it != asio::buffer_sequence_end(b) && n < few.size(); ++it) {
            const asio::const_buffer one = *it;
            if (one.size() > 0) few[n++] = one;
          }
          writeSome({few.data(), n}, Completion::of(std::forward<decltype(h)>(h)));
        },
        handler, buffers);
  }

 private:
  template <class MutableBuffers>
  static Bytes firstOf(const MutableBuffers& buffers) {
    for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers);
         ++it) {
      const asio::mutable_buffer one = *it;
      if (one.size() > 0) return {static_cast<std::uint8_t*>(one.data()), one.size()};
    }
    return {};
  }

  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// What Beast's WebSocket calls when it is done with a connection, found by argument.
void beast_close_socket(Stream& stream);
void teardown(boost::beast::role_type role, Stream& stream, IoError& error);
template <class Handler>
void async_teardown(boost::beast::role_type /*role*/, Stream& stream, Handler&& handler) {
  stream.shutdownSend(Completion::of(
      [h = std::forward<Handler>(handler)](IoError error, std::size_t) mutable { h(error); }));
}

}  // namespace parley::server
