// The inside of a Peer: its transport, its association and its channels, and how news of one
// becomes work of another.
#pragma once

#include <optional>

#include "crypto/identity.h"
#include "datachannel/channels.h"
#include "peer/event_queue.h"
#include "peer/peer.h"
#include "peer/transport.h"
#include "sctp/association/association.h"

namespace parley::peer {

class Peer::Impl {
 public:
  Impl(PeerConfig given, const crypto::Identity& who, dtls::Context& dtls, RandomSource& source,
       Time now);

  // Lets news travel between the parts until there is none. After everything that may bring some.
  void settle(Time now);
  // Reads the train up to the next message, or to its end.
  void advance(Time now);
  std::optional<PeerEvent> pollEvent();
  More pollData(TransmitBatch& batch, Time now);
  void startSctp(Time now);
  // Without a path its clock stands still: what it cannot send is not lost, and whether the other
  // side can be reached is ICE's to say.
  bool sctpRuns() const { return sctp && !closed && transport.isReady(); }
  void close(Time now);
  Verdict verdict(std::string_view other, Time now) const;
  StatsReport stats(Time now) const;

  // peer_channels.cc
  Result<ChannelId> createChannel(const ChannelInit& init, Time now);
  Status send(ChannelId channel, MessageKind kind, ConstBytes message, Time now);
  void closeChannel(ChannelId channel, Time now);
  std::uint64_t bufferedAmount(ChannelId channel) const;
  void setLowThreshold(ChannelId channel, std::uint64_t bytes);
  std::uint64_t maxMessageSize() const;

 private:
  // A SACK with all its blocks, sealed and wrapped; and what a seal adds behind.
  static constexpr std::size_t kMaxSackRoom = 1400;
  static constexpr std::size_t kSealTail = 16 + turn::client::kTailroom;

  void afterPacket(Time now);
  void updateConnectionState(Time now);
  ConnectionState wantedState() const;
  void followPath(Time now);
  std::size_t sctpMtu() const;
  void handleSctpEvents(Time now);
  void setSctpState(SctpState next, std::string error, Time now);
  void endData(std::string error, Time now);

  // peer_channels.cc
  // Whether SCTP has a message or news for the application.
  bool takeMessage();
  PeerEvent messageEvent();
  void channelsStart(Time now);
  void pollChannels(Time now);
  void addChannelStats(StatsReport& out) const;

 public:
  PeerConfig config;
  crypto::Identity identity;
  RandomSource& random;
  EventQueue out;
  EventLog log;
  Servers::Ids ids;
  IceDtlsTransport transport;

  std::optional<SctpParameters> sctpParameters;
  std::optional<sctp::Association> sctp;
  datachannel::Channels channels;
  bool sctpStarted = false;
  std::optional<datachannel::ReceivedData> delivered;
  bool messageReady = false;
  struct Known {
    ChannelId channel;
    std::string label;
    std::string protocol;
  };
  std::vector<Known> known;  // channels that are not closed
  SctpState sctpState = SctpState::Connecting;
  std::string sctpError;

  ConnectionState state = ConnectionState::New;
  bool closed = false;
  Time lastNow{};  // of the last verb; pollEvent() has no time of its own
};

}  // namespace parley::peer
