// A small TURN client for tests: blocking sockets with long time-outs, one outstanding request,
// long-term credentials. Over UDP, TCP or TLS.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "driver/descriptor.h"
#include "driver/tls_session.h"
#include "net/address.h"
#include "net/path.h"
#include "stun/message_writer.h"
#include "turn/stream_framer.h"

namespace parley::server {

class RelayClient {
 public:
  struct Options {
    Transport transport = Transport::Udp;
    std::string user = "ann";
    std::string password = "secret";
    std::shared_ptr<driver::TlsContext> tls{};

    std::optional<IpAddress> from{};  // where to send from
  };
  // What a peer sent through the relay.
  struct Data {
    std::uint16_t channel = 0;  // 0: in a Data indication
    Address peer;               // of the indication
    std::string bytes;
    bool operator==(const Data&) const = default;
  };

  RelayClient(const Address& server, Options options);

  // The address the server sees; nothing when it does not answer.
  std::optional<Address> binding();
  // The relayed address, or the error code.
  std::optional<Address> allocate(Family family = Family::V4);
  int lastError() const { return lastError_; }
  // 0 or the error code.
  int refresh(std::uint32_t lifetime);
  int permit(const Address& peer);
  int bindChannel(std::uint16_t channel, const Address& peer);

  void sendOn(std::uint16_t channel, std::string_view data);
  void sendTo(const Address& peer, std::string_view data);
  // Sends these bytes as they are.
  void sendRaw(ConstBytes bytes);
  // As sendRaw, each byte with a system call of its own.
  void sendSlowly(ConstBytes bytes);
  // The next data from a peer; nothing when none comes within the time-out.
  std::optional<Data> receive();
  // Whether the server closed the stream.
  bool closed();
  std::vector<std::uint8_t> channelData(std::uint16_t channel, std::string_view data) const;
  const Address& local() const { return local_; }
  void disconnect() { fd_.reset(); }

 private:
  template <class Body>
  std::optional<std::vector<std::uint8_t>> ask(stun::Method method, Body&& body);
  template <class Body>
  int code(stun::Method method, Body&& body);
  std::optional<std::vector<std::uint8_t>> exchange(ConstBytes request);
  std::optional<std::vector<std::uint8_t>> nextMessage();
  std::optional<std::string> readSome();
  void takeData(ConstBytes message);
  void writeAll(ConstBytes bytes);
  void handshake();

  Options options_;
  Address server_;
  Address local_;
  driver::Descriptor fd_;
  std::optional<driver::TlsSession> tls_;
  turn::StreamFramer framer_;
  std::deque<std::vector<std::uint8_t>> messages_;
  std::deque<Data> data_;
  SeededRandom random_;
  std::string realm_;
  std::string nonce_;
  int lastError_ = 0;
};

}  // namespace parley::server
