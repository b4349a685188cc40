// What comes from the association: DCEP and data, resets, its beginning and its end.
#include <algorithm>
#include <utility>

#include "datachannel/channels.h"

namespace parley::datachannel {
namespace {

constexpr std::uint32_t kDcep = 50;
constexpr std::uint32_t kString = 51;
constexpr std::uint32_t kBinaryPartial = 52;  // deprecated, as is 54 (RFC 8831 section 6.6)
constexpr std::uint32_t kBinary = 53;
constexpr std::uint32_t kStringPartial = 54;
constexpr std::uint32_t kStringEmpty = 56;
constexpr std::uint32_t kBinaryEmpty = 57;

ChannelInit initOf(const DcepOpen& open) {
  ChannelInit init;
  init.label = open.label;
  init.protocol = open.protocol;
  init.ordered = !open.unordered;
  init.priority = open.priority;
  const auto limit =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(open.reliabilityParameter, UINT16_MAX));
  if (open.reliability == Reliability::MaxRetransmits) init.maxRetransmits = limit;
  if (open.reliability == Reliability::MaxLifetime) init.maxPacketLifeTime = limit;
  return init;
}

// The parameter whole: W3C's 16 bits are less than what DCEP has.
sctp::SendOptions optionsOf(const DcepOpen& open) {
  sctp::SendOptions o;
  o.unordered = open.unordered;
  if (open.reliability == Reliability::MaxRetransmits) o.maxRetransmits = open.reliabilityParameter;
  if (open.reliability == Reliability::MaxLifetime) {
    o.lifetime = std::chrono::milliseconds(open.reliabilityParameter);
  }
  return o;
}

}  // namespace

std::optional<ReceivedData> Channels::receive(const sctp::ReceivedMessage& message, Time now) {
  if (ended_ || association_ == nullptr) return std::nullopt;
  const std::uint32_t ppid = message.ppid.value();
  if (ppid == kDcep) {
    handleDcep(message.stream, message.data, now);
    return std::nullopt;
  }
  Channel* channel = find(message.stream);
  if (channel == nullptr || channel->state == ChannelState::Closing) {
    ++stats_.stray;
    return std::nullopt;
  }
  // Data says as well as an ACK that the other side knows the channel, and that we are connected.
  channel->acknowledged = true;
  open(*channel);
  switch (ppid) {
    case kString:
      return deliver(*channel, MessageKind::Text, message.data, now);
    case kBinary:
      return deliver(*channel, MessageKind::Binary, message.data, now);
    case kStringEmpty:
      return deliver(*channel, MessageKind::Text, {}, now);
    case kBinaryEmpty:
      return deliver(*channel, MessageKind::Binary, {}, now);
    case kStringPartial:
    case kBinaryPartial:
      keepPart(*channel, message.data, now);
      return std::nullopt;
    default:
      ++stats_.stray;
      return std::nullopt;
  }
}

std::optional<ReceivedData> Channels::deliver(Channel& channel, MessageKind kind, ConstBytes bytes,
                                              Time now) {
  if (!channel.partial.empty()) {
    if (!keepPart(channel, bytes, now)) return std::nullopt;
    whole_ = std::move(channel.partial);
    channel.partial.clear();
    bytes = whole_;
  }
  ++channel.stats.messagesReceived;
  channel.stats.bytesReceived += bytes.size();
  return ReceivedData{channel.id, kind, bytes};
}

bool Channels::keepPart(Channel& channel, ConstBytes bytes, Time now) {
  if (bytes.size() > config_.maxReceivedMessage - channel.partial.size()) {
    std::vector<std::uint8_t>().swap(channel.partial);
    channel.error = Error{ErrorCode::Limit, "data channel: a message in parts is too long",
                          static_cast<std::int32_t>(config_.maxReceivedMessage)};
    beginClosing(channel, now);
    return false;
  }
  channel.partial.insert(channel.partial.end(), bytes.begin(), bytes.end());
  return true;
}

void Channels::handleDcep(sctp::StreamId stream, ConstBytes message, Time now) {
  const auto parsed = parseDcep(message);
  if (!parsed.ok()) {
    ++stats_.malformed;
    return refuse(stream, now);
  }
  if (const auto* open = std::get_if<DcepOpen>(&*parsed)) return handleOpen(stream, *open, now);
  if (Channel* channel = find(stream)) channel->acknowledged = true;
}

void Channels::handleOpen(sctp::StreamId stream, const DcepOpen& dcep, Time now) {
  const bool resetIsOurs = replacesReset(stream);
  if (!mayOpen(stream, dcep)) {
    ++stats_.malformed;
    return refuse(stream, now);
  }
  Channel& channel = add(initOf(dcep));
  channel.remote = true;
  channel.acknowledged = true;
  channel.options = optionsOf(dcep);
  remoteNames_ += nameBytes(channel.init);
  assign(channel, stream);
  association_->setPriority(stream, channel.init.priority);
  tell(event::Announced{channel.id, channel.init});
  if (resetIsOurs) {
    channel.ackWaits = true;
  } else {
    acknowledge(channel, now);
  }
}

// The other side has seen both directions reset, and opens the stream anew, while the answer to our
// request is still on its way to us: the former channel is closed. Our ACK waits for that answer.
bool Channels::replacesReset(sctp::StreamId stream) {
  Channel* former = find(stream);
  if (former == nullptr || !former->reset.incoming) return false;
  finish(former->id);
  unusable_.erase(stream);
  return true;
}

// RFC 8832 section 6: an unused stream, of the peer's parity, with valid parameters.
bool Channels::mayOpen(sctp::StreamId stream, const DcepOpen& open) const {
  const bool even = stream.value() % 2 == 0;
  return even == (side_ == Side::DtlsServer) && stream.value() < streamLimit_ &&
         !byStream_.contains(stream) && !unusable_.contains(stream) &&
         channels_.size() < config_.maxChannels &&
         open.label.size() + open.protocol.size() <= config_.maxRemoteNames - remoteNames_;
}

// The same section: the channel is closed and nothing is acknowledged.
void Channels::refuse(sctp::StreamId stream, Time now) {
  if (Channel* channel = find(stream)) {
    channel->error = Error{ErrorCode::Malformed, "data channel: the other side broke DCEP's rules"};
    return beginClosing(*channel, now);
  }
  if (stream.value() >= streamLimit_ || unusable_.contains(stream)) return;
  unusable_[stream] = {};
  association_->resetStream(stream, now);
}

void Channels::acknowledge(Channel& channel, Time now) {
  const std::uint8_t ack[] = {kDcepAck};
  if (!association_->send(*channel.stream, sctp::Ppid(kDcep), ack, {}, now).ok()) {
    channel.error = Error{ErrorCode::Limit, "data channel: no room for its acknowledgement"};
    return beginClosing(channel, now);
  }
  open(channel);
}

void Channels::handleEvent(const sctp::AssociationEvent& event, Time now) {
  if (ended_ || association_ == nullptr) return;
  std::visit([this, now](const auto& e) { onEvent(e, now); }, event);
}

void Channels::onEvent(const sctp::event::Connected& e, Time) {
  connected_ = true;
  streamLimit_ = std::min({e.outboundStreams, e.inboundStreams, sctp::kMaxStreams});
  std::vector<ChannelId> ids;
  for (const auto& [id, channel] : channels_)
    ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const ChannelId id : ids) {
    Channel& channel = *find(id);
    if (channel.stream->value() < streamLimit_) {
      open(channel);
      continue;
    }
    channel.error = Error{ErrorCode::Limit, "data channel: the other side has fewer streams",
                          static_cast<std::int32_t>(streamLimit_)};
    finish(id);
  }
}

void Channels::onEvent(const sctp::event::StreamsAdded& e, Time) {
  streamLimit_ = std::min({e.outboundStreams, e.inboundStreams, sctp::kMaxStreams});
}

// Messages of both directions are lost and the other side knows no channel of ours any more.
void Channels::onEvent(const sctp::event::Restarted&, Time) {
  closeAll(Error{ErrorCode::Closed, "the other side has restarted SCTP"});
  unusable_.clear();
}

void Channels::onEvent(const sctp::event::IncomingStreamReset& e, Time now) {
  if (Channel* channel = find(e.stream)) {
    channel->reset.incoming = true;
    // RFC 8831 section 6.7: answered by resetting the other direction.
    beginClosing(*channel, now);
    if (channel->reset.done()) finish(channel->id);
  } else if (const auto it = unusable_.find(e.stream); it != unusable_.end()) {
    it->second.incoming = true;
    freeIfReset(e.stream);
  }
}

void Channels::onEvent(const sctp::event::OutgoingStreamReset& e, Time now) {
  Channel* channel = find(e.stream);
  if (channel != nullptr && channel->ackWaits) {
    channel->ackWaits = false;
    if (channel->state == ChannelState::Connecting || channel->state == ChannelState::Open) {
      return acknowledge(*channel, now);
    }
    return association_->resetStream(e.stream, now);
  }
  if (channel != nullptr) {
    channel->reset.outgoing = e.performed;
    // Denied: nothing more will come of it, and the identifier is never free again.
    if (!e.performed || channel->reset.done()) finish(channel->id);
  } else if (const auto it = unusable_.find(e.stream); it != unusable_.end()) {
    it->second.outgoing = e.performed;
    freeIfReset(e.stream);
  }
}

void Channels::freeIfReset(sctp::StreamId stream) {
  const auto it = unusable_.find(stream);
  if (it != unusable_.end() && it->second.done()) unusable_.erase(it);
}

void Channels::onEvent(const sctp::event::BufferedAmountLow& e, Time) {
  Channel* channel = find(e.stream);
  if (channel == nullptr || !channel->dataWaits) return;
  channel->dataWaits = false;
  tell(event::BufferedAmountLow{channel->id});
}

void Channels::onEvent(const sctp::event::Ended& e, Time) {
  ended_ = true;
  const bool orderly = e.reason == sctp::event::EndReason::Shutdown ||
                       e.reason == sctp::event::EndReason::AbortedByUs;
  // name() is text of the program's life.
  closeAll(orderly ? std::nullopt
                   : std::optional<Error>(Error{ErrorCode::Closed, sctp::event::name(e.reason)}));
  unusable_.clear();
}

}  // namespace parley::datachannel
