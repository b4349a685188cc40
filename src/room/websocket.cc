#include "room/websocket.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/base64.h"
#include "base/utf8.h"
#include "crypto/digest.h"

namespace parley::room {
namespace {

// RFC 6455 section 1.3.
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
// Section 5.2.
constexpr std::uint8_t kContinuation = 0;
constexpr std::uint8_t kText = 1;
constexpr std::uint8_t kBinary = 2;
constexpr std::uint8_t kClose = 8;
constexpr std::uint8_t kPing = 9;
constexpr std::uint8_t kPong = 10;
constexpr std::size_t kMaxControl = 125;
// Of what a server says in words.
constexpr std::size_t kMaxReason = 200;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool sameText(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t'))
    s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t'))
    s.remove_suffix(1);
  return s;
}

// Whether a comma-separated list has the word.
bool lists(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (sameText(trim(list.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// The value of the first header of that name; `head` begins with the status line.
std::string_view header(std::string_view head, std::string_view name) {
  while (true) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return {};
    head.remove_prefix(end + 2);
    const std::size_t stop = head.find("\r\n");
    const std::string_view line = head.substr(0, stop);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && sameText(line.substr(0, colon), name))
      return trim(line.substr(colon + 1));
  }
}

// Three digits and the line's end or a space (RFC 9112 section 4); 0: no status line.
int statusOf(std::string_view line) {
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) return 0;
  line.remove_prefix(9);
  if (line.size() > 3 && line[3] != ' ') return 0;
  unsigned status = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), status);
  if (error != std::errc{} || end != line.data() + 3 || status < 100) return 0;
  return static_cast<int>(status);
}

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = readUtf8(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// The server's words go to logs and terminals: no control characters (an escape sequence could
// begin with one), nothing but UTF-8, and no more than kMaxReason bytes.
std::string inWords(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const CodePoint c = readUtf8(text);
    const bool control = c.value < 0x20 || (c.value >= 0x7F && c.value < 0xA0);
    const std::string_view shown =
        c.length == 0 || control ? std::string_view("?") : text.substr(0, c.length);
    if (out.size() + shown.size() > kMaxReason) break;
    out += shown;
    text.remove_prefix(std::max<std::size_t>(c.length, 1));
  }
  return out;
}

// Section 7.4: what may stand in a Close frame. 1004 to 1006 and 1015 never do.
bool isCloseCode(std::uint16_t code) {
  if (code < 1000 || code >= 5000) return false;
  return code >= 3000 || (code <= 1014 && (code < 1004 || code > 1006));
}

}  // namespace

WebSocket::WebSocket(const std::string& authority, const std::string& path, RandomSource& random)
    : random_(random) {
  std::array<std::uint8_t, 16> nonce{};
  random_.fill(nonce);
  const std::string key = base64Encode(nonce);
  expectedAccept_ = base64Encode(crypto::sha1(asBytes(key + std::string(kGuid))));
  output_ = "GET " + path + " HTTP/1.1\r\nHost: " + authority +
            "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + key +
            "\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

void WebSocket::feed(ConstBytes bytes) {
  if (state_ == State::Closed) return;
  input_.append(asText(bytes));
  if (state_ == State::Handshake && !readHead()) return;
  while (state_ != State::Closed && readFrame()) {
  }
}

std::optional<WebSocket::Event> WebSocket::pollEvent() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

// Section 4.1: what the answer must be.
bool WebSocket::readHead() {
  const std::size_t end = input_.find("\r\n\r\n");
  if (std::min(end, input_.size()) > kMaxHead) {
    this->end({1006, 0, "the server does not speak HTTP"});
    return false;
  }
  if (end == std::string::npos) return false;
  const std::string_view head = std::string_view(input_).substr(0, end + 2);
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const int status = statusOf(line);
  if (status != 101) {
    this->end({1006, status, inWords(line)});
    return false;
  }
  if (!line.starts_with("HTTP/1.1") || !sameText(header(head, "Upgrade"), "websocket") ||
      !lists(header(head, "Connection"), "upgrade") ||
      header(head, "Sec-WebSocket-Accept") != expectedAccept_ ||
      !header(head, "Sec-WebSocket-Extensions").empty() ||
      !header(head, "Sec-WebSocket-Protocol").empty()) {
    this->end({1006, 0, "not the answer of a WebSocket server"});
    return false;
  }
  input_.erase(0, end + 4);
  state_ = State::Open;
  events_.emplace_back(Opened{});
  return true;
}

// Section 5.2. False: more bytes are needed.
bool WebSocket::readFrame() {
  const ConstBytes in = asBytes(input_);
  ByteReader r(in);
  const std::uint8_t first = r.u8();
  const std::uint8_t second = r.u8();
  std::uint64_t length = second & 0x7F;
  std::uint64_t least = 0;  // of this form: the shortest one is to be used
  if (length == 126) {
    length = r.u16();
    least = 126;
  } else if (length == 127) {
    length = r.u64();
    least = 0x10000;
  }
  if (!r.ok()) return false;
  const bool control = (first & 0x08) != 0;
  if ((first & 0x70) != 0 || (second & 0x80) != 0 || length < least)
    return fail(1002, "frame"), false;
  if (control && (length > kMaxControl || (first & 0x80) == 0))
    return fail(1002, "control frame"), false;
  // A control frame between a message's fragments is no part of it.
  if (!control && (length > kMaxMessage || message_.size() + length > kMaxMessage))
    return fail(1009, "message too long"), false;
  const ConstBytes payload = r.bytes(static_cast<std::size_t>(length));
  if (!r.ok()) return false;
  const std::size_t used = input_.size() - r.remaining();
  handleFrame({(first & 0x80) != 0, static_cast<std::uint8_t>(first & 0x0F), asText(payload)});
  if (state_ != State::Closed) input_.erase(0, used);
  return true;
}

void WebSocket::handleFrame(const Frame& frame) {
  if (frame.opcode >= kClose) return handleControl(frame);
  if (frame.opcode == kBinary) return fail(1003, "binary message");
  if (frame.opcode > kBinary || (frame.opcode == kContinuation) != inMessage_)
    return fail(1002, "frame out of place");
  message_.append(frame.payload);
  inMessage_ = !frame.fin;
  if (inMessage_) return;
  if (!isUtf8(message_)) return fail(1007, "text that is not UTF-8");  // section 8.1
  events_.emplace_back(Text{std::exchange(message_, {})});
}

void WebSocket::handleControl(const Frame& frame) {
  switch (frame.opcode) {
    case kClose:
      return handleClose(frame.payload);
    case kPing:
      if (state_ == State::Open) sendFrame(kPong, frame.payload);
      return;
    case kPong:
      return;
    default:
      return fail(1002, "unknown control frame");
  }
}

// Section 5.5.1.
void WebSocket::handleClose(std::string_view payload) {
  Closed event;
  event.code = 1005;  // section 7.1.5: none was given
  if (!payload.empty()) {
    event.code = payload.size() < 2 ? std::uint16_t{0} : loadBe16(asBytes(payload).data());
    if (!isCloseCode(event.code)) return fail(1002, "close code");
    if (!isUtf8(payload.substr(2))) return fail(1007, "close reason that is not UTF-8");
    event.reason = inWords(payload.substr(2));
  }
  if (state_ == State::Open) sendFrame(kClose, payload.substr(0, 2));
  end(std::move(event));
}

void WebSocket::sendText(std::string_view text) {
  if (state_ == State::Open) sendFrame(kText, text);
}

void WebSocket::close(std::uint16_t code) {
  if (state_ != State::Open) return;
  const std::array<char, 2> body = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  sendFrame(kClose, {body.data(), body.size()});
  state_ = State::Closing;
}

// Section 5.3: what a client sends is masked.
void WebSocket::sendFrame(std::uint8_t opcode, std::string_view payload) {
  std::array<std::uint8_t, 14> head{};
  ByteWriter w(head);
  w.u8(static_cast<std::uint8_t>(0x80 | opcode));
  if (payload.size() < 126) {
    w.u8(static_cast<std::uint8_t>(0x80 | payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    w.u8(0x80 | 126);
    w.u16(static_cast<std::uint16_t>(payload.size()));
  } else {
    w.u8(0x80 | 127);
    w.u64(payload.size());
  }
  std::array<std::uint8_t, 4> mask{};
  random_.fill(mask);
  w.bytes(mask);
  output_.append(asText(w.written()));
  for (std::size_t i = 0; i < payload.size(); ++i)
    output_.push_back(static_cast<char>(static_cast<std::uint8_t>(payload[i]) ^ mask[i % 4]));
}

void WebSocket::fail(std::uint16_t code, std::string reason) {
  if (state_ == State::Open) {
    const std::array<char, 2> body = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    sendFrame(kClose, {body.data(), body.size()});
  }
  end({code, 0, std::move(reason)});
}

void WebSocket::end(Closed event) {
  state_ = State::Closed;
  input_.clear();
  message_.clear();
  events_.emplace_back(std::move(event));
}

}  // namespace parley::room
