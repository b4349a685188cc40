// Data channels over the association: what a Peer's application calls and hears.
#include <algorithm>

#include "peer/peer_impl.h"

namespace parley::peer {

namespace dc = datachannel;

namespace {

const char* stateName(dc::ChannelState s) {
  static constexpr const char* kNames[] = {"connecting", "open", "closing", "closed"};
  return kNames[static_cast<std::size_t>(s)];
}

}  // namespace

Result<ChannelId> Peer::Impl::createChannel(const ChannelInit& init, Time now) {
  const Result<ChannelId> made = channels.create(init, now);
  if (made.ok()) known.push_back({*made, init.label, init.protocol});
  return made;
}

Status Peer::Impl::send(ChannelId channel, MessageKind kind, ConstBytes message, Time now) {
  return channels.send(channel, kind, message, now);
}

void Peer::Impl::closeChannel(ChannelId channel, Time now) {
  channels.close(channel, now);
}

std::uint64_t Peer::Impl::bufferedAmount(ChannelId channel) const {
  return channels.bufferedAmount(channel);
}

void Peer::Impl::setLowThreshold(ChannelId channel, std::uint64_t bytes) {
  channels.setLowThreshold(channel, static_cast<std::size_t>(bytes));
}

// RFC 8841 section 6.1: 0 is any size; what we can hold bounds it then.
std::uint64_t Peer::Impl::maxMessageSize() const {
  const std::uint64_t theirs = sctpParameters ? sctpParameters->remoteMaxMessageSize : 0;
  return theirs == 0 ? config.sendBufferSize
                     : std::min<std::uint64_t>(theirs, config.sendBufferSize);
}

void Peer::Impl::channelsStart(Time now) {
  const bool client = transport.session()->role() == dtls::Role::Client;
  channels.start(*sctp, client ? dc::Side::DtlsClient : dc::Side::DtlsServer, now);
}

// What is no application's (DCEP) is dealt with on the way. Events that a message brings (its
// channel's announcement) come before it.
bool Peer::Impl::takeMessage() {
  while (const auto received = sctp->nextMessage()) {
    delivered = channels.receive(*received, lastNow);
    pollChannels(lastNow);
    if (delivered) return messageReady = true;
    if (!out.empty()) return true;
  }
  return false;
}

PeerEvent Peer::Impl::messageEvent() {
  return ChannelMessage{delivered->channel, delivered->kind, delivered->bytes};
}

void Peer::Impl::pollChannels(Time) {
  while (auto event = channels.pollEvent()) {
    if (const auto* e = std::get_if<dc::event::Opened>(&*event)) {
      out.push(ChannelOpened{e->channel, e->stream.value()});
    } else if (auto* announced = std::get_if<dc::event::Announced>(&*event)) {
      known.push_back({announced->channel, announced->init.label, announced->init.protocol});
      out.push(ChannelAnnounced{announced->channel, std::move(announced->init)});
    } else if (const auto* closing = std::get_if<dc::event::Closing>(&*event)) {
      out.push(ChannelClosing{closing->channel});
    } else if (const auto* ended = std::get_if<dc::event::Closed>(&*event)) {
      std::erase_if(known, [&](const Known& k) { return k.channel == ended->channel; });
      out.push(ChannelClosed{ended->channel, ended->error ? ended->error->describe() : ""});
    } else if (const auto* low = std::get_if<dc::event::BufferedAmountLow>(&*event)) {
      out.push(ChannelBufferedAmountLow{low->channel});
    }
  }
}

void Peer::Impl::addChannelStats(StatsReport& report) const {
  PeerConnectionStats self;
  self.id = "P";
  self.dataChannelsOpened = channels.stats().opened;
  self.dataChannelsClosed = channels.stats().closed;
  report.emplace_back(self);
  for (const Known& k : known) {
    DataChannelStats s;
    s.id = "D" + std::to_string(k.channel.value());
    s.label = k.label;
    s.protocol = k.protocol;
    if (const auto stream = channels.stream(k.channel)) s.dataChannelIdentifier = stream->value();
    s.state = stateName(channels.state(k.channel));
    const dc::ChannelStats counted = channels.stats(k.channel);
    s.messagesSent = counted.messagesSent;
    s.bytesSent = counted.bytesSent;
    s.messagesReceived = counted.messagesReceived;
    s.bytesReceived = counted.bytesReceived;
    report.emplace_back(std::move(s));
  }
}

}  // namespace parley::peer
