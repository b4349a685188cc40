#include "datachannel/channels.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace parley::datachannel {
namespace {

// RFC 8831 section 8 and RFC 8832 section 8.1.
constexpr sctp::Ppid kDcep{50};
constexpr sctp::Ppid kString{51};
constexpr sctp::Ppid kBinary{53};
constexpr sctp::Ppid kStringEmpty{56};
constexpr sctp::Ppid kBinaryEmpty{57};
// SCTP has no empty messages: one byte that says nothing (RFC 8831 section 6.6).
constexpr std::array<std::uint8_t, 1> kEmpty{0};

sctp::Ppid ppidOf(MessageKind kind, bool empty) {
  if (kind == MessageKind::Text) return empty ? kStringEmpty : kString;
  return empty ? kBinaryEmpty : kBinary;
}

sctp::SendOptions optionsOf(const ChannelInit& init) {
  sctp::SendOptions o;
  o.unordered = !init.ordered;
  if (init.maxRetransmits) o.maxRetransmits = *init.maxRetransmits;
  if (init.maxPacketLifeTime) o.lifetime = std::chrono::milliseconds(*init.maxPacketLifeTime);
  return o;
}

}  // namespace

Status Channels::validate(const ChannelInit& init) {
  constexpr auto kLimit = static_cast<std::int32_t>(DcepOpen::kMaxName);
  if (init.maxRetransmits && init.maxPacketLifeTime) {
    return Error{ErrorCode::Invalid, "data channel: two limits of reliability"};
  }
  if (init.negotiated != init.id.has_value()) {
    return Error{ErrorCode::Invalid, "data channel: negotiated and an id go together"};
  }
  if (init.id && *init.id >= sctp::kMaxStreams) {
    return Error{ErrorCode::Invalid, "data channel: id", *init.id};
  }
  if (init.label.size() > DcepOpen::kMaxName || init.protocol.size() > DcepOpen::kMaxName) {
    return Error{ErrorCode::Invalid, "data channel: label or protocol too long", kLimit};
  }
  return Ok{};
}

Result<ChannelId> Channels::create(ChannelInit init, Time now) {
  if (const Status valid = validate(init); !valid.ok()) return valid.error();
  if (ended_) return Error{ErrorCode::Closed, "create a data channel"};
  if (channels_.size() >= config_.maxChannels) {
    return Error{ErrorCode::Limit, "data channels", static_cast<std::int32_t>(config_.maxChannels)};
  }
  std::optional<sctp::StreamId> stream;
  if (init.id) {
    stream = sctp::StreamId(*init.id);
    if (byStream_.contains(*stream) || unusable_.contains(*stream)) {
      return Error{ErrorCode::InUse, "data channel: id", *init.id};
    }
    if (*init.id >= streamLimit_) {
      return Error{ErrorCode::Limit, "data channel: id", static_cast<std::int32_t>(streamLimit_)};
    }
  } else if (association_ != nullptr) {
    stream = freeStream();
    if (!stream) return Error{ErrorCode::Limit, "data channels: no identifier is left"};
  }
  Channel& channel = add(std::move(init));
  channel.options = optionsOf(channel.init);
  if (stream) assign(channel, *stream);
  if (association_ != nullptr) begin(channel, now);
  return channel.id;
}

Channels::Channel& Channels::add(ChannelInit init) {
  const ChannelId id(nextId_++);
  Channel& channel = channels_[id];
  channel.id = id;
  channel.init = std::move(init);
  return channel;
}

Channels::Channel* Channels::find(ChannelId id) {
  const auto it = channels_.find(id);
  return it == channels_.end() ? nullptr : &it->second;
}
const Channels::Channel* Channels::find(ChannelId id) const {
  const auto it = channels_.find(id);
  return it == channels_.end() ? nullptr : &it->second;
}
Channels::Channel* Channels::find(sctp::StreamId stream) {
  const auto it = byStream_.find(stream);
  return it == byStream_.end() ? nullptr : find(it->second);
}

// RFC 8832 section 6: the DTLS client's are even. The lowest, as everybody does it.
std::optional<sctp::StreamId> Channels::freeStream() {
  for (std::uint32_t n = side_ == Side::DtlsClient ? 0 : 1; n < streamLimit_; n += 2) {
    const sctp::StreamId stream(static_cast<std::uint16_t>(n));
    if (!byStream_.contains(stream) && !unusable_.contains(stream)) return stream;
  }
  return std::nullopt;
}

void Channels::assign(Channel& channel, sctp::StreamId stream) {
  channel.stream = stream;
  channel.init.id = stream.value();
  byStream_[stream] = channel.id;
}

void Channels::start(sctp::Association& association, Side side, Time now) {
  PARLEY_CHECK(association_ == nullptr);
  association_ = &association;
  side_ = side;
  // In the order of their creation, which is that of their identifiers.
  std::vector<ChannelId> ids;
  for (const auto& [id, channel] : channels_)
    ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const ChannelId id : ids) {
    Channel& channel = *find(id);
    if (!channel.stream) {
      const auto stream = freeStream();
      if (!stream) {
        channel.error = Error{ErrorCode::Limit, "data channels: no identifier is left"};
        finish(id);
        continue;
      }
      assign(channel, *stream);
    }
    begin(channel, now);
  }
}

// The association may not be connected yet: the OPEN waits there and leaves with the first data.
void Channels::begin(Channel& channel, Time now) {
  association_->setPriority(*channel.stream, channel.init.priority);
  if (channel.lowThreshold) association_->setLowThreshold(*channel.stream, *channel.lowThreshold);
  if (channel.init.negotiated) {
    channel.acknowledged = true;
  } else if (!channel.remote && !sendOpen(channel, now)) {
    channel.error = Error{ErrorCode::Limit, "data channel: no room for its opening message"};
    return beginClosing(channel, now);
  }
  if (connected_) open(channel);
}

bool Channels::sendOpen(Channel& channel, Time now) {
  DcepOpen open;
  open.unordered = !channel.init.ordered;
  open.priority = channel.init.priority;
  open.label = channel.init.label;
  open.protocol = channel.init.protocol;
  if (channel.init.maxRetransmits) {
    open.reliability = Reliability::MaxRetransmits;
    open.reliabilityParameter = *channel.init.maxRetransmits;
  } else if (channel.init.maxPacketLifeTime) {
    open.reliability = Reliability::MaxLifetime;
    open.reliabilityParameter = *channel.init.maxPacketLifeTime;
  }
  std::vector<std::uint8_t> message(open.size());
  writeDcepOpen(message, open);
  return association_->send(*channel.stream, kDcep, message, {}, now).ok();
}

void Channels::open(Channel& channel) {
  if (channel.state != ChannelState::Connecting) return;
  channel.state = ChannelState::Open;
  ++stats_.opened;
  tell(event::Opened{channel.id, *channel.stream});
}

Status Channels::send(ChannelId id, MessageKind kind, ConstBytes message, Time now) {
  Channel* channel = find(id);
  if (channel == nullptr || channel->state != ChannelState::Open || channel->ackWaits) {
    return Error{ErrorCode::Closed, "send on a data channel that is not open"};
  }
  sctp::SendOptions options = channel->options;
  // RFC 8832 section 6: in order until the other side knows the channel.
  if (!channel->acknowledged) options.unordered = false;
  const bool empty = message.empty();
  const Status sent = association_->send(*channel->stream, ppidOf(kind, empty),
                                         empty ? ConstBytes(kEmpty) : message, options, now);
  if (!sent.ok()) return sent.error();
  channel->dataWaits = true;
  ++channel->stats.messagesSent;
  channel->stats.bytesSent += message.size();
  return Ok{};
}

void Channels::close(ChannelId id, Time now) {
  Channel* channel = find(id);
  if (channel == nullptr || channel->state == ChannelState::Closing) return;
  if (association_ == nullptr) return finish(id);
  channel->state = ChannelState::Closing;
  association_->resetStream(*channel->stream, now);
}

// Because of the other side or of an error; close() is quiet.
void Channels::beginClosing(Channel& channel, Time now) {
  if (channel.state == ChannelState::Closing) return;
  channel.state = ChannelState::Closing;
  tell(event::Closing{channel.id});
  association_->resetStream(*channel.stream, now);
}

// Closed. The stream stays in use until both directions are reset.
void Channels::finish(ChannelId id) {
  const auto it = channels_.find(id);
  Channel& channel = it->second;
  if (channel.remote) remoteNames_ -= nameBytes(channel.init);
  if (channel.stream) {
    byStream_.erase(*channel.stream);
    if (!ended_ && association_ != nullptr && !channel.reset.done()) {
      unusable_[*channel.stream] = channel.reset;
    }
  }
  ++stats_.closed;
  tell(event::Closed{id, channel.error});
  channels_.erase(it);
}

void Channels::closeAll(std::optional<Error> error) {
  std::vector<ChannelId> ids;
  for (const auto& [id, channel] : channels_)
    ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (const ChannelId id : ids) {
    Channel& channel = *find(id);
    if (!channel.error) channel.error = error;
    finish(id);
  }
}

ChannelState Channels::state(ChannelId id) const {
  const Channel* channel = find(id);
  return channel == nullptr ? ChannelState::Closed : channel->state;
}

std::optional<sctp::StreamId> Channels::stream(ChannelId id) const {
  const Channel* channel = find(id);
  return channel == nullptr ? std::nullopt : channel->stream;
}

ChannelStats Channels::stats(ChannelId id) const {
  const Channel* channel = find(id);
  return channel == nullptr ? ChannelStats{} : channel->stats;
}

std::size_t Channels::bufferedAmount(ChannelId id) const {
  const Channel* channel = find(id);
  // Without a message there are DCEP's bytes at most, which do not count.
  if (channel == nullptr || channel->stats.messagesSent == 0) return 0;
  return association_->bufferedAmount(*channel->stream);
}

void Channels::setLowThreshold(ChannelId id, std::size_t bytes) {
  Channel* channel = find(id);
  if (channel == nullptr) return;
  channel->lowThreshold = bytes;
  if (association_ != nullptr) association_->setLowThreshold(*channel->stream, bytes);
}

std::optional<Channels::Event> Channels::pollEvent() {
  if (eventsRead_ == events_.size()) {
    events_.clear();  // and keeps its memory
    eventsRead_ = 0;
    return std::nullopt;
  }
  return std::move(events_[eventsRead_++]);
}

}  // namespace parley::datachannel
