// A server's message as the client reads it. What is missing or of a wrong type makes it no
// message at all; unknown fields are ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "signal/client/client.h"

namespace parley::signal {

struct Client::Parsed {
  enum class Type : std::uint8_t {
    Welcome,
    PeerJoined,
    PeerLeft,
    Signal,
    Lock,
    IceServers,
    Error,
    Other  // pong, ack, and types that came later
  };
  Type type = Type::Other;
  std::optional<std::uint64_t> seq;
  std::optional<std::uint64_t> ack;

  Welcomed welcome;
  std::string resume;
  std::string proof;
  Duration pingEvery{};
  std::size_t messageBytes = 0;
  std::size_t bufferBytes = 0;

  ClientPeer peer;
  bool returned = false;
  bool locked = false;
  std::string id;    // PeerLeft's; Signal's sender
  std::string text;  // reason; data; error's message
  std::string code;  // of an error
  bool fatal = false;
  Duration retryAfter{};
  std::vector<ClientIceServer> iceServers;

  static std::optional<Parsed> read(std::string_view text);
};

}  // namespace parley::signal
