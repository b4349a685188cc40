// What goes into a packet: FORWARD TSN, then what was lost, then what is new.
#include <algorithm>

#include "sctp/tx/sender.h"

namespace parley::sctp::tx {

bool Sender::fill(PacketWriter& w, Time now) {
  blocked_ = Blocked::No;
  if (!started_) return false;
  const std::size_t before = w.size();
  if (forwardDue_) fillForwardTsn(w, now);
  Filled filled;
  if (probeDue_) {
    fillProbe(w, now, filled);
  } else if (hasWork()) {
    restartIfIdle(now);
    if (!isWindowOpen() && lostCredit_ && outstanding_.hasLost()) {
      lostCredit_ = false;
      fillLost(w, now, filled);
    } else if (!isWindowOpen()) {
      blocked_ = Blocked::Window;
      windowUsed_ = true;
    } else if (!pacer_.allows(now)) {
      blocked_ = Blocked::Pacer;
    } else {
      fillLost(w, now, filled);
      fillNew(w, now, filled);
    }
  }
  if (filled.chunks != 0) onPacketSent(filled, now);
  noteLimits();
  return w.size() != before;
}

void Sender::fillLost(PacketWriter& w, Time now, Filled& filled) {
  while (outstanding_.hasLost()) {
    const Tsn tsn = outstanding_.firstLost();
    const Chunk& c = outstanding_.at(tsn);
    if (isExhausted(pool_[c.message], c, now)) {
      abandon(c.message);
      continue;
    }
    const std::size_t size = outstanding_.onWire(c);
    if (!w.fits(size)) return;
    // What the peer waits for goes in any case: it may be what keeps its window closed.
    if (!fitsPeer(size) && tsn != outstanding_.ackPoint().next() && outstanding_.hasInFlight()) {
      blocked_ = Blocked::PeerWindow;
      return;
    }
    writeAgain(w, tsn, now, filled);
  }
}

void Sender::fillNew(PacketWriter& w, Time now, Filled& filled) {
  const std::size_t header = dataHeaderSize(terms_.interleaving);
  while (!outstanding_.full() && !outstanding_.hasLost()) {
    const std::size_t left = w.spaceLeft();
    if (left <= header) return;
    const MessageSlot slot = queue_.peek(now);
    if (slot == kNoMessage) return;
    Message& m = pool_[slot];
    if (m.deadline <= now && terms_.partialReliability) {
      abandon(slot);
      continue;
    }
    const std::size_t n = std::min<std::size_t>(m.unsent, left - header);
    if (n < m.unsent && n < kMinFragment && !w.empty()) return;
    if (!fitsPeer(n)) {
      // Section 6.1, rule A: into a closed window goes one packet's worth, when nothing else is
      // out.
      if (outstanding_.hasInFlight()) {
        blocked_ = Blocked::PeerWindow;
        return;
      }
      windowProbe_ = true;
    }
    writeFragment(w, slot, n, now, filled);
  }
}

// A tail-loss probe (RFC 8985 section 7.3): new data if there is some, else the latest again.
void Sender::fillProbe(PacketWriter& w, Time now, Filled& filled) {
  probeDue_ = false;
  if (!outstanding_.hasInFlight()) return;
  ++counters_.tailProbes;
  if (!queue_.empty() && fitsPeer(packetSize_)) fillNew(w, now, filled);
  // (On the way to something new, messages may have been given up, and with them what was out.)
  if (filled.chunks != 0 || !outstanding_.hasInFlight()) return;
  const Tsn tsn = outstanding_.latest();
  const Chunk& c = outstanding_.at(tsn);
  if (isExhausted(pool_[c.message], c, now)) return;
  if (w.fits(outstanding_.onWire(c))) writeAgain(w, tsn, now, filled);
}

// The peer may keep its SACK back for 200 ms; RFC 7053 lets us ask for it at once where that
// would hold us up: a window of one or two packets, the first words after a timeout.
std::uint8_t Sender::sackHint(std::size_t bytes) const {
  const bool urgent = afterTimeout_ || probed_ || windowProbe_ ||
                      outstanding_.inFlight() + bytes + packetSize_ > controller_.window();
  return urgent && outstanding_.inFlight() <= 2 * packetSize_ ? data_flag::kImmediateSack
                                                              : std::uint8_t{0};
}

void Sender::writeFragment(PacketWriter& w, MessageSlot slot, std::size_t n, Time now,
                           Filled& filled) {
  Message& m = pool_[slot];
  const PayloadStore::Place place = m.place;
  DataHeader h;
  h.tsn = outstanding_.nextTsn();
  h.stream = m.streamId;
  h.ppid = m.ppid;
  if (!m.started) {
    h.flags |= data_flag::kBegin;
    m.firstTsn = h.tsn;
  }
  if (n == m.unsent) h.flags |= data_flag::kEnd;
  if (m.unordered) h.flags |= data_flag::kUnordered;
  m.lastTsn = h.tsn;
  h.flags |= sackHint(dataHeaderSize(terms_.interleaving) + n);
  queue_.number(m);
  h.mid = m.mid;
  h.fsn = m.fsn;
  const Bytes body = writeData(w, terms_.interleaving, h, n);
  queue_.take(slot, n, store_.read(place, n, body.data()));
  if (!outstanding_.hasInFlight()) firstSentAt_ = deliveredAt_ = now;
  Chunk& c = outstanding_.append(now, slot, n);
  c.slab = place.slab;
  c.offset = static_cast<std::uint16_t>(place.offset);
  c.fsn = h.fsn;
  c.flags = static_cast<std::uint8_t>(h.flags & ~data_flag::kImmediateSack);
  stamp(c);
  filled.bytes += outstanding_.onWire(c);
  ++filled.chunks;
  peerWindow_ -= std::min(peerWindow_, n);
  counters_.bytesSent += n;
}

void Sender::writeAgain(PacketWriter& w, Tsn tsn, Time now, Filled& filled) {
  if (!outstanding_.hasInFlight()) firstSentAt_ = deliveredAt_ = now;
  outstanding_.resend(tsn, now);
  Chunk& c = outstanding_.at(tsn);
  stamp(c);
  const Message& m = pool_[c.message];
  const std::size_t size = outstanding_.onWire(c);
  DataHeader h;
  h.tsn = tsn;
  h.stream = m.streamId;
  h.ppid = m.ppid;
  h.mid = m.mid;
  h.fsn = c.fsn;
  constexpr int kWire = data_flag::kBegin | data_flag::kEnd | data_flag::kUnordered;
  h.flags = static_cast<std::uint8_t>((c.flags & kWire) | sackHint(size));
  const Bytes body = writeData(w, terms_.interleaving, h, c.length);
  store_.read({c.slab, c.offset}, c.length, body.data());
  filled.bytes += size;
  ++filled.chunks;
  peerWindow_ -= std::min<std::size_t>(peerWindow_, c.length);
  counters_.bytesSent += c.length;
  ++counters_.chunksRetransmitted;
}

void Sender::stamp(Chunk& c) {
  c.delivered = delivered_;
  c.deliveredAt = deliveredAt_;
  c.firstSentAt = firstSentAt_;
  if (applicationLimitedUntil_ > delivered_)
    c.flags |= Outstanding::kAppLimited;
  else
    c.flags &= static_cast<std::uint8_t>(~Outstanding::kAppLimited);
}

void Sender::onPacketSent(const Filled& filled, Time now) {
  ++counters_.packetsSent;
  counters_.chunksSent += filled.chunks;
  lastSentAt_ = now;
  pacer_.onSent(filled.bytes, packetSize_, now);
  if (rtoAt_ == kNever || afterTimeout_) rtoAt_ = now + rto_.rto();
  if (!probed_) probeAt_ = now + probeTimeout();
}

// Whether it is the application (or the peer's window) that keeps us from sending more.
void Sender::noteLimits() {
  const bool more = hasWork() && blocked_ != Blocked::PeerWindow;
  if (more || !isWindowOpen()) return;
  applicationLimitedUntil_ = std::max<std::uint64_t>(delivered_ + outstanding_.inFlight(), 1);
  windowUsed_ = false;
}

void Sender::restartIfIdle(Time now) {
  if (!outstanding_.empty()) return;
  const Duration idle = now - lastSentAt_;
  if (idle > rto_.rto()) controller_.onIdle(idle, rto_.rto());
}

}  // namespace parley::sctp::tx
