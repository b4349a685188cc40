// A blocking TCP client for tests that must send what no library would: raw bytes, half requests,
// WebSocket frames of any kind; over TLS if wanted. Every wait has a limit and fails the test by
// giving nothing back; no test asserts how long something took.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "driver/tls_session.h"

namespace parley::test {

class RawClient {
 public:
  RawClient() = default;
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;

  // 127.0.0.1. False when refused.
  bool connect(std::uint16_t port);
  // Does the handshake; any certificate is taken.
  bool startTls();
  // False when the peer has closed.
  bool send(std::string_view bytes);
  void shutdownSend();

  // What there is now or comes within the limit; empty at the end of the connection or on time-out.
  std::string receive();
  // Until the text contains `needle` or the connection ends.
  std::string receiveUntil(std::string_view needle);
  std::string receiveUntilClosed();
  bool closedByPeer() const { return closed_; }

 private:
  bool flushTls();
  int descriptor_ = -1;
  bool closed_ = false;
  std::optional<driver::TlsSession> tls_;
};

struct WsFrame {
  unsigned opcode = 0;  // 1 text, 2 binary, 8 close, 9 ping, 10 pong
  std::string payload;
  unsigned closeCode() const;
};

class WsClient {
 public:
  explicit WsClient(RawClient client) : client_(std::move(client)) {}
  // The status of the answer; 101 when it is a WebSocket now.
  unsigned upgrade(const std::string& host, const std::string& extraHeaders = "");
  bool sendFrame(unsigned opcode, std::string_view payload, bool fin = true);
  bool sendText(std::string_view text) { return sendFrame(1, text); }
  // Pings are answered by themselves and not returned.
  std::optional<WsFrame> receiveFrame();
  // The next text that contains `needle`; other messages are skipped.
  std::string receiveText(std::string_view needle);
  // Reads until the close frame and answers it; 0 when the connection just ended.
  unsigned receiveClose();
  RawClient& raw() { return client_; }

 private:
  bool fill(std::size_t n);
  RawClient client_;
  std::string buffer_;
};

// "HTTP/1.1 404 …" -> 404; 0 when it is no HTTP.
unsigned statusOf(std::string_view answer);
// GET with Host localhost, whole answer.
std::string httpGet(std::uint16_t port, const std::string& path,
                    const std::string& extraHeaders = "");

}  // namespace parley::test
