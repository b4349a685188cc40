// Connection: data channels as the application's side sees them.
#include <algorithm>

#include "api/connection.h"
#include "api/peer_host.h"

namespace parley::api {
namespace {

constexpr std::size_t kMaxName = 65'535;  // bytes of label and of protocol (webrtc-pc 6.1)
constexpr std::uint16_t kNoId = 65'535;   // RFC 8832 section 6

// RFC 8831 section 6.4.
std::uint16_t weightOf(Priority priority) {
  switch (priority) {
    case Priority::VeryLow:
      return 128;
    case Priority::Medium:
      return 512;
    case Priority::High:
      return 1024;
    case Priority::Low:
      break;
  }
  return 256;
}

ConstBytes bytesOf(std::span<const std::byte> b) {
  return {reinterpret_cast<const std::uint8_t*>(b.data()), b.size()};
}

}  // namespace

Expected<void> Connection::checkChannelInit(std::string_view label,
                                            const DataChannelInit& init) const {
  const auto typeError = [](const char* text) { return RtcError{ErrorName::TypeError, text}; };
  if (label.size() > kMaxName) return typeError("the label is longer than 65,535 bytes");
  if (init.protocol.size() > kMaxName) return typeError("the protocol is longer than 65,535 bytes");
  if (init.maxPacketLifeTime && init.maxRetransmits)
    return typeError("maxPacketLifeTime and maxRetransmits exclude each other");
  if (!init.negotiated) return {};
  if (!init.id) return typeError("a negotiated channel needs an id");
  if (*init.id == kNoId) return typeError("65,535 is no id");
  if (usedIds_.contains(*init.id)) return RtcError{ErrorName::OperationError, "the id is in use"};
  if (sctp_.maxChannels && *init.id >= *sctp_.maxChannels)
    return RtcError{ErrorName::OperationError, "the id is beyond what was negotiated"};
  return {};
}

Expected<DataChannel> Connection::createDataChannel(std::string_view label,
                                                    const DataChannelInit& init) {
  const Guard guard(*this);
  if (closed_) return RtcError{ErrorName::InvalidStateError, "the connection is closed"};
  if (auto ok = checkChannelInit(label, init); !ok) return ok.error();
  if (channels_.size() >= kMaxChannels)
    return RtcError{ErrorName::OperationError, "too many channels"};
  if (const auto ok = negotiator_.createDataChannel(); !ok)
    return RtcError{ErrorName::OperationError, ok.error().message};
  auto channel = std::make_shared<Channel>(shared_from_this(), std::string(label), init, true);
  if (init.negotiated) {
    channel->id = init.id;
    usedIds_.insert(*init.id);
  }
  channels_.push_back(channel);
  pushCall([this, channel](PeerHost& host) {
    peer::ChannelInit engineInit;
    engineInit.label = channel->label;
    engineInit.protocol = channel->init.protocol;
    engineInit.ordered = channel->init.ordered;
    engineInit.maxRetransmits = channel->init.maxRetransmits;
    engineInit.maxPacketLifeTime = channel->init.maxPacketLifeTime;
    engineInit.negotiated = channel->init.negotiated;
    if (engineInit.negotiated) engineInit.id = channel->init.id;
    engineInit.priority = weightOf(channel->init.priority);
    const auto id = host.peer().createChannel(engineInit, host.now());
    if (id) {
      channel->peerId = *id;
      byPeerId_[*id] = channel;
      return;
    }
    const Guard inner(*this);
    pushTask([this, channel, text = id.error().describe()] { tellClosed(channel, text); });
  });
  checkNegotiationNeeded();
  return Channel::handle(channel);
}

std::size_t Connection::maxMessageSize() const {
  return withLock([&] {
    return remoteMaxMessageSize_ != 0 ? remoteMaxMessageSize_ : configuration_.maxMessageSize;
  });
}

void Connection::pushSend(Channel& channel, peer::MessageKind kind, ConstBytes message) {
  Command command;
  command.kind = Command::Kind::Send;
  command.message = kind;
  command.offset = outbox_.bytes.size();
  command.length = message.size();
  command.channel = channel.shared_from_this();
  outbox_.commands.push_back(std::move(command));
  outbox_.bytes.insert(outbox_.bytes.end(), message.begin(), message.end());
  channel.buffered += message.size();
  wakeShard();
}

SendResult Connection::send(Channel& channel, peer::MessageKind kind, ConstBytes message) {
  const Guard guard(*this);
  if (channel.state != DataChannelState::Open) return SendStatus::NotOpen;
  if (remoteMaxMessageSize_ != 0 && message.size() > remoteMaxMessageSize_)
    return SendStatus::TooLarge;
  if (channel.buffered >= channel.limit || !channel.waiting.empty()) return SendStatus::Full;
  pushSend(channel, kind, message);
  return SendStatus::Queued;
}

Async<SendResult> Connection::sendAsync(Channel& channel, peer::MessageKind kind,
                                        std::vector<std::byte> message) {
  auto state = std::make_shared<detail::AsyncState<SendResult>>(runner());
  const Guard guard(*this);
  if (channel.state != DataChannelState::Open) {
    state->complete(SendResult(SendStatus::NotOpen));
  } else if (remoteMaxMessageSize_ != 0 && message.size() > remoteMaxMessageSize_) {
    state->complete(SendResult(SendStatus::TooLarge));
  } else if (channel.buffered < channel.limit && channel.waiting.empty()) {
    pushSend(channel, kind, bytesOf(message));
    state->complete(SendResult(SendStatus::Queued));
  } else {
    channel.waiting.push_back({std::move(message), kind, state});
  }
  return Async<SendResult>(state);
}

void Connection::closeChannel(Channel& channel) {
  const Guard guard(*this);
  if (closed_ || channel.state == DataChannelState::Closing ||
      channel.state == DataChannelState::Closed)
    return;
  channel.state = DataChannelState::Closing;
  // What sendAsync() took in belongs to what is buffered.
  for (Channel::Waiting& w : channel.waiting) {
    pushSend(channel, w.kind, bytesOf(w.bytes));
    pushTask([state = w.state] { state->complete(SendResult(SendStatus::Queued)); }, true);
  }
  channel.waiting.clear();
  Command command;
  command.kind = Command::Kind::CloseChannel;
  command.channel = channel.shared_from_this();
  outbox_.commands.push_back(std::move(command));
  wakeShard();
}

void Connection::setOpenCallback(Channel& channel, std::function<void()> f) {
  Callback<> callback = makeCallback(std::move(f));
  const Guard guard(*this);
  if (closed_ || channel.closePassed) return;
  std::swap(channel.on.open, callback);
  if (!channel.openPassed || channel.openTold || !channel.on.open) return;
  channel.openTold = true;
  pushTask([now = channel.on.open] { (*now)(); });
}

void Connection::setCloseCallback(Channel& channel, std::function<void()> f) {
  Callback<> callback = makeCallback(std::move(f));
  const Guard guard(*this);
  if (closed_) return;
  if (!channel.closePassed) {
    std::swap(channel.on.close, callback);
  } else if (!channel.closeTold && callback) {
    channel.closeTold = true;
    pushTask([now = callback] { (*now)(); });
  }
}

void Connection::setMessageCallback(Channel& channel, std::function<void(const Message&)> f) {
  Callback<const Message&> callback = makeCallback(std::move(f));
  const Guard guard(*this);
  if (closed_ || channel.closePassed) return;
  std::swap(channel.on.message, callback);
  if (!channel.on.message || channel.messageTaken) return;
  channel.messageTaken = true;
  for (Channel::Held& h : channel.held) {
    auto bytes = std::make_shared<std::vector<std::byte>>(std::move(h.bytes));
    pushTask([this, c = channel.shared_from_this(), bytes, text = h.isText] {
      tellMessage(c, *bytes, text);
    });
  }
  channel.held.clear();
  channel.heldBytes = 0;
}

}  // namespace parley::api
