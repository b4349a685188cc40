// RTCDataChannel (webrtc-pc section 6.2): a cheap copyable handle, thread-safe.
//
// The connection owns its channels: letting go of a handle closes nothing and keeps the callbacks.
// They run one after the other with all others of the connection, and may do anything: send, close
// this or another channel, destroy the connection. After close() of the connection, or the end of
// its last handle, none comes any more. When a channel has closed, its callbacks are let go of, so
// that a callback may hold the handle of its own channel.
//
// Backpressure. send() never waits and never loses a message silently: it takes the message whole,
// or says why not. It takes messages as long as bufferedAmount() is below bufferedAmountLimit(), so
// that at most that and one message wait; sendAsync() takes the message and completes when it had
// its turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/async.h"
#include "parley/error.h"

namespace parley {

namespace api {
class Channel;
}

enum class DataChannelState : std::uint8_t { Connecting, Open, Closing, Closed };
// RTCPriorityType (webrtc-priority section 3), as the weights of RFC 8831 section 6.4.
enum class Priority : std::uint8_t { VeryLow, Low, Medium, High };

std::string_view toString(DataChannelState state);  // "open"

// RTCDataChannelInit (webrtc-pc section 6.2.1).
struct DataChannelInit {
  bool ordered = true;
  std::optional<std::uint16_t> maxPacketLifeTime{};  // milliseconds
  std::optional<std::uint16_t> maxRetransmits{};     // at most one of the two
  std::string protocol{};
  bool negotiated = false;
  std::optional<std::uint16_t> id{};  // with `negotiated` only, where it is required
  Priority priority = Priority::Low;
};

// A message that has come. A view: valid during the callback, copy what must live longer.
struct Message {
  std::span<const std::byte> data{};
  bool isText = false;

  std::string_view text() const {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
  }
  std::vector<std::byte> copy() const { return {data.begin(), data.end()}; }
};

enum class SendStatus : std::uint8_t {
  Queued,    // taken
  Full,      // bufferedAmount() has reached the limit; wait for onbufferedamountlow
  NotOpen,   // not open yet, or no longer
  TooLarge,  // longer than maxMessageSize(); nothing was sent
};

class [[nodiscard]] SendResult {
 public:
  SendResult(SendStatus status) : status_(status) {}  // NOLINT
  SendStatus status() const { return status_; }
  bool ok() const { return status_ == SendStatus::Queued; }
  explicit operator bool() const { return ok(); }
  // By the W3C's names: OperationError, InvalidStateError, TypeError. Only when not ok().
  RtcError error() const;
  // For who really does not care whether it goes out.
  void ignore() const {}
  friend bool operator==(const SendResult&, const SendResult&) = default;

 private:
  SendStatus status_;
};

class DataChannel {
 public:
  static constexpr std::size_t kDefaultBufferedAmountLimit = std::size_t{4} * 1024 * 1024;

  // No channel: behaves like one that is closed.
  DataChannel() = default;
  explicit operator bool() const { return channel_ != nullptr; }
  friend bool operator==(const DataChannel&, const DataChannel&) = default;  // the same channel

  std::string label() const;
  bool ordered() const;
  std::optional<std::uint16_t> maxPacketLifeTime() const;
  std::optional<std::uint16_t> maxRetransmits() const;
  std::string protocol() const;
  bool negotiated() const;
  std::optional<std::uint16_t> id() const;  // once it is known
  Priority priority() const;
  DataChannelState readyState() const;

  // Bytes of messages taken and not yet sent for the first time.
  std::size_t bufferedAmount() const;
  std::size_t bufferedAmountLowThreshold() const;
  void setBufferedAmountLowThreshold(std::size_t bytes);
  std::size_t bufferedAmountLimit() const;
  void setBufferedAmountLimit(std::size_t bytes);
  // What the other side takes at most; before that is known, what we would take.
  std::size_t maxMessageSize() const;

  SendResult send(std::span<const std::byte> binary);
  SendResult send(std::string_view text);
  SendResult send(const char* text) { return send(std::string_view(text)); }
  // Completes with Queued when the message has been taken, in the order of the calls; meanwhile
  // send() says Full. NotOpen when the channel closes before.
  Async<SendResult> sendAsync(std::vector<std::byte> binary);
  Async<SendResult> sendAsync(std::string text);

  // Sends what is buffered, then closes in both directions.
  void close();

  // Each sets one callback; nullptr takes it away. A callback for opening or closing that is set
  // when that has happened already is called all the same. Messages that come on a channel of our
  // own before it has had an onmessage wait for it (256 of them, or 1 MiB).
  void onopen(std::function<void()> callback);
  void onmessage(std::function<void(const Message&)> callback);
  void onbufferedamountlow(std::function<void()> callback);
  void onclosing(std::function<void()> callback);
  void onclose(std::function<void()> callback);
  void onerror(std::function<void(const RtcError&)> callback);

 private:
  friend class api::Channel;
  explicit DataChannel(std::shared_ptr<api::Channel> channel) : channel_(std::move(channel)) {}
  std::shared_ptr<api::Channel> channel_;
};

}  // namespace parley
