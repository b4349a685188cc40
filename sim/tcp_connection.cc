#include "sim/tcp_connection.h"

#include <algorithm>
#include <utility>

namespace parley::sim {
namespace {

// The offset nearest to `near` whose low 32 bits make the wire's sequence number.
std::int64_t unwrap(std::uint64_t near, std::uint32_t wireOfNear, std::uint32_t wire) {
  return static_cast<std::int64_t>(near) + static_cast<std::int32_t>(wire - wireOfNear);
}

}  // namespace

TcpConnection::TcpConnection(const Address& local, const Address& remote,
                             std::uint32_t initialSequence, bool connects)
    : local_(local),
      remote_(remote),
      state_(connects ? State::SynSent : State::SynReceived),
      initialSequence_(initialSequence),
      handshakeDue_(connects) {}

void TcpConnection::end(StreamEnd why) {
  if (!ended_) ended_ = why;
  state_ = State::Closed;
  ackDue_ = false;
  deadline_ = kNever;
}

std::size_t TcpConnection::write(ConstBytes bytes) {
  if (finishing_ || state_ == State::Closed) return 0;
  const std::size_t n = std::min(bytes.size(), kMaxUnsent - std::min(kMaxUnsent, buffer_.size()));
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
  written_ += n;
  return n;
}

void TcpConnection::finish() {
  if (state_ == State::SynSent) return abort();
  finishing_ = true;
}

void TcpConnection::abort() {
  if (state_ == State::Closed) return;
  resetDue_ = state_ != State::SynSent;
  end(StreamEnd::Aborted);
}

void TcpConnection::handleSegment(const Packet& packet, Time now) {
  if (state_ == State::Closed) return;
  const std::uint8_t flags = packet.flow.tcpFlags;
  if ((flags & kTcpRst) != 0)
    return end(state_ == State::SynSent ? StreamEnd::Refused : StreamEnd::Reset);
  if ((flags & kTcpSyn) != 0) {
    if (state_ == State::Open) {
      ackDue_ = true;  // our acknowledgement of its SYN was lost
      return;
    }
    peerInitialSequence_ = packet.sequence;
    if (state_ == State::SynReceived) {
      handshakeDue_ = true;
      return;
    }
    if ((flags & kTcpAck) == 0) return;  // no simultaneous open
    state_ = State::Open;
    ackDue_ = true;
    retries_ = 0;
    return restartTimer(now);
  }
  if (state_ == State::SynSent) return;
  if (state_ == State::SynReceived) {
    state_ = State::Open;
    retries_ = 0;
    restartTimer(now);
  }
  handleAcknowledgement(packet.acknowledgement, !packet.payload.empty(), now);
  handlePayload(packet);
  closeIfOver();
}

void TcpConnection::handleAcknowledgement(std::uint32_t wire, bool carriesData, Time now) {
  const auto base = static_cast<std::uint32_t>(initialSequence_ + 1 + sendBase_);
  const std::int64_t offset = unwrap(sendBase_, base, wire);
  if (offset > static_cast<std::int64_t>(sendMost_)) return;
  if (offset > static_cast<std::int64_t>(sendBase_))
    acknowledge(static_cast<std::uint64_t>(offset), now);
  else if (offset == static_cast<std::int64_t>(sendBase_) && !carriesData && sendMost_ > sendBase_)
    handleDuplicate();
}

void TcpConnection::acknowledge(std::uint64_t offset, Time now) {
  const auto bytes =
      static_cast<std::size_t>(std::min(offset, written_) - std::min(sendBase_, written_));
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(bytes));
  sendBase_ = offset;
  sendNext_ = std::max(sendNext_, offset);
  if (timed_ && offset >= timed_->first) {
    measure(now - timed_->second);
    timed_.reset();
  }
  duplicates_ = 0;
  retries_ = 0;
  congestionWindow_ += congestionWindow_ < slowStartThreshold_
                           ? bytes
                           : std::max<std::size_t>(1, kSegment * kSegment / congestionWindow_);
  congestionWindow_ = std::min(congestionWindow_, kWindow);
  restartTimer(now);
}

// RFC 5681 section 3.2, without window inflation.
void TcpConnection::handleDuplicate() {
  if (++duplicates_ != 3) return;
  slowStartThreshold_ = std::max<std::size_t>((sendMost_ - sendBase_) / 2, 2 * kSegment);
  congestionWindow_ = slowStartThreshold_;
  repeatFirst_ = true;
  timed_.reset();  // Karn: a repeated segment measures nothing
}

// RFC 6298 section 2, with twice the smoothed round trip as the margin.
void TcpConnection::measure(Duration roundTrip) {
  smoothed_ = smoothed_ == Duration{} ? roundTrip : (smoothed_ * 7 + roundTrip) / 8;
  timeout_ = std::clamp(smoothed_ * 3, kMinTimeout, kMaxTimeout);
}

void TcpConnection::restartTimer(Time now) {
  const bool waiting = state_ != State::Open || sendMost_ > sendBase_;
  deadline_ = waiting ? now + timeout_ : kNever;
}

void TcpConnection::handlePayload(const Packet& packet) {
  const auto next = static_cast<std::uint32_t>(peerInitialSequence_ + 1 + receiveNext_);
  const std::int64_t at = unwrap(receiveNext_, next, packet.sequence);
  const bool fin = (packet.flow.tcpFlags & kTcpFin) != 0;
  if (packet.payload.empty() && !fin) return;
  ackDue_ = true;
  const std::int64_t end = at + static_cast<std::int64_t>(packet.payload.size());
  // Old, or further ahead than our window lets it send.
  const auto here = static_cast<std::int64_t>(receiveNext_);
  if (end < here || at > here + static_cast<std::int64_t>(kWindow)) return;
  if (fin) finAt_ = static_cast<std::uint64_t>(end);
  if (end > here) {
    const auto skip = static_cast<std::size_t>(std::max<std::int64_t>(0, here - at));
    auto& place = early_[static_cast<std::uint64_t>(std::max(at, here))];
    if (place.size() < packet.payload.size() - skip)
      place.assign(packet.payload.begin() + static_cast<std::ptrdiff_t>(skip),
                   packet.payload.end());
  }
  deliverInOrder();
}

void TcpConnection::deliverInOrder() {
  while (!early_.empty() && early_.begin()->first <= receiveNext_) {
    const auto node = early_.extract(early_.begin());
    const std::uint64_t skip = receiveNext_ - node.key();
    if (skip >= node.mapped().size()) continue;
    received_.insert(received_.end(), node.mapped().begin() + static_cast<std::ptrdiff_t>(skip),
                     node.mapped().end());
    receiveNext_ += node.mapped().size() - skip;
  }
  if (finAt_ == receiveNext_ && !finReceived_) handleFin();
}

void TcpConnection::handleFin() {
  ++receiveNext_;
  finReceived_ = true;
  finishing_ = true;  // no half-close
  if (!ended_) ended_ = StreamEnd::Finished;
}

void TcpConnection::closeIfOver() {
  if (!finReceived_ || !finAcknowledged()) return;
  state_ = State::Closed;
  deadline_ = kNever;
}

void TcpConnection::handleTimeout(Time now) {
  if (now < deadline_) return;
  if (++retries_ > kMaxRetries) return end(StreamEnd::TimedOut);
  timeout_ = std::min(timeout_ * 2, kMaxTimeout);
  deadline_ = now + timeout_;
  if (state_ != State::Open) {
    handshakeDue_ = true;
    return;
  }
  slowStartThreshold_ = std::max<std::size_t>((sendMost_ - sendBase_) / 2, 2 * kSegment);
  congestionWindow_ = kSegment;
  sendNext_ = sendBase_;
  duplicates_ = 0;
  timed_.reset();
}

Packet TcpConnection::header(std::uint8_t flags, std::uint64_t offset) const {
  Packet p;
  p.flow = {Protocol::Tcp, local_, remote_, flags};
  p.sequence = static_cast<std::uint32_t>(initialSequence_ + 1 + offset);
  if ((flags & kTcpAck) != 0)
    p.acknowledgement = static_cast<std::uint32_t>(peerInitialSequence_ + 1 + receiveNext_);
  p.window = static_cast<std::uint16_t>(kWindow);
  return p;
}

Packet TcpConnection::segmentAt(std::uint64_t offset) {
  const auto from =
      static_cast<std::ptrdiff_t>(std::min(offset, written_) - std::min(sendBase_, written_));
  const auto size = static_cast<std::ptrdiff_t>(
      std::min<std::uint64_t>(kSegment, written_ - std::min(offset, written_)));
  const bool last = offset + static_cast<std::uint64_t>(size) == written_;
  Packet p = header(static_cast<std::uint8_t>(kTcpAck | (size > 0 ? kTcpPsh : 0) |
                                              (last && finishing_ ? kTcpFin : 0)),
                    offset);
  p.payload.assign(buffer_.begin() + from, buffer_.begin() + from + size);
  ackDue_ = false;
  return p;
}

std::optional<Packet> TcpConnection::pollPacket(Time now) {
  if (std::exchange(resetDue_, false)) return header(kTcpRst | kTcpAck, sendNext_);
  if (std::exchange(handshakeDue_, false) && state_ != State::Closed) {
    if (deadline_ == kNever) deadline_ = now + timeout_;
    const std::uint8_t flags = state_ == State::SynSent ? kTcpSyn : kTcpSyn | kTcpAck;
    Packet p = header(flags, 0);
    p.sequence = initialSequence_;
    return p;
  }
  if (state_ == State::Open) {
    if (std::exchange(repeatFirst_, false) && sendMost_ > sendBase_) return segmentAt(sendBase_);
    if (sendNext_ < sendEnd() && sendNext_ - sendBase_ < congestionWindow_) {
      Packet p = segmentAt(sendNext_);
      sendNext_ += p.payload.size() + ((p.flow.tcpFlags & kTcpFin) != 0 ? 1 : 0);
      if (sendNext_ > sendMost_) {
        sendMost_ = sendNext_;
        if (!timed_) timed_ = {sendNext_, now};
      }
      if (deadline_ == kNever) deadline_ = now + timeout_;
      return p;
    }
  }
  if (std::exchange(ackDue_, false)) return header(kTcpAck, sendNext_);
  return std::nullopt;
}

}  // namespace parley::sim
