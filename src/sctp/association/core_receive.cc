// Chunks that come in. The checks of tags are those of RFC 9260 section 8.5.
#include <algorithm>

#include "sctp/association/core.h"

namespace parley::sctp {

bool Association::Core::isForUs(const CommonHeader& header, const ChunkView& first) const {
  switch (first.type) {
    case ChunkType::Abort:
    case ChunkType::ShutdownComplete:
      // Section 8.5.1: with the T bit the tag is the one that we send with.
      if ((first.flags & kReflectedTag) != 0)
        return header.tag == peer_.tag && peer_.tag != VerificationTag{};
      return header.tag == tag_;
    default:
      return header.tag == tag_;
  }
}

void Association::Core::handlePacket(ConstBytes packet, Time now) {
  PARLEY_CHECK(!receiver_ || !receiver_->hasReady());  // messages may point into the packet before
  ++counters_.packetsReceived;
  counters_.bytesReceived += packet.size();
  const auto view = PacketView::parse(
      packet, config_.extensions.zeroChecksum ? AcceptZeroChecksum::Yes : AcceptZeroChecksum::No);
  if (!view.ok()) {
    ++counters_.packetsDropped;
    return;
  }
  const CommonHeader header = view->header();
  ChunkIterator it = view->chunks();
  auto chunk = it.next();
  if (!chunk || header.sourcePort != config_.remotePort ||
      header.destinationPort != config_.localPort) {
    ++counters_.packetsDropped;
    return;
  }
  if (state_ == State::Ended) {
    // The peer has not heard our SHUTDOWN COMPLETE (section 8.4, rule 5).
    if (chunk->type == ChunkType::ShutdownAck && header.tag == tag_ && saidGoodbye_)
      due_.shutdownComplete = true;
    return;
  }
  if (chunk->type == ChunkType::Init) {
    // RFC 9653 section 5.2: its checksum is never left out.
    if (view->hasZeroChecksum())
      ++counters_.packetsDropped;
    else
      handleInit(header, *chunk, it.atEnd(), now);
    return;
  }
  if (chunk->type == ChunkType::CookieEcho) {
    if (!handleCookieEcho(header, *chunk, now)) return;
    chunk = it.next();
  } else if (!isForUs(header, *chunk)) {
    ++counters_.packetsDropped;
    return;
  }
  for (; chunk && state_ != State::Ended; chunk = it.next()) {
    if (!handleChunk(*chunk, now)) break;
  }
  if (it.malformed()) ++counters_.packetsDropped;
  if (receiver_) receiver_->endOfPacket(now);
  afterInput(now);
}

bool Association::Core::handleChunk(const ChunkView& chunk, Time now) {
  switch (chunk.type) {
    case ChunkType::Data:
    case ChunkType::IData:
      handleData(chunk, now);
      return true;
    case ChunkType::Sack:
      handleSack(chunk, now);
      return true;
    case ChunkType::ForwardTsn:
    case ChunkType::IForwardTsn:
      handleForwardTsn(chunk);
      return true;
    case ChunkType::ReConfig:
      handleReconfig(chunk, now);
      return true;
    case ChunkType::Init:
    case ChunkType::Pad:
      return true;
    case ChunkType::InitAck:
    case ChunkType::Heartbeat:
    case ChunkType::HeartbeatAck:
    case ChunkType::Abort:
    case ChunkType::Shutdown:
    case ChunkType::ShutdownAck:
    case ChunkType::Error:
    case ChunkType::CookieEcho:
    case ChunkType::CookieAck:
    case ChunkType::ShutdownComplete:
      handleControl(chunk, now);
      return true;
  }
  return handleUnknown(chunk);
}

void Association::Core::handleControl(const ChunkView& chunk, Time now) {
  switch (chunk.type) {
    case ChunkType::InitAck:
      return handleInitAck(chunk, now);
    case ChunkType::CookieAck:
      return handleCookieAck(now);
    case ChunkType::Heartbeat:
      return handleHeartbeat(chunk);
    case ChunkType::HeartbeatAck:
      return handleHeartbeatAck(chunk, now);
    case ChunkType::Abort:
      return handleAbort(chunk);
    case ChunkType::Error:
      return handleErrorChunk(chunk);
    case ChunkType::Shutdown:
      return handleShutdown(chunk, now);
    case ChunkType::ShutdownAck:
      return handleShutdownAck();
    case ChunkType::ShutdownComplete:
      return handleShutdownComplete();
    default:
      return;  // a COOKIE ECHO that is not the first
  }
}

bool Association::Core::mayReceiveData() const {
  // In COOKIE ECHOED, too: our tag on a packet proves that the peer has our cookie, and its COOKIE
  // ACK may be behind or lost.
  return state_ == State::Established || state_ == State::ShutdownPending ||
         state_ == State::ShutdownSent || state_ == State::CookieEchoed;
}

void Association::Core::handleData(const ChunkView& chunk, Time now) {
  if (!receiver_ || !mayReceiveData()) return;
  const bool interleaved = chunk.type == ChunkType::IData;
  if (interleaved != used_.interleaving) {
    // RFC 8260 section 2.2.2.
    endWithAbort(event::EndReason::ProtocolViolation, CauseCode::ProtocolViolation,
                 interleaved ? "I-DATA without its being agreed" : "DATA where I-DATA is agreed");
    return;
  }
  const auto data = interleaved ? readIData(chunk) : readData(chunk);
  if (!data) {
    // Section 6.2: the TSN without user data is the cause's value.
    endWithAbort(
        event::EndReason::ProtocolViolation, CauseCode::NoUserData,
        std::string(asText(chunk.value.first(std::min<std::size_t>(chunk.value.size(), 4)))));
    return;
  }
  if (data->stream.value() >= inbound_) {
    receiver_->discard(data->tsn);  // section 6.5
    std::array<std::uint8_t, 4> value{};
    storeBe16(value.data(), data->stream.value());
    sendError(CauseCode::InvalidStream, value);
    return;
  }
  switch (receiver_->handleData(*data)) {
    case rx::Receiver::Verdict::Ok:
      if (state_ == State::ShutdownSent) {  // section 9.2: a SHUTDOWN at once, with the SACK
        due_.shutdown = true;
        receiver_->sacks().sendNow();
        t2_.start(sender_->rto(), now);
      }
      return;
    case rx::Receiver::Verdict::TooLong:
      endWithAbort(event::EndReason::MessageTooLong, CauseCode::OutOfResource, "message too long");
      return;
    case rx::Receiver::Verdict::Full:
      endWithAbort(event::EndReason::ReceiveBufferFull, CauseCode::OutOfResource,
                   "receive buffer full");
      return;
  }
}

void Association::Core::handleSack(const ChunkView& chunk, Time now) {
  const auto sack = SackView::read(chunk);
  if (!sack || state_ == State::Closed || state_ == State::CookieWait) return;
  ++counters_.sacksReceived;
  if (sender_->handleSack(*sack, now) == tx::SackVerdict::Violation) {
    endWithAbort(event::EndReason::ProtocolViolation, CauseCode::ProtocolViolation,
                 "a SACK for what was never sent");
    return;
  }
  acknowledged(sack->cumulativeTsn(), now);
}

// The peer has everything up to here.
void Association::Core::acknowledged(Tsn upTo, Time now) {
  heartbeatsLost_ = 0;
  if (!resets_.idle()) resets_.acknowledged(upTo, sender_->rto(), now);
}

void Association::Core::handleForwardTsn(const ChunkView& chunk) {
  const bool interleaved = chunk.type == ChunkType::IForwardTsn;
  if (!receiver_ || !mayReceiveData() || !used_.forwardTsn || interleaved != used_.interleaving)
    return;
  const auto forward = ForwardTsnView::read(chunk);
  if (!forward) return;
  receiver_->handleForwardTsn(*forward);
}

void Association::Core::handleReconfig(const ChunkView& chunk, Time now) {
  if (!receiver_ || !used_.reconfig || state_ == State::CookieEchoed) return;
  ParameterIterator it(chunk.value);
  while (const auto p = it.next())
    carryOut(resets_.handle(*p, receiver_->cumulativeTsn(), sender_->rto(), now));
}

void Association::Core::carryOut(const ReconfigOrders& orders) {
  for (const StreamId id : orders.resetOutgoing) {
    sender_->restartStream(id);
    news(event::OutgoingStreamReset{id, orders.performed});
  }
  for (std::size_t i = 0; i < orders.resetIncoming.size(); ++i) {
    receiver_->reassembly().resetStream(orders.resetIncoming[i]);
    news(event::IncomingStreamReset{orders.resetIncoming[i]});
  }
  if (orders.resetAllIncoming) {
    receiver_->reassembly().forEachUsedStream(
        [this](StreamId id) { news(event::IncomingStreamReset{id}); });
    receiver_->reassembly().resetAllStreams();
  }
  if (orders.addIncoming == 0 && orders.addOutgoing == 0) return;
  const auto add = [](std::uint16_t a, std::uint16_t b) {
    return static_cast<std::uint16_t>(std::min<unsigned>(unsigned{a} + b, kMaxStreams));
  };
  inbound_ = add(inbound_, orders.addIncoming);
  outbound_ = add(outbound_, orders.addOutgoing);
  news(event::StreamsAdded{outbound_, inbound_});
}

void Association::Core::handleHeartbeat(const ChunkView& chunk) {
  // Section 8.3: sent back as it came.
  if (chunk.value.size() + kCommonHeaderSize + kChunkHeaderSize > sender_->packetSize()) return;
  heartbeat_.assign(chunk.value.begin(), chunk.value.end());
  due_.heartbeatAck = true;
}

void Association::Core::handleHeartbeatAck(const ChunkView& chunk, Time now) {
  heartbeatOut_ = false;
  heartbeatsLost_ = 0;
  // Our information as it went out: with a size it is a probe of the MTU.
  if (chunk.value.size() != kHeartbeatInfo) return;
  const std::size_t probe = loadBe32(chunk.value.data() + 12);
  if (probe != 0 && mtuSearch_.onProbeAcked(probe, now)) sender_->setPacketSize(mtuSearch_.size());
}

void Association::Core::handleAbort(const ChunkView& chunk) {
  if (state_ == State::Closed) return;
  const CauseView cause = firstCause(chunk.value);
  std::string text;
  if (cause.code == CauseCode::UserInitiatedAbort || cause.code == CauseCode::ProtocolViolation)
    text = asText(cause.value.first(std::min<std::size_t>(cause.value.size(), kMaxReported)));
  end(event::EndReason::AbortedByPeer, cause.code, std::move(text));
}

void Association::Core::handleErrorChunk(const ChunkView& chunk) {
  ParameterIterator it(chunk.value);
  while (const auto cause = it.next()) {
    if (cause->cause() == CauseCode::StaleCookie) handleStaleCookie();
  }
}

// Section 3.2: unknown chunks by the two highest bits of their type.
bool Association::Core::handleUnknown(const ChunkView& chunk) {
  if (reportsIfUnknown(chunk.type)) sendError(CauseCode::UnrecognizedChunk, chunk.whole());
  return skipsIfUnknown(chunk.type);
}

// ---- Shutdown (section 9.2)

void Association::Core::handleShutdown(const ChunkView& chunk, Time now) {
  if (chunk.value.size() < 4) return;
  const Tsn cumulative{loadBe32(chunk.value.data())};
  switch (state_) {
    case State::Established:
    case State::ShutdownPending:
    case State::ShutdownReceived:
      state_ = State::ShutdownReceived;
      break;
    case State::ShutdownSent:
      state_ = State::ShutdownAckSent;
      due_.shutdown = false;
      due_.shutdownAck = true;
      t2_.start(sender_->rto(), now);
      return;
    default:
      return;
  }
  if (sender_->handleCumulative(cumulative, now) == tx::SackVerdict::Violation) {
    endWithAbort(event::EndReason::ProtocolViolation, CauseCode::ProtocolViolation,
                 "a SHUTDOWN for what was never sent");
    return;
  }
  acknowledged(cumulative, now);
}

void Association::Core::handleShutdownAck() {
  if (state_ != State::ShutdownSent && state_ != State::ShutdownAckSent) return;
  end(event::EndReason::Shutdown, CauseCode::None, {});
  saidGoodbye_ = due_.shutdownComplete = true;
}

void Association::Core::handleShutdownComplete() {
  if (state_ == State::ShutdownAckSent) end(event::EndReason::Shutdown, CauseCode::None, {});
}

}  // namespace parley::sctp
