#include "sctp/association/association.h"

#include "sctp/association/core.h"

namespace parley::sctp {

Association::Association(const AssociationConfig& config, RandomSource& random)
    : core_(std::make_unique<Core>(config, random)) {}
Association::~Association() = default;
Association::Association(Association&&) noexcept = default;
Association& Association::operator=(Association&&) noexcept = default;

void Association::connect(Time now) {
  core_->connect(now);
}
AssociationState Association::state() const {
  return core_->state();
}
void Association::handlePacket(ConstBytes packet, Time now) {
  core_->handlePacket(packet, now);
}
void Association::endOfTrain(Time now) {
  core_->endOfTrain(now);
}
bool Association::urgent() const {
  return core_->urgent();
}
std::optional<ReceivedMessage> Association::nextMessage() {
  return core_->nextMessage();
}
std::size_t Association::pollPacket(Bytes room, Time now, Allowance allowance) {
  return core_->pollPacket(room, now, allowance);
}
void Association::handleTimeout(Time now) {
  core_->handleTimeout(now);
}
Time Association::nextTimeout() const {
  return core_->nextTimeout();
}
std::optional<Association::Event> Association::pollEvent() {
  return core_->pollEvent();
}

Status Association::send(StreamId stream, Ppid ppid, ConstBytes message, const SendOptions& options,
                         Time now) {
  return core_->send(stream, ppid, message, options, now);
}
std::size_t Association::bufferedAmount(StreamId stream) const {
  return core_->sender().bufferedAmount(stream);
}
std::size_t Association::bufferedAmount() const {
  return core_->sender().bufferedAmount();
}
void Association::setLowThreshold(StreamId stream, std::size_t bytes) {
  core_->sender().setLowThreshold(stream, bytes);
}
void Association::setPriority(StreamId stream, std::uint16_t priority) {
  core_->sender().setPriority(stream, priority);
}
void Association::setMaxSentMessage(std::size_t bytes) {
  core_->setMaxSentMessage(bytes);
}
void Association::resetStream(StreamId stream, Time now) {
  core_->resetStream(stream, now);
}
void Association::addOutgoingStreams(std::uint16_t more, Time now) {
  core_->addOutgoingStreams(more, now);
}
void Association::shutdown(Time now) {
  core_->shutdown(now);
}
void Association::abort(std::string_view reason, Time now) {
  core_->abort(reason, now);
}
void Association::setMtu(std::size_t bytes, Time now) {
  core_->setMtu(bytes, now);
}
void Association::setHeldByApplication(std::size_t bytes) {
  core_->setHeldByApplication(bytes);
}
void Association::setOuterRate(std::optional<DataRate> rate) {
  core_->sender().setOuterRate(rate);
}
void Association::handlePathChange(Duration rttHint, Time now) {
  core_->handlePathChange(rttHint, now);
}
AssociationStats Association::stats() const {
  return core_->stats();
}

const char* event::name(EndReason reason) {
  switch (reason) {
    case EndReason::Shutdown:
      return "shut down";
    case EndReason::AbortedByPeer:
      return "aborted by the peer";
    case EndReason::AbortedByUs:
      return "aborted";
    case EndReason::HandshakeTimedOut:
      return "no answer to the SCTP handshake";
    case EndReason::PeerUnreachable:
      return "the peer acknowledges nothing any more";
    case EndReason::ProtocolViolation:
      return "the peer broke the protocol";
    case EndReason::MessageTooLong:
      return "the peer sent a message that is too long";
    case EndReason::ReceiveBufferFull:
      return "the peer filled the receive buffer with unfinished messages";
  }
  return "?";
}

}  // namespace parley::sctp
