// Connection: what comes from the engine. Each event becomes a task, which changes the mirror and
// then calls back; messages go straight to their callback when nothing waits before them.
#include <algorithm>

#include "api/candidate.h"
#include "api/connection.h"
#include "sdp/candidate.h"

namespace parley::api {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

static_assert(static_cast<int>(IceConnectionState::Closed) ==
              static_cast<int>(peer::IceState::Closed));
static_assert(static_cast<int>(IceTransportState::Closed) ==
              static_cast<int>(peer::IceState::Closed));
static_assert(static_cast<int>(PeerConnectionState::Closed) ==
              static_cast<int>(peer::ConnectionState::Closed));
static_assert(static_cast<int>(IceGatheringState::Complete) ==
              static_cast<int>(peer::GatheringState::Complete));
static_assert(static_cast<int>(DtlsTransportState::Failed) ==
              static_cast<int>(peer::DtlsState::Failed));

Priority priorityOf(std::uint16_t weight) {
  if (weight <= 128) return Priority::VeryLow;
  if (weight <= 256) return Priority::Low;
  return weight <= 512 ? Priority::Medium : Priority::High;
}

std::span<const std::byte> asStdBytes(ConstBytes b) {
  return {reinterpret_cast<const std::byte*>(b.data()), b.size()};
}

IceCandidateType typeOf(ice::CandidateType type) {
  switch (type) {
    case ice::CandidateType::Host:
      return IceCandidateType::Host;
    case ice::CandidateType::ServerReflexive:
      return IceCandidateType::Srflx;
    case ice::CandidateType::PeerReflexive:
      return IceCandidateType::Prflx;
    case ice::CandidateType::Relayed:
      break;
  }
  return IceCandidateType::Relay;
}

IceCandidate endOf(const Address& address, ice::CandidateType type) {
  IceCandidate out;
  out.address = address.ip().toString();
  out.port = address.port();
  out.type = typeOf(type);
  return out;
}

IceCandidatePair pairOf(const peer::SelectedPairChanged& e) {
  IceCandidatePair out{endOf(e.path.local, e.local), endOf(e.path.remote, e.remote)};
  if (e.relayProtocol) {
    out.local.relayProtocol = *e.relayProtocol == Transport::Udp   ? RelayProtocol::Udp
                              : *e.relayProtocol == Transport::Tcp ? RelayProtocol::Tcp
                                                                   : RelayProtocol::Tls;
  }
  return out;
}

}  // namespace

std::shared_ptr<Channel> Connection::find(peer::ChannelId id) const {
  const auto it = byPeerId_.find(id);
  return it == byPeerId_.end() ? nullptr : it->second;
}

void Connection::handleEvent(peer::PeerEvent& event) {
  if (const auto* message = std::get_if<peer::ChannelMessage>(&event)) return onMessage(*message);
  std::function<void()> task = std::visit(
      Overloaded{
          [&](const peer::LocalCandidate& e) -> std::function<void()> {
            return [this, e] { tellLocalCandidate(e); };
          },
          [&](const peer::GatheringStateChanged& e) -> std::function<void()> {
            return [this, state = static_cast<IceGatheringState>(e.state)] {
              withLock([&] { gathering_ = state; });
              call(&Callbacks::icegatheringstatechange, state);
            };
          },
          [&](const peer::CandidateError& e) -> std::function<void()> {
            return [this, e] {
              IceCandidateError out;
              out.address = e.local.ip().isUnspecified() ? "" : e.local.ip().toString();
              if (e.local.port() != 0) out.port = e.local.port();
              out.url = e.url;
              out.errorCode = e.code;
              out.errorText = e.text;
              call(&Callbacks::icecandidateerror, out);
            };
          },
          [&](const peer::IceStateChanged& e) -> std::function<void()> {
            return [this, state = static_cast<IceConnectionState>(e.state)] {
              withLock([&] {
                iceState_ = state;
                sctp_.transport.iceTransport.state = static_cast<IceTransportState>(state);
              });
              call(&Callbacks::iceconnectionstatechange, state);
            };
          },
          [&](const peer::SelectedPairChanged& e) -> std::function<void()> {
            return [this, pair = pairOf(e)] {
              withLock([&] { sctp_.transport.iceTransport.selectedCandidatePair = pair; });
              call(&Callbacks::selectedcandidatepairchange, pair);
            };
          },
          [&](const peer::DtlsStateChanged& e) -> std::function<void()> {
            if (!e.error.empty()) log(LogLevel::Warning, "DTLS: " + e.error);
            return [this, state = static_cast<DtlsTransportState>(e.state)] {
              withLock([&] { sctp_.transport.state = state; });
            };
          },
          [&](const peer::SctpStateChanged& e) -> std::function<void()> {
            return [this, e] {
              withLock([&] {
                sctp_.state = static_cast<SctpTransportState>(e.state);
                if (e.maxChannels != 0) sctp_.maxChannels = e.maxChannels;
              });
            };
          },
          [&](const peer::ConnectionStateChanged& e) -> std::function<void()> {
            return [this, state = static_cast<PeerConnectionState>(e.state)] {
              std::function<void(PeerConnectionState)> hook;
              withLock([&] {
                state_ = state;
                hook = hooks_.state;
              });
              log(LogLevel::Info, "connection " + std::string(toString(state)));
              if (hook) hook(state);
              call(&Callbacks::connectionstatechange, state);
            };
          },
          [&](const peer::ChannelOpened& e) -> std::function<void()> {
            const auto channel = find(e.channel);
            if (!channel) return nullptr;
            return [this, channel, stream = e.stream] { tellOpen(channel, stream); };
          },
          [&](const peer::ChannelAnnounced& e) -> std::function<void()> {
            DataChannelInit init;
            init.ordered = e.init.ordered;
            init.maxPacketLifeTime = e.init.maxPacketLifeTime;
            init.maxRetransmits = e.init.maxRetransmits;
            init.protocol = e.init.protocol;
            init.priority = priorityOf(e.init.priority);
            auto channel = std::make_shared<Channel>(shared_from_this(), e.init.label, init, false);
            channel->id = e.init.id;
            channel->peerId = e.channel;
            byPeerId_[e.channel] = channel;
            return [this, channel] { tellAnnounced(channel); };
          },
          [&](const peer::ChannelClosing& e) -> std::function<void()> {
            const auto channel = find(e.channel);
            if (!channel) return nullptr;
            return [this, channel] { tellClosing(channel); };
          },
          [&](const peer::ChannelClosed& e) -> std::function<void()> {
            const auto channel = find(e.channel);
            if (!channel) return nullptr;
            byPeerId_.erase(e.channel);
            return [this, channel, error = e.error] { tellClosed(channel, error); };
          },
          [](const auto&) -> std::function<void()> { return nullptr; },
      },
      event);
  if (!task) return;
  {
    const Guard guard(*this);
    if (closed_) return;
    pushTask(std::move(task));
  }
  if (!configuration_.executor) runTasks();
}

// ---- messages
// -------------------------------------------------------------------------------------

void Connection::onMessage(const peer::ChannelMessage& message) {
  const std::shared_ptr<Channel> channel = find(message.channel);
  if (!channel) return;
  const bool isText = message.kind == peer::MessageKind::Text;
  if (!configuration_.executor) {
    std::unique_lock lock(mutex_);
    if (closed_) return;
    const Callback<const Message&> callback = channel->on.message;
    if (callback && tasks_.empty() && channel->state == DataChannelState::Open) {
      return deliver(lock, [&] { (*callback)(Message{asStdBytes(message.data), isText}); });
    }
  }
  const auto bytes = asStdBytes(message.data);
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.begin(), bytes.end());
  {
    const Guard guard(*this);
    if (closed_) return;
    undelivered_ += copy->size();
    pushTask([this, channel, copy, isText] {
      tellMessage(channel, *copy, isText);
      undelivered_ -= copy->size();
    });
  }
  if (!configuration_.executor) runTasks();
}

void Connection::tellMessage(const std::shared_ptr<Channel>& channel,
                             std::span<const std::byte> bytes, bool isText) {
  Callback<const Message&> callback;
  {
    const Guard guard(*this);
    if (closed_ || channel->state != DataChannelState::Open) return;
    callback = channel->on.message;
    if (!callback && channel->ours && !channel->messageTaken) {
      if (channel->held.size() >= Channel::kMaxHeldMessages ||
          channel->heldBytes + bytes.size() > Channel::kMaxHeldBytes) {
        log(LogLevel::Warning, "a message on a channel without onmessage is dropped");
        return;
      }
      channel->heldBytes += bytes.size();
      channel->held.push_back({{bytes.begin(), bytes.end()}, isText});
    }
  }
  if (callback) (*callback)(Message{bytes, isText});
}

// ---- channels' states
// -------------------------------------------------------------------------------

void Connection::tellAnnounced(const std::shared_ptr<Channel>& channel) {
  Callback<DataChannel> callback;
  {
    const Guard guard(*this);
    if (closed_) return;
    // Already open in the event, so that it can be sent on (webrtc-pc section 6.2, announcing).
    channel->state = DataChannelState::Open;
    if (channel->id) usedIds_.insert(*channel->id);
    channels_.push_back(channel);
    callback = on_.datachannel;
  }
  if (callback) (*callback)(Channel::handle(channel));
}

void Connection::tellOpen(const std::shared_ptr<Channel>& channel, std::uint16_t stream) {
  Callback<> callback;
  {
    const Guard guard(*this);
    if (closed_ || channel->state == DataChannelState::Closing ||
        channel->state == DataChannelState::Closed)
      return;
    channel->state = DataChannelState::Open;
    channel->id = stream;
    usedIds_.insert(stream);
    channel->openPassed = true;
    callback = channel->on.open;
    if (callback) channel->openTold = true;
  }
  if (callback) (*callback)();
}

void Connection::tellClosing(const std::shared_ptr<Channel>& channel) {
  Callback<> callback;
  {
    const Guard guard(*this);
    if (closed_ || channel->state == DataChannelState::Closing ||
        channel->state == DataChannelState::Closed)
      return;
    channel->state = DataChannelState::Closing;
    callback = channel->on.closing;
  }
  if (callback) (*callback)();
}

void Connection::tellClosed(const std::shared_ptr<Channel>& channel, const std::string& error) {
  Channel::Callbacks callbacks;
  std::deque<Channel::Waiting> waiting;
  {
    const Guard guard(*this);
    if (closed_ || channel->closePassed) return;
    channel->state = DataChannelState::Closed;
    channel->closePassed = true;
    channel->buffered = 0;
    std::erase(channels_, channel);
    if (channel->id) usedIds_.erase(*channel->id);
    callbacks = std::exchange(channel->on, {});
    waiting.swap(channel->waiting);
    if (callbacks.close) channel->closeTold = true;
  }
  for (Channel::Waiting& w : waiting)
    w.state->complete(SendResult(SendStatus::NotOpen));
  if (!error.empty() && callbacks.error) {
    RtcError what(ErrorName::OperationError, error, ErrorDetail::DataChannelFailure);
    (*callbacks.error)(what);
  }
  // The first of the two may have closed the connection.
  if (callbacks.close && !withLock([&] { return closed_; })) (*callbacks.close)();
}

// ---- what has been sent
// -----------------------------------------------------------------------------

void Connection::lowerBuffered(const std::shared_ptr<Channel>& channel, std::uint64_t bytes) {
  if (configuration_.executor) {
    const Guard guard(*this);
    if (!closed_) pushTask([this, channel, bytes] { tellBuffered(channel, bytes); });
    return;
  }
  {
    const Guard guard(*this);
    if (closed_) return;
    const std::size_t left = channel->buffered - std::min<std::size_t>(channel->buffered, bytes);
    const bool low = channel->buffered > channel->lowThreshold && left <= channel->lowThreshold &&
                     channel->on.bufferedamountlow;
    if (!low && channel->waiting.empty() && tasks_.empty()) {
      channel->buffered = left;
      return;
    }
    pushTask([this, channel, bytes] { tellBuffered(channel, bytes); });
  }
  runTasks();
}

void Connection::tellBuffered(const std::shared_ptr<Channel>& channel, std::uint64_t bytes) {
  Callback<> callback;
  std::vector<std::shared_ptr<detail::AsyncState<SendResult>>> sent;
  {
    const Guard guard(*this);
    if (closed_ || channel->state == DataChannelState::Closed) return;
    const std::size_t before = channel->buffered;
    channel->buffered -= std::min<std::size_t>(before, bytes);
    if (before > channel->lowThreshold && channel->buffered <= channel->lowThreshold)
      callback = channel->on.bufferedamountlow;
    while (!channel->waiting.empty() && channel->buffered < channel->limit) {
      Channel::Waiting& w = channel->waiting.front();
      pushSend(*channel, w.kind,
               {reinterpret_cast<const std::uint8_t*>(w.bytes.data()), w.bytes.size()});
      sent.push_back(std::move(w.state));
      channel->waiting.pop_front();
    }
  }
  for (const auto& state : sent)
    state->complete(SendResult(SendStatus::Queued));
  if (callback) (*callback)();
}

// ---- candidates
// -------------------------------------------------------------------------------------

void Connection::tellLocalCandidate(const peer::LocalCandidate& candidate) {
  Callback<const IceCandidate&> callback;
  std::function<void(const IceCandidate&)> hook;
  IceCandidate out;
  {
    const Guard guard(*this);
    if (closed_ || !transport_) return;
    std::optional<sdp::CandidateAttribute> attribute;
    if (!candidate.text.empty()) {
      auto parsed = sdp::parseCandidate(candidate.text);
      if (!parsed) return;
      attribute = std::move(*parsed);
    }
    const auto init = negotiator_.addLocalCandidate(*transport_, candidate.ufrag, attribute);
    if (!init) return;
    out =
        readCandidate({init->candidate, init->sdpMid, init->sdpMLineIndex, init->usernameFragment},
                      candidate.url);
    callback = on_.icecandidate;
    hook = hooks_.candidate;
  }
  if (hook) hook(out);
  if (callback) (*callback)(out);
}

}  // namespace parley::api
