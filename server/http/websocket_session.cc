#include "server/http/websocket_session.h"

#include <boost/asio/post.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <optional>

namespace parley::server {
namespace {

namespace websocket = boost::beast::websocket;
namespace http = boost::beast::http;

constexpr std::size_t kReadChunk = 1024;     // what an idle socket holds for its next message
constexpr std::size_t kKeepCapacity = 4096;  // a larger message buffer is given back

class Session final : public WebSocketSession, public std::enable_shared_from_this<Session> {
 public:
  Session(Stream stream, signal::ConnectionId id, SessionEvents& events,
          const SessionOptions& options)
      : socket_(std::move(stream)), id_(id), events_(events), options_(options) {
    websocket::stream_base::timeout timeout{};
    timeout.handshake_timeout = kCloseTime;
    timeout.idle_timeout = options.silence;
    timeout.keep_alive_pings = true;
    socket_.set_option(timeout);
    socket_.read_message_max(0);  // counted here, so that an error message can go first
    socket_.auto_fragment(false);
    socket_.text(true);
  }

  void accept(const RequestHead& head) {
    // The handshake as Beast wants it: routing has looked at everything else.
    http::request<http::empty_body> request(http::verb::get, "/signal", 11);
    request.set(http::field::host, head.host);
    request.set(http::field::connection, "Upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, head.webSocketKey);
    socket_.control_callback([weak = weak_from_this()](websocket::frame_type kind, auto) {
      const auto self = weak.lock();
      if (!self || kind == websocket::frame_type::close) return;
      // Beast is in the middle of reading: the event waits for its turn.
      asio::post(self->socket_.get_executor(), [self] {
        if (!self->finished_) self->events_.sessionAlive(self->id_);
      });
    });
    socket_.async_accept(request, [self = shared_from_this()](IoError error) {
      if (error || self->aborted_) return self->finish();
      self->opened_ = true;
      self->events_.sessionOpened(self->id_);
      self->read();
    });
  }

  void send(std::string text) override {
    if (aborted_ || closeCode_) return;
    unsent_ += text.size();
    queue_.push_back(std::move(text));
    if (unsent_ > kMaxUnsent) return abort();
    write();
  }

  void close(std::uint16_t code, const std::string& reason) override {
    if (aborted_ || closeCode_) return;
    closeCode_ = code;
    closeReason_ = reason;
    timer_.emplace(socket_.get_executor());
    timer_->expires_after(kCloseTime);
    timer_->async_wait([self = shared_from_this()](IoError error) {
      if (!error) self->abort();
    });
    write();
  }

  void abort() override {
    if (aborted_) return;
    aborted_ = true;
    socket_.next_layer().close();
    if (opened_ && !reading_ && !writing_) {
      asio::post(socket_.get_executor(), [self = shared_from_this()] { self->finish(); });
    }
  }

 private:
  void read() {
    if (aborted_ || closeCode_) {
      if (aborted_ && !writing_) finish();
      return;
    }
    reading_ = true;
    message_.resize(used_ + std::max(kReadChunk, used_));
    socket_.async_read_some(asio::mutable_buffer(message_.data() + used_, message_.size() - used_),
                            [self = shared_from_this()](IoError error, std::size_t n) {
                              self->reading_ = false;
                              self->handleRead(error, n);
                            });
  }

  void handleRead(IoError error, std::size_t n) {
    if (error || aborted_) {
      // A close handshake of ours reads on by itself and ends in handleCloseDone().
      if (!aborted_ && closing_) return;
      aborted_ = true;
      socket_.next_layer().close();
      if (!writing_) finish();
      return;
    }
    used_ += n;
    if (closeCode_) return;
    if (used_ > options_.messageBytes) {
      events_.sessionTooLarge(id_);
      used_ = 0;
    } else if (n > 0 && socket_.got_binary()) {
      events_.sessionBinary(id_);
      used_ = 0;
    } else if (socket_.is_message_done()) {
      const std::size_t size = std::exchange(used_, 0);
      events_.sessionText(id_, std::string_view(message_.data(), size));
      if (message_.capacity() > kKeepCapacity) {
        message_ = {};
      }
    }
    read();
  }

  void write() {
    if (writing_ || aborted_ || !opened_) return;
    if (queue_.empty()) {
      if (closeCode_) startClose();
      return;
    }
    writing_ = true;
    const std::string& text = queue_.front();
    socket_.async_write(asio::const_buffer(text.data(), text.size()),
                        [self = shared_from_this()](IoError error, std::size_t) {
                          self->writing_ = false;
                          self->unsent_ -= self->queue_.front().size();
                          self->queue_.pop_front();
                          if (error && !self->aborted_) self->abort();
                          if (self->aborted_) {
                            if (!self->reading_) self->finish();
                            return;
                          }
                          self->write();
                        });
  }

  void startClose() {
    if (closing_) return;
    closing_ = true;
    writing_ = true;
    websocket::close_reason reason(static_cast<websocket::close_code>(*closeCode_));
    reason.reason.assign(closeReason_.data(),
                         std::min(closeReason_.size(), reason.reason.max_size()));
    socket_.async_close(reason, [self = shared_from_this()](IoError) {
      self->writing_ = false;
      self->aborted_ = true;
      self->socket_.next_layer().close();
      if (!self->reading_) self->finish();
    });
  }

  void finish() {
    if (finished_) return;
    finished_ = true;
    aborted_ = true;
    timer_.reset();
    queue_.clear();
    socket_.next_layer().close();
    events_.sessionClosed(id_);
  }

  websocket::stream<Stream, false> socket_;
  signal::ConnectionId id_;
  SessionEvents& events_;
  SessionOptions options_;
  std::string message_;
  std::size_t used_ = 0;
  std::deque<std::string> queue_;
  std::size_t unsent_ = 0;
  std::optional<std::uint16_t> closeCode_;
  std::string closeReason_;
  std::optional<SteadyTimer> timer_;
  bool opened_ = false;
  bool reading_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool aborted_ = false;
  bool finished_ = false;
};

}  // namespace

std::shared_ptr<WebSocketSession> WebSocketSession::start(Stream stream, const RequestHead& head,
                                                          signal::ConnectionId id,
                                                          SessionEvents& events,
                                                          const SessionOptions& options) {
  auto session = std::make_shared<Session>(std::move(stream), id, events, options);
  session->accept(head);
  return session;
}

}  // namespace parley::server
