#include "sctp/tx/sender.h"

#include <algorithm>

namespace parley::sctp::tx {

namespace {
// What is left of a packet for chunks.
std::size_t chunkRoom(std::size_t packetSize) {
  return (packetSize - kCommonHeaderSize) & ~std::size_t{3};
}
}  // namespace

Sender::Sender(const SenderConfig& config)
    : config_(config),
      packetSize_(config.packetSize),
      rto_(config.rttHint),
      controller_(config.controller, chunkRoom(config.packetSize)) {}

void Sender::start(const SendTerms& terms, Time now) {
  PARLEY_CHECK(!started_);
  started_ = true;
  terms_ = terms;
  peerWindow_ = terms.window;
  lastSentAt_ = now;
  outstanding_.setHeaderSize(dataHeaderSize(terms.interleaving));
  outstanding_.start(terms.initialTsn);
  queue_.setInterleaving(terms.interleaving);
  forwardPoint_ = outstanding_.ackPoint();
}

std::size_t Sender::sendBufferLeft() const {
  const std::size_t used = queue_.cost();
  return used < config_.sendBuffer ? config_.sendBuffer - used : 0;
}

Status Sender::send(StreamId stream, Ppid ppid, ConstBytes message, const SendOptions& options,
                    Time now) {
  // RFC 9260 section 6.2: there is no DATA chunk without user data.
  if (message.empty()) return Error(ErrorCode::Invalid, "send an SCTP message without bytes");
  if (message.size() > UINT32_MAX) return Error(ErrorCode::Limit, "send an SCTP message");
  if (queue_.isClosed(stream)) return Error(ErrorCode::Closed, "send on a closing SCTP stream");
  if (!queue_.empty() && message.size() + SendQueue::kMessageCost > sendBufferLeft()) {
    return Error(ErrorCode::Limit, "queue an SCTP message",
                 static_cast<std::int32_t>(config_.sendBuffer >> 10));
  }
  queue_.add(stream, ppid, message, options, now);
  return Ok{};
}

std::size_t Sender::packetRoom() const {
  if (!outstanding_.hasLost()) return packetSize_;
  return std::max(packetSize_, kCommonHeaderSize +
                                   outstanding_.onWire(outstanding_.at(outstanding_.firstLost())));
}

void Sender::setPacketSize(std::size_t bytes) {
  packetSize_ = bytes;
  controller_.setPacketSize(chunkRoom(bytes));
}

void Sender::setOuterRate(std::optional<DataRate> rate) {
  outerRate_ = rate;
  updatePacing();
}

void Sender::handlePathChange(Duration rttHint, Time now) {
  rto_ = RtoEstimator(rttHint);
  rack_ = Rack{};
  controller_ = CongestionControl(config_.controller, chunkRoom(packetSize_));
  pacer_ = Pacer{};
  minRtt_ = Duration::zero();
  inRecovery_ = false;
  consecutiveTimeouts_ = 0;
  afterTimeout_ = false;
  probed_ = false;
  if (!outstanding_.empty()) rtoAt_ = now + rto_.rto();
}

Time Sender::nextTimeout() const {
  const Time timers = std::min({rtoAt_, probeAt_, reorderAt_});
  return blocked_ == Blocked::Pacer ? std::min(timers, pacer_.due()) : timers;
}

void Sender::handleTimeout(Time now) {
  if (!started_) return;
  if (reorderAt_ <= now) {
    reorderAt_ = kNever;
    detectLosses(now);
    armTimers(false, now);
  }
  if (rtoAt_ <= now) {
    onTimeoutExpired(now);
  } else if (probeAt_ <= now) {
    probeAt_ = kNever;
    probed_ = true;
    probeDue_ = outstanding_.hasInFlight();
    rtoAt_ = now + rto_.rto();
  }
}

void Sender::trim() {
  store_.trim();
  pool_.trim();
  outstanding_.trim();
}

SenderStats Sender::stats() const {
  SenderStats s = counters_;
  s.window = controller_.window();
  s.inFlight = outstanding_.inFlight();
  s.peerWindow = peerWindow_;
  s.srtt = rto_.srtt();
  s.minRtt = minRtt_;
  s.phase = controller_.phase();
  s.pacingRate = pacer_.rate();
  s.bytesAcked = delivered_;
  s.messagesAbandoned += queue_.expired();
  s.applicationLimited = applicationLimitedUntil_ > delivered_;
  return s;
}

}  // namespace parley::sctp::tx
