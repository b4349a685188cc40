// What a server writes to a WebSocket and reads from it, for tests: frames made byte by byte, so
// that they can be wrong, and the client's frames taken apart.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "crypto/digest.h"
#include "room/websocket.h"

namespace parley::room::test {

constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kContinuation = 0;
constexpr std::uint8_t kText = 1;
constexpr std::uint8_t kBinary = 2;
constexpr std::uint8_t kClose = 8;
constexpr std::uint8_t kPing = 9;
constexpr std::uint8_t kPong = 10;

inline std::string be(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i)
    out.push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
  return out;
}

// The head in its shortest form and the payload.
inline std::string frame(std::uint8_t first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out += be(payload.size(), 1);
  } else if (payload.size() <= 0xFFFF) {
    out += be(126, 1) + be(payload.size(), 2);
  } else {
    out += be(127, 1) + be(payload.size(), 8);
  }
  return out + std::string(payload);
}

struct ClientFrame {
  std::uint8_t first = 0;
  std::string payload;
  bool operator==(const ClientFrame&) const = default;
};

// All frames of the client; each must be masked (RFC 6455 section 5.3).
inline std::vector<ClientFrame> clientFrames(const std::string& output) {
  std::vector<ClientFrame> all;
  ByteReader r(asBytes(output));
  while (r.remaining() > 0) {
    ClientFrame f;
    f.first = r.u8();
    const std::uint8_t second = r.u8();
    EXPECT_NE(second & 0x80, 0) << "not masked";
    std::uint64_t length = second & 0x7F;
    if (length == 126) {
      length = r.u16();
    } else if (length == 127) {
      length = r.u64();
    }
    const ConstBytes mask = r.bytes(4);
    f.payload = std::string(asText(r.bytes(static_cast<std::size_t>(length))));
    if (!r.ok()) {
      ADD_FAILURE() << "half a frame";
      break;
    }
    for (std::size_t i = 0; i < f.payload.size(); ++i)
      f.payload[i] = static_cast<char>(static_cast<std::uint8_t>(f.payload[i]) ^ mask[i % 4]);
    all.push_back(std::move(f));
  }
  return all;
}

// One word per event: "opened", "text:…", "closed:CODE:HTTP:REASON".
inline std::vector<std::string> events(WebSocket& socket) {
  std::vector<std::string> out;
  while (auto event = socket.pollEvent()) {
    if (std::holds_alternative<WebSocket::Opened>(*event)) out.emplace_back("opened");
    if (const auto* text = std::get_if<WebSocket::Text>(&*event))
      out.push_back("text:" + text->text);
    if (const auto* closed = std::get_if<WebSocket::Closed>(&*event))
      out.push_back("closed:" + std::to_string(closed->code) + ":" +
                    std::to_string(closed->httpStatus) + ":" + closed->reason);
  }
  return out;
}

using Events = std::vector<std::string>;
using Frames = std::vector<ClientFrame>;

inline std::string acceptOf(const std::string& request) {
  const std::string name = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(name);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size();
  const std::string key = request.substr(begin, request.find("\r\n", begin) - begin);
  return base64Encode(crypto::sha1(asBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
}

inline std::string answerTo(const std::string& request) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         acceptOf(request) + "\r\n\r\n";
}

struct Client {
  Client() : socket("example.org:8443", "/signal", random), request(socket.takeOutput()) {}
  void feed(std::string_view bytes) { socket.feed(asBytes(bytes)); }
  Events fed(std::string_view bytes) {
    feed(bytes);
    return events(socket);
  }
  Frames said() { return clientFrames(socket.takeOutput()); }

  SeededRandom random{1};
  WebSocket socket;
  std::string request;
};

struct OpenClient : Client {
  OpenClient() { EXPECT_EQ(fed(answerTo(request)), Events{"opened"}); }
};

}  // namespace parley::room::test
