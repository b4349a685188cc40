#include "peer/peer.h"

#include "base/check.h"
#include "ice/credentials.h"
#include "peer/peer_impl.h"

namespace parley::peer {

Peer::Peer(PeerConfig config, const crypto::Identity& identity, dtls::Context& dtls,
           RandomSource& random, Time now)
    : impl_(std::make_unique<Impl>(std::move(config), identity, dtls, random, now)) {}
Peer::~Peer() = default;

// ---- what the host has and answers

void Peer::addLink(LinkId link, const Address& local, InterfaceKind kind, Time now) {
  if (impl_->closed) return;
  impl_->transport.addLink(link, local, kind, now);
  impl_->settle(now);
}

void Peer::removeLink(LinkId link, Time now) {
  if (impl_->closed) return;
  impl_->transport.removeLink(link, now);
  impl_->settle(now);
}

void Peer::endOfLinks(Time now) {
  if (impl_->closed) return;
  impl_->transport.endOfLinks(now);
  impl_->settle(now);
}

void Peer::handleStreamOpened(StreamRequestId id, const Path& path, Time now) {
  // Nobody waits for it any more.
  if (impl_->closed || !impl_->transport.handleStreamOpened(id, path, now))
    impl_->out.push(CloseStream{path.link});
  impl_->settle(now);
}

void Peer::handleStreamFailed(StreamRequestId id, const Error& error, Time now) {
  if (impl_->closed) return;
  impl_->transport.handleStreamFailed(id, error, now);
  impl_->settle(now);
}

void Peer::handleResolved(LookupId id, std::span<const IpAddress> addresses, Time now) {
  if (impl_->closed) return;
  impl_->transport.handleResolved(id, addresses, now);
  impl_->settle(now);
}

void Peer::handlePathEvent(const Path& path, PathEvent event, Time now) {
  impl_->transport.handlePathEvent(path, event, now);
  impl_->settle(now);
}

// ---- negotiation

Fingerprint Peer::fingerprint() const {
  const crypto::Fingerprint f = impl_->identity.fingerprint();
  return {std::string{crypto::name(f.hash())}, f.text()};
}

IceParameters Peer::makeIceParameters() {
  ice::Credentials c = ice::makeCredentials(impl_->random);
  return {std::move(c.ufrag), std::move(c.password), false};
}

void Peer::setLocal(TransportId, const IceParameters& ours, bool controlling, Time now) {
  if (impl_->closed) return;
  impl_->transport.setLocal(ours, controlling, now);
  impl_->settle(now);
}

void Peer::setRemote(TransportId, const IceParameters& theirs, Time now) {
  if (impl_->closed) return;
  impl_->transport.setRemote(theirs, now);
  impl_->settle(now);
}

Status Peer::startDtls(TransportId, DtlsRole role, const std::vector<Fingerprint>& fingerprints,
                       Time now) {
  if (impl_->closed) return Error{ErrorCode::Closed, "start DTLS"};
  const Status started = impl_->transport.startDtls(role, fingerprints, now);
  impl_->settle(now);
  return started;
}

Status Peer::addRemoteCandidate(TransportId, std::string_view text, std::string_view ufrag,
                                Time now) {
  if (impl_->closed) return Error{ErrorCode::Closed, "add a candidate"};
  const Status added = impl_->transport.addRemoteCandidate(text, ufrag, now);
  impl_->settle(now);
  return added;
}

void Peer::setIceServers(std::vector<IceServer> servers, IceTransportPolicy policy, Time now) {
  if (impl_->closed) return;
  impl_->transport.setServers(servers, policy, now);
  impl_->settle(now);
}

void Peer::startData(const SctpParameters& parameters, Time now) {
  if (impl_->closed || impl_->sctpParameters) return;
  impl_->sctpParameters = parameters;
  impl_->startSctp(now);
  impl_->settle(now);
}

// ---- data channels

Result<ChannelId> Peer::createChannel(const ChannelInit& init, Time now) {
  if (impl_->closed) return Error{ErrorCode::Closed, "create a data channel"};
  const Result<ChannelId> made = impl_->createChannel(init, now);
  impl_->settle(now);
  return made;
}

Status Peer::send(ChannelId channel, MessageKind kind, ConstBytes message, Time now) {
  if (impl_->closed) return Error{ErrorCode::Closed, "send"};
  impl_->lastNow = now;
  return impl_->send(channel, kind, message, now);
}

void Peer::closeChannel(ChannelId channel, Time now) {
  if (impl_->closed) return;
  impl_->closeChannel(channel, now);
  impl_->settle(now);
}

std::uint64_t Peer::bufferedAmount(ChannelId channel) const {
  return impl_->bufferedAmount(channel);
}

void Peer::setBufferedAmountLowThreshold(ChannelId channel, std::uint64_t bytes) {
  impl_->setLowThreshold(channel, bytes);
}

std::uint64_t Peer::maxMessageSize() const {
  return impl_->maxMessageSize();
}

// ---- the end

void Peer::close(Time now) {
  impl_->close(now);
}

bool Peer::isDone() const {
  return impl_->closed && impl_->transport.isDone();
}

// ---- states

ConnectionState Peer::connectionState() const {
  return impl_->state;
}
IceState Peer::iceState(TransportId) const {
  return impl_->closed ? IceState::Closed : impl_->transport.iceState();
}
DtlsState Peer::dtlsState(TransportId) const {
  return impl_->transport.dtlsState();
}
GatheringState Peer::gatheringState(TransportId) const {
  return impl_->transport.gatheringState();
}
const EventLog& Peer::log() const {
  return impl_->log;
}
Verdict Peer::verdict(std::string_view other, Time now) const {
  return impl_->verdict(other, now);
}
StatsReport Peer::stats(Time now) const {
  return impl_->stats(now);
}

// ---- the five verbs

void Peer::handleDatagrams(const Train& train, Time now) {
  // A drain comes between two trains: the last one's messages still lie in its bytes.
  PARLEY_CHECK(!impl_->transport.reading());
  impl_->lastNow = now;
  impl_->transport.accept(train, now);
  impl_->advance(now);
}

void Peer::handleTimeout(Time now) {
  impl_->transport.handleTimeout(now);
  if (impl_->sctpRuns()) impl_->sctp->handleTimeout(now);
  impl_->settle(now);
}

Time Peer::nextTimeout() const {
  Time next = impl_->transport.nextTimeout();
  if (impl_->sctpRuns()) next = std::min(next, impl_->sctp->nextTimeout());
  return next;
}

More Peer::pollTransmit(TransmitBatch& batch, Time now) {
  impl_->lastNow = now;
  if (impl_->transport.pollTransmit(batch, now) == More::Yes) return More::Yes;
  return impl_->pollData(batch, now);
}

std::optional<PeerEvent> Peer::pollEvent() {
  return impl_->pollEvent();
}

static_assert(Engine<Peer>);

}  // namespace parley::peer
