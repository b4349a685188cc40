#include "server/http/signal_service.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "crypto/random.h"
#include "server/clock.h"
#include "server/log.h"

namespace parley::server {

using signal::ConnectionId;

namespace {

// The hub gives a silent socket up by itself and says so; the socket's own time-out comes later,
// and its pings (at half) early enough to be answered.
constexpr Duration kSilenceMargin = 10s;

}  // namespace

SignalService::SignalService(asio::io_context& io, SignalOptions options)
    : keepLocks_(std::move(options.keepLocks)),
      ice_(std::move(options.ice)),
      random_(std::make_unique<crypto::SystemRandom>()),
      hub_(
          options.hub, *random_, rooms_,
          [this](const signal::IceRequest& request, WallTime wall) { return mint(request, wall); },
          std::move(options.tokens), now()),
      io_(io),
      timer_(io) {
  sessionOptions_.messageBytes = options.hub.messageBytes;
  sessionOptions_.silence = options.hub.idleAfter + kSilenceMargin;
}

SignalService::~SignalService() = default;

signal::IceServerList SignalService::mint(const signal::IceRequest& request, WallTime wall) const {
  const auto it = sessions_.find(request.connection);
  return ice_(it == sessions_.end() ? ClientRoute{} : it->second.route, request, wall);
}

void SignalService::accept(Stream stream, const RequestHead& head, const IpAddress& source,
                           ClientRoute route) {
  const ConnectionId id{++lastId_};
  Entry& entry = sessions_[id];
  entry.source = source;
  entry.route = std::move(route);
  entry.session = WebSocketSession::start(std::move(stream), head, id, *this, sessionOptions_);
}

void SignalService::shutdown() {
  hub_.shutdown(now());
  drain();
}

void SignalService::abortAll() {
  for (auto& [id, entry] : sessions_)
    entry.session->abort();
}

void SignalService::whenEmpty(std::function<void()> then) {
  whenEmpty_ = std::move(then);
  tellWhenEmpty();
}

void SignalService::tellWhenEmpty() {
  if (whenEmpty_ && sessions_.empty()) asio::post(io_, std::exchange(whenEmpty_, nullptr));
}

void SignalService::sessionOpened(ConnectionId id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return;
  it->second.opened = true;
  log::debug("signalling socket opened", {{"connection", id.value()}});
  hub_.handleOpened(id, it->second.source, now());
  drain();
}

void SignalService::sessionText(ConnectionId id, std::string_view text) {
  hub_.handleText(id, text, now(), wallNow());
  drain();
}

void SignalService::sessionBinary(ConnectionId id) {
  hub_.handleBinary(id, now());
  drain();
}

void SignalService::sessionTooLarge(ConnectionId id) {
  hub_.handleTooLarge(id, now());
  drain();
}

void SignalService::sessionAlive(ConnectionId id) {
  hub_.handleAlive(id, now());
  drain();
}

void SignalService::sessionClosed(ConnectionId id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return;
  const bool opened = it->second.opened;
  sessions_.erase(it);
  log::debug("signalling socket closed", {{"connection", id.value()}});
  if (opened) {
    hub_.handleClosed(id, now());
    drain();
  }
  tellWhenEmpty();
}

void SignalService::drain() {
  while (auto effect = hub_.pollEffect()) {
    if (auto* text = std::get_if<signal::SendText>(&*effect)) {
      const auto it = sessions_.find(text->connection);
      if (it != sessions_.end()) it->second.session->send(std::move(text->text));
    } else if (auto* close = std::get_if<signal::CloseConnection>(&*effect)) {
      const auto it = sessions_.find(close->connection);
      if (it != sessions_.end()) it->second.session->close(close->code, close->reason);
      if (!close->reason.empty()) {
        log::debug("signalling socket refused",
                   {{"connection", close->connection.value()}, {"code", close->reason}});
      }
    } else if (keepLocks_) {
      keepLocks_(hub_.lockDigests());
    }
  }
  armTimer();
}

void SignalService::armTimer() {
  const Time next = hub_.nextTimeout();
  if (next >= armedFor_ || next == kNever) return;  // an early wake-up is harmless
  armedFor_ = next;
  timer_.expires_after(std::max(next - now(), Duration{0}));
  timer_.async_wait([this](IoError error) {
    if (error) return;  // armed anew for an earlier time
    armedFor_ = kNever;
    hub_.handleTimeout(now(), wallNow());
    drain();
  });
}

}  // namespace parley::server
