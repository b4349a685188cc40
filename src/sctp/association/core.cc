#include "sctp/association/core.h"

#include <algorithm>
#include <utility>

namespace parley::sctp {

AssociationState Association::Core::state() const {
  switch (state_) {
    case State::Closed:
      return AssociationState::New;
    case State::CookieWait:
    case State::CookieEchoed:
      return AssociationState::Connecting;
    case State::Established:
      return AssociationState::Connected;
    case State::Ended:
      return AssociationState::Ended;
    default:
      return AssociationState::ShuttingDown;
  }
}

void Association::Core::news(Event event) {
  events_.push_back(std::move(event));
}

std::optional<Association::Event> Association::Core::pollEvent() {
  if (events_.empty()) {
    StreamId low;
    if (state_ != State::Ended && sender_->pollBufferedAmountLow(low))
      return event::BufferedAmountLow{low};
    return std::nullopt;
  }
  Event e = std::move(events_.front());
  events_.pop_front();
  return e;
}

std::optional<ReceivedMessage> Association::Core::nextMessage() {
  if (!receiver_) return std::nullopt;
  const auto d = receiver_->nextMessage();
  if (!d) return std::nullopt;
  ++counters_.messagesReceived;
  return ReceivedMessage{d->stream, d->ppid, d->unordered, d->data};
}

// ---- Time

void Association::Core::endOfTrain(Time now) {
  if (!receiver_ || state_ == State::Ended) return;
  receiver_->endOfTrain();
  const Duration rtt = sender_->smoothedRtt();
  if (rtt > Duration::zero()) receiver_->setRtt(rtt);
  if (trimAt_ == kNever || trimAt_ < now + kTrimAfter / 2) trimAt_ = now + kTrimAfter;
}

bool Association::Core::urgent() const {
  return receiver_ && state_ != State::Ended && receiver_->sacks().urgent();
}

Time Association::Core::nextTimeout() const {
  if (state_ == State::Ended) return kNever;
  Time next = std::min({t1_.deadline(), t2_.deadline(), heartbeatAt_, resets_.nextTimeout()});
  if (trimAt_ != kNever) next = std::min(next, trimAt_);
  if (receiver_) next = std::min(next, receiver_->nextTimeout());
  if (maySendData()) next = std::min(next, sender_->nextTimeout());
  if (state_ == State::Established) next = std::min(next, mtuSearch_.nextTimeout());
  return next;
}

void Association::Core::handleTimeout(Time now) {
  if (state_ == State::Ended) return;
  if (t1_.expire(now)) {
    due_.init = state_ == State::CookieWait;
    due_.cookieEcho = state_ == State::CookieEchoed;
  }
  if (t2_.expire(now)) {
    due_.shutdown = state_ == State::ShutdownSent;
    due_.shutdownAck = state_ == State::ShutdownAckSent;
  }
  resets_.handleTimeout(now);
  if (receiver_) receiver_->handleTimeout(now);
  if (maySendData() || state_ == State::CookieEchoed) sender_->handleTimeout(now);
  if (heartbeatAt_ <= now) scheduleHeartbeat(now);
  if (state_ == State::Established) watchMtu(now);
  if (trimAt_ <= now) {
    trimAt_ = kNever;
    if (receiver_) receiver_->trim();
    if (sender_->isDrained()) sender_->trim();
  }
  checkRetries();
  afterInput(now);
}

// RFC 8899 section 4.3: when nothing comes through any more, it may be the size of the packets.
void Association::Core::watchMtu(Time now) {
  mtuSearch_.handleTimeout(now);
  if (sender_->consecutiveTimeouts() < 2 || mtuSearch_.size() <= config_.mtu) return;
  mtuSearch_.restart(now);
  sender_->setPacketSize(config_.mtu);
}

// Section 8.3, for paths that nobody else watches.
void Association::Core::scheduleHeartbeat(Time now) {
  if (heartbeatAt_ <= now && state_ == State::Established) {
    if (heartbeatOut_) ++heartbeatsLost_;
    heartbeatOut_ = due_.heartbeat = true;
  }
  heartbeatAt_ = now + config_.heartbeatInterval + sender_->rto();
}

void Association::Core::checkRetries() {
  if (t1_.running() && t1_.expiries() > config_.maxInitRetransmits) {
    end(event::EndReason::HandshakeTimedOut, CauseCode::None, {});
    return;
  }
  const int worst = std::max({t2_.running() ? t2_.expiries() : 0, resets_.expiries(),
                              heartbeatsLost_, static_cast<int>(sender_->consecutiveTimeouts())});
  if (worst > config_.maxRetransmits) end(event::EndReason::PeerUnreachable, CauseCode::None, {});
}

// ---- What follows from any input

void Association::Core::afterInput(Time now) {
  if (state_ == State::Ended) return;
  if (!closing_.empty() && state_ == State::Established) progressResets(now);
  if (state_ == State::ShutdownPending || state_ == State::ShutdownReceived) progressShutdown(now);
}

void Association::Core::progressResets(Time now) {
  const auto drained = [&](StreamId id) {
    if (!sender_->isStreamDrained(id)) return false;
    if (!used_.reconfig) {
      sender_->restartStream(id);
      news(event::OutgoingStreamReset{id, false});
    } else {
      resets_.streamDrained(id, sender_->lastAssignedTsn());
    }
    return true;
  };
  closing_.erase(std::remove_if(closing_.begin(), closing_.end(), drained), closing_.end());
  resets_.acknowledged(sender_->ackPoint(), sender_->rto(), now);
}

void Association::Core::progressShutdown(Time now) {
  if (!sender_->isDrained()) return;
  const bool first = state_ == State::ShutdownPending;
  state_ = first ? State::ShutdownSent : State::ShutdownAckSent;
  (first ? due_.shutdown : due_.shutdownAck) = true;
  t2_.start(sender_->rto(), now);
}

// ---- What the caller wants

Status Association::Core::send(StreamId stream, Ppid ppid, ConstBytes message,
                               const SendOptions& options, Time now) {
  if (state_ > State::Established || shutdownWanted_)
    return Error(ErrorCode::Closed, "send on an SCTP association that ends");
  if (message.size() > config_.maxSentMessage) {
    return Error(
        ErrorCode::Limit, "send a message longer than the peer takes",
        static_cast<std::int32_t>(std::min<std::size_t>(config_.maxSentMessage, INT32_MAX)));
  }
  const std::uint16_t streams = state_ == State::Established ? outbound_ : config_.outboundStreams;
  if (stream.value() >= streams) {
    return Error(ErrorCode::Invalid, "send on an SCTP stream that there is not", stream.value());
  }
  auto sent = sender_->send(stream, ppid, message,
                            {options.unordered, options.maxRetransmits, options.lifetime}, now);
  if (sent.ok()) ++counters_.messagesSent;
  return sent;
}

void Association::Core::resetStream(StreamId stream, Time now) {
  if (state_ > State::Established || sender_->isStreamClosed(stream)) return;
  sender_->closeStream(stream);
  closing_.push_back(stream);
  afterInput(now);
}

void Association::Core::addOutgoingStreams(std::uint16_t more, Time now) {
  if (state_ != State::Established || !used_.reconfig) return;
  resets_.requestStreams(more);
  resets_.acknowledged(sender_->ackPoint(), sender_->rto(), now);
}

void Association::Core::shutdown(Time now) {
  switch (state_) {
    case State::Closed:
    case State::CookieWait:
      end(event::EndReason::Shutdown, CauseCode::None, {});
      return;
    case State::CookieEchoed:
      shutdownWanted_ = true;
      return;
    case State::Established:
      state_ = State::ShutdownPending;
      afterInput(now);
      return;
    default:
      return;
  }
}

void Association::Core::abort(std::string_view reason, Time) {
  if (state_ == State::Ended) return;
  endWithAbort(event::EndReason::AbortedByUs, CauseCode::UserInitiatedAbort, std::string(reason));
}

void Association::Core::sendError(CauseCode cause, ConstBytes value) {
  errorCause_ = cause;
  errorValue_.assign(value.begin(), value.end());
  due_.error = true;
}

void Association::Core::endWithAbort(event::EndReason reason, CauseCode cause, std::string text) {
  // Section 3.3.7: before the peer has told its tag there is nothing to say it with.
  const bool knowsPeer = peer_.tag != VerificationTag{};
  abortCause_ = cause;
  abortText_ = text;
  end(reason, cause, std::move(text));
  due_.abort = knowsPeer;
}

void Association::Core::end(event::EndReason reason, CauseCode cause, std::string text) {
  if (state_ == State::Ended) return;
  state_ = State::Ended;
  due_ = {};
  t1_.stop();
  t2_.stop();
  heartbeatAt_ = trimAt_ = kNever;
  news(event::Ended{reason, cause, std::move(text)});
}

// ---- The path

void Association::Core::setMtu(std::size_t bytes, Time now) {
  config_.mtu = std::clamp<std::size_t>(bytes, 256, 65'532) & ~std::size_t{3};
  sender_->setPacketSize(config_.mtu);
  mtuSearch_ = tx::MtuSearch(config_.mtu, config_.maxMtu & ~std::size_t{3});
  if (state_ == State::Established) mtuSearch_.start(now);
}

void Association::Core::setHeldByApplication(std::size_t bytes) {
  if (receiver_) receiver_->setHeldByApplication(bytes);
}

void Association::Core::handlePathChange(Duration rttHint, Time now) {
  config_.rttHint = rttHint;
  if (mtuSearch_.size() > config_.mtu) sender_->setPacketSize(config_.mtu);
  mtuSearch_.restart(now);
  if (state_ == State::Established) mtuSearch_.start(now);
  sender_->handlePathChange(rttHint, now);
  if (receiver_ && rttHint > Duration::zero()) receiver_->setRtt(rttHint);
}

AssociationStats Association::Core::stats() const {
  AssociationStats s = counters_;
  const tx::SenderStats t = sender_->stats();
  s.chunksSent = t.chunksSent;
  s.retransmissions = t.chunksRetransmitted;
  s.timeouts = t.timeouts;
  s.spuriousTimeouts = t.spuriousTimeouts;
  s.lossEvents = t.lossEvents;
  s.tailProbes = t.tailProbes;
  s.congestionPhase = t.phase;
  s.messagesAbandoned = t.messagesAbandoned;
  s.congestionWindow = t.window;
  s.peerWindow = t.peerWindow;
  s.bytesInFlight = t.inFlight;
  s.smoothedRtt = t.srtt > Duration::zero() ? t.srtt : measuredRtt_;
  s.mtu = sender_->packetSize();
  if (receiver_) {
    s.chunksReceived = receiver_->stats().chunks;
    s.duplicatesReceived = receiver_->duplicates();
    s.receiveWindow = receiver_->advertisedWindow();
    s.receiveBuffered = receiver_->buffered();
  }
  return s;
}

}  // namespace parley::sctp
