// The client's end of a WebSocket (RFC 6455) without I/O: bytes in and out, text messages and the
// end as events. For signalling only: no binary messages, no extensions, no subprotocol.
//
// Bounded: the answer to the handshake kMaxHead bytes, a message kMaxMessage (1009 above). A server
// that breaks the protocol ends it with 1002, with 1003 by a binary message, with 1007 by text that
// is not UTF-8; nothing is read after the end.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/random.h"

namespace parley::room {

class WebSocket {
 public:
  static constexpr std::size_t kMaxHead = 16 * 1024;
  static constexpr std::size_t kMaxMessage = 262'144;

  struct Opened {};
  struct Text {
    std::string text;
  };
  // The connection is to be closed. code: the other side's, 1005 when it gave none, ours when it
  // broke the protocol, 1006 before Opened; httpStatus: of a refused handshake. reason: without
  // control characters, whatever the server wrote.
  struct Closed {
    std::uint16_t code = 1006;
    int httpStatus = 0;
    std::string reason;
  };
  using Event = std::variant<Opened, Text, Closed>;

  // The handshake is the first output.
  WebSocket(const std::string& authority, const std::string& path, RandomSource& random);

  void feed(ConstBytes bytes);
  std::optional<Event> pollEvent();
  std::string takeOutput() { return std::exchange(output_, {}); }

  // After Opened, until close().
  void sendText(std::string_view text);
  // The other side's answer ends it.
  void close(std::uint16_t code);

 private:
  enum class State : std::uint8_t { Handshake, Open, Closing, Closed };
  struct Frame {
    bool fin = false;
    std::uint8_t opcode = 0;
    std::string_view payload;
  };

  bool readHead();
  bool readFrame();
  void handleFrame(const Frame& frame);
  void handleControl(const Frame& frame);
  void handleClose(std::string_view payload);
  void sendFrame(std::uint8_t opcode, std::string_view payload);
  void fail(std::uint16_t code, std::string reason);
  void end(Closed event);

  RandomSource& random_;
  State state_ = State::Handshake;
  std::string expectedAccept_;
  std::string input_;
  std::string message_;
  bool inMessage_ = false;
  std::string output_;
  std::deque<Event> events_;
};

}  // namespace parley::room
