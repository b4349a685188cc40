// One WebSocket of signalling, over Beast: text messages in and out, nothing of what they mean.
//
// Bounds: a message of more than `messageBytes` is reported and not read on; more than kMaxUnsent
// waiting to be sent drops the socket (the member can resume); a closing handshake that takes
// longer than kCloseTime is cut. Events come from the io_context's thread, never from within a
// call.
#pragma once

#include <memory>
#include <string>

#include "base/time.h"
#include "server/http/request_head.h"
#include "server/http/stream.h"
#include "signal/ice_servers.h"

namespace parley::server {

class SessionEvents {
 public:
  virtual void sessionOpened(signal::ConnectionId id) = 0;
  virtual void sessionText(signal::ConnectionId id, std::string_view text) = 0;
  virtual void sessionBinary(signal::ConnectionId id) = 0;
  virtual void sessionTooLarge(signal::ConnectionId id) = 0;
  virtual void sessionAlive(signal::ConnectionId id) = 0;
  // The last event of each session, also of one that never opened.
  virtual void sessionClosed(signal::ConnectionId id) = 0;

 protected:
  ~SessionEvents() = default;
};

struct SessionOptions {
  std::size_t messageBytes = 65536;
  Duration silence = 100s;  // after half of it a ping is sent, after all of it the socket is cut
};

class WebSocketSession {
 public:
  static constexpr std::size_t kMaxUnsent = 1024 * 1024;
  static constexpr Duration kCloseTime = 5s;

  virtual ~WebSocketSession() = default;
  virtual void send(std::string text) = 0;
  // Sends what waits, then the close frame.
  virtual void close(std::uint16_t code, const std::string& reason) = 0;
  virtual void abort() = 0;

  // Answers the upgrade in `head` (which routing has accepted) and begins to read. The session
  // keeps itself alive until sessionClosed.
  static std::shared_ptr<WebSocketSession> start(Stream stream, const RequestHead& head,
                                                 signal::ConnectionId id, SessionEvents& events,
                                                 const SessionOptions& options);
};

}  // namespace parley::server
