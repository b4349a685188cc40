// Channel: what all handles of one data channel share. It has no lock of its own: the connection's
// guards everything that may change.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/callback.h"
#include "parley/data_channel.h"
#include "peer/events.h"

namespace parley::api {

class Connection;

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  // What waits for an onmessage, on channels of our own.
  static constexpr std::size_t kMaxHeldMessages = 256;
  static constexpr std::size_t kMaxHeldBytes = std::size_t{1} << 20;

  Channel(std::shared_ptr<Connection> owner, std::string name, const DataChannelInit& how,
          bool madeByUs)
      : connection(std::move(owner)), label(std::move(name)), init(how), ours(madeByUs) {}

  static DataChannel handle(std::shared_ptr<Channel> channel) {
    return DataChannel(std::move(channel));
  }

  struct Waiting {
    std::vector<std::byte> bytes;
    peer::MessageKind kind;
    std::shared_ptr<detail::AsyncState<SendResult>> state;
  };
  struct Held {
    std::vector<std::byte> bytes;
    bool isText;
  };
  struct Callbacks {
    Callback<> open, bufferedamountlow, closing, close;
    Callback<const Message&> message;
    Callback<const RtcError&> error;
  };

  const std::shared_ptr<Connection> connection;
  const std::string label;
  const DataChannelInit init;  // its id counts for negotiated channels only
  const bool ours;

  // Guarded by the connection's lock.
  std::optional<std::uint16_t> id;
  DataChannelState state = DataChannelState::Connecting;
  std::size_t buffered = 0;
  std::size_t lowThreshold = 0;
  std::size_t limit = DataChannel::kDefaultBufferedAmountLimit;
  Callbacks on;
  bool openPassed = false;  // it was time for onopen
  bool openTold = false;    // and it was called
  bool closePassed = false;
  bool closeTold = false;
  bool messageTaken = false;    // there was an onmessage once
  std::deque<Waiting> waiting;  // of sendAsync()
  std::deque<Held> held;
  std::size_t heldBytes = 0;

  // The shard's.
  std::optional<peer::ChannelId> peerId;
  std::uint64_t handedOver = 0;  // bytes given to the engine since `reported` was told
  std::uint64_t inEngine = 0;    // what the engine said it had buffered, last time
  bool buffering = false;        // in the host's list of channels with bytes to go
};

}  // namespace parley::api
