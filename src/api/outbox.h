// What the handles of a connection want its shard to do, in their order. Filled under the
// connection's lock and swapped out whole, so that any number of sends cost one wake-up. Payloads
// lie back to back in one piece of memory that is kept from round to round.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "peer/events.h"

namespace parley::api {

class Channel;
class PeerHost;

struct Command {
  enum class Kind : std::uint8_t { Send, CloseChannel, Call, Close };
  Kind kind = Kind::Call;
  peer::MessageKind message = peer::MessageKind::Binary;
  std::size_t offset = 0;  // of Send, into bytes
  std::size_t length = 0;
  std::shared_ptr<Channel> channel{};
  std::function<void(PeerHost&)> call{};
};

struct Outbox {
  // More than this is given back to the system when it has been idle.
  static constexpr std::size_t kKeptBytes = 4096;

  std::vector<Command> commands;
  std::vector<std::uint8_t> bytes;

  bool empty() const { return commands.empty(); }
  void clear() {
    commands.clear();
    bytes.clear();
  }
  void release() {
    commands.shrink_to_fit();
    if (bytes.capacity() > kKeptBytes) bytes.shrink_to_fit();
  }
};

}  // namespace parley::api
