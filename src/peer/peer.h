// One end of a WebRTC connection without I/O: ICE, TURN clients, DTLS, SCTP and data channels
// behind the five verbs of net/engine.h. Bytes and time go in; datagrams, timers and events come
// out. It opens no socket, asks no clock and no resolver: it says what it wants done
// (peer/events.h), and its host, which may be any event loop, answers.
//
//   Peer peer(config, identity, dtlsContext, random, now);
//   peer.addLink(link, address, InterfaceKind::Ethernet, now);   // a UDP socket that the host
//   bound apply(peer, transportState, now);                // what offer and answer say
//   (negotiation.h) ChannelId c = *peer.createChannel({.label = "chat"}, now); drain(peer, batch,
//   now, send, onEvent);          // after every call
//
// How it is built: a Peer is transports (Transport = ice::Agent + TURN clients + dtls::Session;
// one today, several later) and one SCTP association with its channels over the first. Offer and
// answer are not in here: sdp::jsep makes the deltas that setLocal(), setRemote(), startDtls() and
// startData() take; data_session.h does both for connections of data channels only.
//
// Data on its way: a train is demultiplexed (demux.h), unwrapped when it came over a relay,
// decrypted in place, and its messages are handed out as spans by pollEvent(). send() copies once
// into SCTP's slabs; pollTransmit() writes SCTP packets and seals them straight into the batch's
// arena, behind the room that a relay's header needs. Nothing is allocated a packet.
//
// Limits: PeerConfig names sizes; kMaxLinks links; candidates and pairs are ice's limits; early
// DTLS datagrams (before the fingerprint is known) are kept up to kMaxEarlyBytes and then dropped.
// Errors: what the other side sends wrong is dropped and counted; what cannot go on is an event
// with its reason and a terminal state. After close() every input is ignored.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "net/engine.h"
#include "peer/event_log.h"
#include "peer/events.h"
#include "peer/stats.h"
#include "peer/verdict.h"

namespace parley::crypto {
class Identity;
}
namespace parley::dtls {
class Context;
}

namespace parley::peer {

class Peer {
 public:
  using Event = PeerEvent;
  static constexpr std::size_t kMaxLinks = 16;
  static constexpr std::size_t kMaxEarlyBytes = 16 * 1024;

  // `dtls` (one for all peers of a shard) and `random` outlive it.
  Peer(PeerConfig config, const crypto::Identity& identity, dtls::Context& dtls,
       RandomSource& random, Time now);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // ---- what the host has and answers -----------------------------------------------------------

  // A UDP socket bound to `local`. Gathering goes over all links there are; one that comes later
  // joins it. Ignored beyond kMaxLinks.
  void addLink(LinkId link, const Address& local, InterfaceKind kind, Time now);
  void removeLink(LinkId link, Time now);
  // No more links for now: gathering can be complete. Without it gathering never is.
  void endOfLinks(Time now);

  // A stream is a TURN server's: what it brings is cut by turn::StreamFramer, each message a train
  // of its own; what the batch has for its path goes out as it stands.
  void handleStreamOpened(StreamRequestId id, const Path& path, Time now);
  void handleStreamFailed(StreamRequestId id, const Error& error, Time now);
  // No addresses: there are none, or the lookup failed.
  void handleResolved(LookupId id, std::span<const IpAddress> addresses, Time now);
  void handlePathEvent(const Path& path, PathEvent event, Time now);

  // ---- negotiation ------------------------------------------------------------------------------

  // The bundled transport; there is always one.
  TransportId transport() const { return TransportId{1}; }
  Fingerprint fingerprint() const;  // SHA-256 of our certificate
  // Fresh ICE credentials (RFC 8839 section 5.4), for who makes no SDP by jsep.
  IceParameters makeIceParameters();

  // Our own ICE parameters are in force: gathering starts. Others than before restart ICE (RFC
  // 8445 section 9): the old path carries data until there is a new one. `controlling`: we made
  // the first offer, or the other side is lite.
  void setLocal(TransportId transport, const IceParameters& ours, bool controlling, Time now);
  // Theirs. Checks start when both sides' are known.
  void setRemote(TransportId transport, const IceParameters& theirs, Time now);
  // An answer stands: our role by a=setup, and whom to expect. The handshake starts on the first
  // valid pair. The role counts once; fingerprints are replaced until the handshake is over.
  // Unsupported: no fingerprint that we could check.
  Status startDtls(TransportId transport, DtlsRole role,
                   const std::vector<Fingerprint>& fingerprints, Time now);
  // "candidate:…", as signalling brought it; empty: their end of candidates. Of another
  // generation (`ufrag` names it, empty is "whatever is current"): kept out.
  Status addRemoteCandidate(TransportId transport, std::string_view text, std::string_view ufrag,
                            Time now);
  // New servers or credentials: used from the next gathering on, and by allocations that are
  // refused for theirs.
  void setIceServers(std::vector<IceServer> servers, IceTransportPolicy policy, Time now);

  // Data is negotiated: SCTP starts when DTLS is connected. Once.
  void startData(const SctpParameters& parameters, Time now);

  // ---- data channels ----------------------------------------------------------------------------

  // Allowed from the first moment; opens when SCTP is up. Errors as the W3C's: Invalid (both
  // reliability limits, id without negotiated, names over 65,535 bytes), InUse (the id), Limit.
  Result<ChannelId> createChannel(const ChannelInit& init, Time now);
  // Errors: Closed (not open), Limit (detail: the other side's max-message-size, or the send
  // buffer is full), and then nothing was taken.
  Status send(ChannelId channel, MessageKind kind, ConstBytes message, Time now);
  void closeChannel(ChannelId channel, Time now);
  std::uint64_t bufferedAmount(ChannelId channel) const;
  void setBufferedAmountLowThreshold(ChannelId channel, std::uint64_t bytes);
  // What send() takes at most, in one message.
  std::uint64_t maxMessageSize() const;

  // ---- the end ----------------------------------------------------------------------------------

  // Orderly: SCTP's ABORT or shutdown, DTLS's close_notify, allocations released: all of it is
  // in the next pollTransmit()s. Then nothing comes any more.
  void close(Time now);
  // After close(): everything is said, the host can let go of links and streams.
  bool isDone() const;

  // ---- states, statistics, the story
  // --------------------------------------------------------------

  ConnectionState connectionState() const;
  IceState iceState(TransportId transport) const;
  DtlsState dtlsState(TransportId transport) const;
  GatheringState gatheringState(TransportId transport) const;
  StatsReport stats(Time now) const;
  const EventLog& log() const;
  // Why there is no connection; cause None when there is one, or it is too early to say.
  Verdict verdict(std::string_view other, Time now) const;

  // ---- the five verbs
  // -----------------------------------------------------------------------------

  void handleDatagrams(const Train& train, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const;
  More pollTransmit(TransmitBatch& batch, Time now);
  std::optional<Event> pollEvent();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::peer
