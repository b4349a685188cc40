#include "peer/peer_impl.h"

#include <algorithm>

#include "sctp/tx/controller.h"

namespace parley::peer {
namespace {

// A datagram of the largest size that is tried, its relay's header and padding included.
std::size_t roomFor(const PeerConfig& config) {
  return std::max(config.datagramSize, config.maxDatagramSize) +
         IceDtlsTransport::kMaxRelayHeadroom;
}

}  // namespace

Peer::Impl::Impl(PeerConfig given, const crypto::Identity& who, dtls::Context& dtls,
                 RandomSource& source, Time now)
    : config(std::move(given)),
      identity(who),
      random(source),
      log(config.eventLogEntries, now),
      transport(TransportId{1}, {config, identity, dtls, random, out, log, ids}),
      lastNow(now) {}

void Peer::Impl::settle(Time now) {
  lastNow = now;
  transport.settle(now);
  if (transport.takePathChanged()) followPath(now);
  if (transport.takeDtlsConnected()) startSctp(now);
  if (transport.takeDtlsEnded()) endData(transport.dtlsError(), now);
  handleSctpEvents(now);
  updateConnectionState(now);
}

// ---- in

void Peer::Impl::advance(Time now) {
  while (const auto plaintext = transport.nextPlaintext(now)) {
    // The record before it may have ended the handshake.
    if (!sctp) settle(now);
    if (!sctp) continue;
    sctp->handlePacket(*plaintext, now);
    if (takeMessage()) return;
    afterPacket(now);
  }
  if (sctp) sctp->endOfTrain(now);
  settle(now);
}

// While the other side wants to hear often (slow start, a gap), its SACK is made in the midst of a
// train; it goes out with the next poll.
void Peer::Impl::afterPacket(Time now) {
  handleSctpEvents(now);
  if (!sctp->urgent() || !transport.isReady()) return;
  std::array<std::uint8_t, kMaxSackRoom> room;
  const std::size_t offset = transport.plaintextOffset();
  const std::size_t n =
      sctp->pollPacket(Bytes{room}.subspan(offset, kMaxSackRoom - offset - kSealTail), now, {0});
  if (n != 0) transport.sealForLater(room, n, now);
}

std::optional<PeerEvent> Peer::Impl::pollEvent() {
  for (;;) {
    if (auto event = out.pop()) return event;
    if (messageReady) {
      messageReady = false;
      return messageEvent();
    }
    if (!transport.reading()) return std::nullopt;
    // The message before was the last event: on with the packet that it came in, then the train.
    if (takeMessage()) continue;
    afterPacket(lastNow);
    advance(lastNow);
  }
}

// ---- out

More Peer::Impl::pollData(TransmitBatch& batch, Time now) {
  if (!sctp || !transport.isReady()) return More::No;
  const std::size_t offset = transport.plaintextOffset();
  const std::size_t size = roomFor(config);
  for (;;) {
    const Bytes room = batch.reserve(size);
    if (room.empty()) return More::Yes;
    const std::size_t n = sctp->pollPacket(room.subspan(offset, size - offset - kSealTail), now);
    if (n == 0) return More::No;
    if (!transport.sealAndCommit(batch, room, n, now)) return More::No;
  }
}

// ---- SCTP

void Peer::Impl::startSctp(Time now) {
  if (!sctpParameters || sctpStarted || closed) return;
  if (transport.dtlsState() != DtlsState::Connected) return;
  sctpStarted = true;
  sctp::AssociationConfig c;
  c.localPort = sctpParameters->localPort;
  c.remotePort = sctpParameters->remotePort;
  c.mtu = sctpMtu();
  if (config.modelBasedCongestionControl) c.controller = sctp::tx::Controller::Model;
  c.maxReceivedMessage = static_cast<std::size_t>(config.maxMessageSize);
  c.maxSentMessage = static_cast<std::size_t>(maxMessageSize());
  c.sendBufferLimit = config.sendBufferSize;
  c.rttHint = transport.roundTrip();
  c.initialReceiveWindow = std::min<std::size_t>(c.initialReceiveWindow, config.receiveWindow);
  c.maxReceiveWindow = config.receiveWindow;
  sctp.emplace(c, random);
  channelsStart(now);
  sctp->connect(now);
}

// RFC 9260 section 3.2: packets are multiples of four.
std::size_t Peer::Impl::sctpMtu() const {
  return transport.plaintextRoom(config.datagramSize) & ~std::size_t{3};
}

void Peer::Impl::followPath(Time now) {
  if (!sctp || !transport.isReady()) return;
  sctp->setMtu(sctpMtu(), now);
  sctp->handlePathChange(transport.roundTrip(), now);
}

void Peer::Impl::handleSctpEvents(Time now) {
  while (sctp) {
    auto event = sctp->pollEvent();
    if (!event) break;
    if (std::holds_alternative<sctp::event::Connected>(*event))
      setSctpState(SctpState::Connected, {}, now);
    if (const auto* ended = std::get_if<sctp::event::Ended>(&*event)) {
      std::string text = sctp::event::name(ended->reason);
      if (!ended->text.empty()) text += ": " + ended->text;
      setSctpState(SctpState::Closed, text, now);
    }
    channels.handleEvent(*event, now);
  }
  pollChannels(now);
}

void Peer::Impl::setSctpState(SctpState next, std::string error, Time now) {
  if (next == sctpState) return;
  sctpState = next;
  sctpError = std::move(error);
  LogEntry e;
  e.at = now;
  e.kind = LogKind::SctpState;
  e.state = static_cast<std::uint8_t>(next);
  log.add(e);
  out.push(SctpStateChanged{next, sctp::kMaxStreams});
}

// DTLS ended: nothing passes any more.
void Peer::Impl::endData(std::string error, Time now) {
  if (sctp) sctp->abort("the transport is closed", now);
  handleSctpEvents(now);
  setSctpState(SctpState::Closed, std::move(error), now);
}

void Peer::Impl::close(Time now) {
  if (closed) return;
  lastNow = now;
  // The other side hears at once that nothing more comes: an ABORT, then DTLS's close_notify.
  if (sctp && transport.isReady()) {
    sctp->abort("closed", now);
    std::array<std::uint8_t, kMaxSackRoom> room;
    const std::size_t offset = transport.plaintextOffset();
    const std::size_t n =
        sctp->pollPacket(Bytes{room}.subspan(offset, kMaxSackRoom - offset - kSealTail), now);
    if (n != 0) transport.sealForLater(room, n, now);
  }
  closed = true;
  transport.close(now);
  updateConnectionState(now);
}

// ---- states

// webrtc-pc section 4.3.3, for one transport.
ConnectionState Peer::Impl::wantedState() const {
  if (closed) return ConnectionState::Closed;
  const IceState ice = transport.iceState();
  const DtlsState dtls = transport.dtlsState();
  if (ice == IceState::Failed || dtls == DtlsState::Failed) return ConnectionState::Failed;
  if (ice == IceState::Disconnected) return ConnectionState::Disconnected;
  if (dtls == DtlsState::Closed) return ConnectionState::Closed;
  if (ice == IceState::New && dtls == DtlsState::New) return ConnectionState::New;
  const bool up = ice == IceState::Connected || ice == IceState::Completed;
  if (up && dtls == DtlsState::Connected) return ConnectionState::Connected;
  return ConnectionState::Connecting;
}

void Peer::Impl::updateConnectionState(Time now) {
  const ConnectionState next = wantedState();
  if (next == state) return;
  state = next;
  LogEntry e;
  e.at = now;
  switch (next) {
    case ConnectionState::Connected:
      e.kind = LogKind::Connected;
      break;
    case ConnectionState::Disconnected:
      e.kind = LogKind::Disconnected;
      break;
    case ConnectionState::Failed:
      e.kind = LogKind::Failed;
      break;
    case ConnectionState::Closed:
      e.kind = LogKind::Closed;
      break;
    default:
      out.push(ConnectionStateChanged{next});
      return;
  }
  log.add(e);
  out.push(ConnectionStateChanged{next});
}

Verdict Peer::Impl::verdict(std::string_view other, Time now) const {
  if (state == ConnectionState::Connected) return {};
  FailureEvidence e;
  const ice::AgentStats ice = transport.agent().stats();
  for (const ice::CandidatePairStats& p : ice.pairs) {
    e.pairsTried += p.counters.requestsSent > 0 ? 1 : 0;
    e.pairsAnswered += p.counters.responsesReceived > 0 ? 1 : 0;
  }
  transport.addErrors(e.relayErrors);
  const IceState iceState = transport.iceState();
  e.iceConnected = iceState == IceState::Connected || iceState == IceState::Completed;
  e.everConnected = transport.wasConnected() && transport.dtlsState() == DtlsState::Connected;
  e.relayOnly = config.iceTransportPolicy == IceTransportPolicy::Relay;
  e.silence = now - transport.lastConnected(now);
  e.restarts = transport.restarts();
  e.setupError = !transport.dtlsError().empty() ? transport.dtlsError() : sctpError;
  return judge(e, other);
}

}  // namespace parley::peer
