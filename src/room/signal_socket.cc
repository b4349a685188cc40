#include "room/signal_socket.h"

namespace parley::room {

SignalSocket::SignalSocket(api::Shard& shard, Owner& owner, const RoomUrl& url,
                           std::shared_ptr<driver::TlsContext> tls, RandomSource& random)
    : shard_(shard),
      owner_(&owner),
      url_(url),
      tls_(std::move(tls)),
      socket_(url.authority(), url.base + "/signal", random) {
  const auto id = shard_.resolver().resolve(
      url_.host, [this](driver::Resolver::Id, const driver::Resolver::Answer& answer) {
        lookup_.reset();
        if (!answer)
          return ended(1006, 0, "look up " + url_.host + ": " + answer.error().describe());
        addresses_ = *answer;
        connectNext("no address");
      });
  // Too many lookups wait: the owner's own time limit ends what never begins.
  if (id) lookup_ = *id;
}

SignalSocket::~SignalSocket() {
  if (lookup_) shard_.resolver().cancel(*lookup_);
  if (!stream_) return;
  stream_->abandon();
  shard_.shared().bury(std::move(stream_));
}

void SignalSocket::connectNext(const std::string& lastError) {
  std::string why = lastError;
  while (nextAddress_ < addresses_.size()) {
    driver::OutgoingOptions options;
    options.remote = Address(addresses_[nextAddress_++], url_.port);
    if (url_.secure) {
      options.tls = tls_;
      options.serverName = url_.host;
    }
    auto stream = driver::OutgoingStream::connect(shard_.loop(), *this,
                                                  shard_.shared().streamBuffers(), options);
    if (stream) {
      if (stream_) shard_.shared().bury(std::move(stream_));
      stream_ = std::move(*stream);
      return;
    }
    why = stream.error().describe();
  }
  ended(1006, 0, why);
}

void SignalSocket::handleStreamOpened(driver::OutgoingStream& /*stream*/) {
  opened_ = true;
  flush();
}

void SignalSocket::handleStreamBytes(driver::OutgoingStream& /*stream*/, Bytes bytes) {
  socket_.feed(bytes);
  while (auto event = socket_.pollEvent()) {
    if (owner_ == nullptr) break;
    if (std::get_if<WebSocket::Opened>(&*event) != nullptr) {
      owner_->handleSocketOpened();
    } else if (auto* text = std::get_if<WebSocket::Text>(&*event)) {
      owner_->handleSocketText(std::move(text->text));
    } else if (const auto* closed = std::get_if<WebSocket::Closed>(&*event)) {
      flush();
      ended(closed->code, closed->httpStatus, closed->reason);
    }
  }
  flush();
}

void SignalSocket::handleStreamFailed(driver::OutgoingStream& /*stream*/, const Error& error) {
  if (opened_) return ended(1006, 0, error.describe());
  connectNext(error.describe());
}

void SignalSocket::sendText(std::string_view text) {
  socket_.sendText(text);
  flush();
}

void SignalSocket::close(std::uint16_t code) {
  owner_ = nullptr;
  socket_.close(code);
  flush();
  if (stream_ && stream_->stream() != nullptr) stream_->stream()->finish();
}

void SignalSocket::flush() {
  if (!opened_ || stream_->stream() == nullptr) return;
  const std::string bytes = socket_.takeOutput();
  if (bytes.empty()) return;
  stream_->stream()->send({}, asBytes(bytes), 0, driver::Priority::Control);
  stream_->stream()->flush();
}

void SignalSocket::ended(std::uint16_t code, int httpStatus, const std::string& why) {
  if (Owner* owner = std::exchange(owner_, nullptr))
    owner->handleSocketClosed(code, httpStatus, why);
}

}  // namespace parley::room
