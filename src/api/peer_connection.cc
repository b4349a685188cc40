// The handles: each call goes to the Connection, or says that there is none.
#include "parley/peer_connection.h"

#include "api/connection.h"

namespace parley {
namespace {

RtcError noConnection() {
  return {ErrorName::InvalidStateError, "there is no connection"};
}

template <class T>
Async<T> failed() {
  auto state = std::make_shared<detail::AsyncState<T>>();
  state->complete(noConnection());
  return Async<T>(state);
}

using Which = api::Connection::Which;
using On = api::Connection::Callbacks;

}  // namespace

Expected<PeerConnection> PeerConnection::create(const Configuration& configuration) {
  auto connection = api::Connection::make(configuration);
  if (!connection) return connection.error();
  return api::ConnectionHandle::handle(std::move(*connection));
}

Expected<SessionDescription> PeerConnection::createOffer(const OfferOptions& options) {
  if (!handle_) return noConnection();
  return handle_->connection->createOffer(options);
}
Expected<SessionDescription> PeerConnection::createAnswer() {
  if (!handle_) return noConnection();
  return handle_->connection->createAnswer();
}
Expected<void> PeerConnection::setLocalDescription() {
  if (!handle_) return noConnection();
  return handle_->connection->setLocalDescription(nullptr);
}
Expected<void> PeerConnection::setLocalDescription(const SessionDescription& description) {
  if (!handle_) return noConnection();
  return handle_->connection->setLocalDescription(&description);
}
Expected<void> PeerConnection::setRemoteDescription(const SessionDescription& description) {
  if (!handle_) return noConnection();
  return handle_->connection->setRemoteDescription(description);
}
Expected<void> PeerConnection::addIceCandidate(const IceCandidateInit& candidate) {
  if (!handle_) return noConnection();
  return handle_->connection->addIceCandidate(candidate);
}
Expected<void> PeerConnection::addIceCandidate() {
  return addIceCandidate(IceCandidateInit{});
}
void PeerConnection::restartIce() {
  if (handle_) handle_->connection->restartIce();
}
Expected<DataChannel> PeerConnection::createDataChannel(std::string_view label,
                                                        const DataChannelInit& init) {
  if (!handle_) return noConnection();
  return handle_->connection->createDataChannel(label, init);
}

std::optional<SessionDescription> PeerConnection::localDescription() const {
  if (!handle_) return std::nullopt;
  return handle_->connection->description(true, Which::Shown);
}
std::optional<SessionDescription> PeerConnection::currentLocalDescription() const {
  if (!handle_) return std::nullopt;
  return handle_->connection->description(true, Which::Current);
}
std::optional<SessionDescription> PeerConnection::pendingLocalDescription() const {
  if (!handle_) return std::nullopt;
  return handle_->connection->description(true, Which::Pending);
}
std::optional<SessionDescription> PeerConnection::remoteDescription() const {
  if (!handle_) return std::nullopt;
  return handle_->connection->description(false, Which::Shown);
}
std::optional<SessionDescription> PeerConnection::currentRemoteDescription() const {
  if (!handle_) return std::nullopt;
  return handle_->connection->description(false, Which::Current);
}
std::optional<SessionDescription> PeerConnection::pendingRemoteDescription() const {
  if (!handle_) return std::nullopt;
  return handle_->connection->description(false, Which::Pending);
}
SignalingState PeerConnection::signalingState() const {
  return handle_ ? handle_->connection->signalingState() : SignalingState::Closed;
}
IceGatheringState PeerConnection::iceGatheringState() const {
  return handle_ ? handle_->connection->gatheringState() : IceGatheringState::New;
}
IceConnectionState PeerConnection::iceConnectionState() const {
  return handle_ ? handle_->connection->iceState() : IceConnectionState::Closed;
}
PeerConnectionState PeerConnection::connectionState() const {
  return handle_ ? handle_->connection->state() : PeerConnectionState::Closed;
}
std::optional<bool> PeerConnection::canTrickleIceCandidates() const {
  if (!handle_) return std::nullopt;
  return handle_->connection->canTrickle();
}
std::optional<SctpTransport> PeerConnection::sctp() const {
  if (!handle_) return std::nullopt;
  return handle_->connection->sctp();
}

Configuration PeerConnection::getConfiguration() const {
  return handle_ ? handle_->connection->configuration() : Configuration{};
}
Expected<void> PeerConnection::setConfiguration(const Configuration& configuration) {
  if (!handle_) return noConnection();
  return handle_->connection->setConfiguration(configuration);
}
Async<StatsReport> PeerConnection::getStats() const {
  return handle_ ? handle_->connection->stats() : failed<StatsReport>();
}
Async<ConnectionReport> PeerConnection::report() const {
  return handle_ ? handle_->connection->report() : failed<ConnectionReport>();
}
void PeerConnection::close() {
  if (handle_) handle_->connection->close();
}

void PeerConnection::onnegotiationneeded(std::function<void()> f) {
  if (handle_) handle_->connection->set(&On::negotiationneeded, std::move(f));
}
void PeerConnection::onicecandidate(std::function<void(const IceCandidate&)> f) {
  if (handle_) handle_->connection->set(&On::icecandidate, std::move(f));
}
void PeerConnection::onicecandidateerror(std::function<void(const IceCandidateError&)> f) {
  if (handle_) handle_->connection->set(&On::icecandidateerror, std::move(f));
}
void PeerConnection::onsignalingstatechange(std::function<void(SignalingState)> f) {
  if (handle_) handle_->connection->set(&On::signalingstatechange, std::move(f));
}
void PeerConnection::oniceconnectionstatechange(std::function<void(IceConnectionState)> f) {
  if (handle_) handle_->connection->set(&On::iceconnectionstatechange, std::move(f));
}
void PeerConnection::onicegatheringstatechange(std::function<void(IceGatheringState)> f) {
  if (handle_) handle_->connection->set(&On::icegatheringstatechange, std::move(f));
}
void PeerConnection::onconnectionstatechange(std::function<void(PeerConnectionState)> f) {
  if (handle_) handle_->connection->set(&On::connectionstatechange, std::move(f));
}
void PeerConnection::onselectedcandidatepairchange(std::function<void(const IceCandidatePair&)> f) {
  if (handle_) handle_->connection->set(&On::selectedcandidatepairchange, std::move(f));
}
void PeerConnection::ondatachannel(std::function<void(DataChannel)> f) {
  if (handle_) handle_->connection->set(&On::datachannel, std::move(f));
}

}  // namespace parley
