#include "tests/support/raw_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace parley::test {
namespace {

constexpr int kLimitMs = 20'000;  // far beyond what any test needs

}  // namespace

RawClient::~RawClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

RawClient::RawClient(RawClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      closed_(other.closed_),
      tls_(std::move(other.tls_)) {}

bool RawClient::connect(std::uint16_t port) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool RawClient::startTls() {
  driver::TlsClientOptions options;
  options.verify = false;
  auto context = driver::TlsContext::client(options);
  if (!context) return false;
  tls_.emplace(*context, "localhost");
  while (tls_->state() == driver::TlsSession::State::Handshake) {
    std::array<std::uint8_t, 1> none{};
    tls_->read(Bytes(none).first(0));
    if (!flushTls()) return false;
    if (tls_->state() != driver::TlsSession::State::Handshake) break;
    pollfd p{descriptor_, POLLIN, 0};
    if (::poll(&p, 1, kLimitMs) <= 0) return false;
    std::array<std::uint8_t, 4096> chunk{};
    const ssize_t n = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (n <= 0) return false;
    tls_->feed(ConstBytes(chunk).first(static_cast<std::size_t>(n)));
  }
  return flushTls() && tls_->state() == driver::TlsSession::State::Open;
}

bool RawClient::flushTls() {
  while (!tls_->output().empty()) {
    const ssize_t n =
        ::send(descriptor_, tls_->output().data(), tls_->output().size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    tls_->consumeOutput(static_cast<std::size_t>(n));
  }
  return true;
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (tls_) {
      bytes.remove_prefix(tls_->write(asBytes(bytes)));
      if (!flushTls()) return false;
      continue;
    }
    const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::shutdownSend() {
  ::shutdown(descriptor_, SHUT_WR);
}

std::string RawClient::receive() {
  std::array<std::uint8_t, 16384> chunk{};
  while (true) {
    if (tls_) {
      const std::size_t n = tls_->read(chunk);
      flushTls();
      if (n > 0) return std::string(asText(ConstBytes(chunk).first(n)));
    }
    pollfd p{descriptor_, POLLIN, 0};
    if (::poll(&p, 1, kLimitMs) <= 0) return {};
    const ssize_t n = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
    if (n <= 0) {
      closed_ = true;
      return {};
    }
    const ConstBytes got = ConstBytes(chunk).first(static_cast<std::size_t>(n));
    if (!tls_) return std::string(asText(got));
    tls_->feed(got);
  }
}

std::string RawClient::receiveUntil(std::string_view needle) {
  std::string all;
  while (all.find(needle) == std::string::npos) {
    const std::string more = receive();
    if (more.empty()) break;
    all += more;
  }
  return all;
}

std::string RawClient::receiveUntilClosed() {
  std::string all;
  for (std::string more = receive(); !more.empty(); more = receive())
    all += more;
  return all;
}

unsigned WsFrame::closeCode() const {
  if (opcode != 8 || payload.size() < 2) return 0;
  return static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8 |
         static_cast<unsigned char>(payload[1]);
}

unsigned WsClient::upgrade(const std::string& host, const std::string& extraHeaders) {
  client_.send("GET /signal HTTP/1.1\r\nHost: " + host +
               "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
               extraHeaders + "\r\n");
  const std::string answer = client_.receiveUntil("\r\n\r\n");
  const std::size_t end = answer.find("\r\n\r\n");
  if (end != std::string::npos) buffer_ = answer.substr(end + 4);
  return statusOf(answer);
}

bool WsClient::sendFrame(unsigned opcode, std::string_view payload, bool fin) {
  std::string out(1, static_cast<char>((fin ? 0x80u : 0u) | opcode));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80u | payload.size());
  } else if (payload.size() < 65536) {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 255);
  } else {
    out += static_cast<char>(0x80u | 127u);
    for (int shift = 56; shift >= 0; shift -= 8)
      out += static_cast<char>(static_cast<std::uint64_t>(payload.size()) >> shift & 255);
  }
  out += std::string(4, '\0');  // a mask of zeros leaves the payload as it is
  return client_.send(out) && client_.send(payload);
}

bool WsClient::fill(std::size_t n) {
  while (buffer_.size() < n) {
    const std::string more = client_.receive();
    if (more.empty()) return false;
    buffer_ += more;
  }
  return true;
}

std::optional<WsFrame> WsClient::receiveFrame() {
  if (!fill(2)) return {};
  WsFrame frame;
  frame.opcode = static_cast<unsigned char>(buffer_[0]) & 15u;
  std::size_t length = static_cast<unsigned char>(buffer_[1]) & 127u;
  const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (!fill(2 + extra)) return {};
  if (extra > 0) length = 0;
  for (std::size_t i = 0; i < extra; ++i)
    length = length << 8 | static_cast<unsigned char>(buffer_[2 + i]);
  if (!fill(2 + extra + length)) return {};
  frame.payload = buffer_.substr(2 + extra, length);
  buffer_.erase(0, 2 + extra + length);
  if (frame.opcode == 9) {
    sendFrame(10, frame.payload);
    return receiveFrame();
  }
  return frame;
}

std::string WsClient::receiveText(std::string_view needle) {
  while (auto frame = receiveFrame()) {
    if (frame->opcode == 1 && frame->payload.find(needle) != std::string::npos) {
      return frame->payload;
    }
    if (frame->opcode == 8) break;
  }
  return {};
}

unsigned WsClient::receiveClose() {
  while (auto frame = receiveFrame()) {
    if (frame->opcode != 8) continue;
    sendFrame(8, frame->payload);  // the answer, so that nobody waits for it
    return frame->closeCode();
  }
  return 0;
}

unsigned statusOf(std::string_view answer) {
  if (!answer.starts_with("HTTP/1.1 ") || answer.size() < 12) return 0;
  return static_cast<unsigned>(std::strtoul(std::string(answer.substr(9, 3)).c_str(), nullptr, 10));
}

std::string httpGet(std::uint16_t port, const std::string& path, const std::string& extraHeaders) {
  RawClient client;
  if (!client.connect(port)) return {};
  client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
              extraHeaders + "\r\n");
  return client.receiveUntilClosed();
}

}  // namespace parley::test
