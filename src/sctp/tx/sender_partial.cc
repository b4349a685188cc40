// Partial reliability: RFC 3758 with the policies of RFC 7496, and I-FORWARD-TSN of RFC 8260.
#include <algorithm>

#include "sctp/tx/sender.h"

namespace parley::sctp::tx {

bool Sender::isExhausted(const Message& m, const Chunk& c, Time now) const {
  if (!terms_.partialReliability) return false;
  return m.deadline <= now || c.transmissions > m.maxRetransmits;
}

// RFC 3758 section 3.5, rule A3: no fragment of it is sent again, nor for the first time.
void Sender::abandon(MessageSlot slot) {
  Message& m = pool_[slot];
  if (m.abandoned) return;
  m.abandoned = true;
  ++counters_.messagesAbandoned;
  Tsn t = std::max(m.firstTsn, outstanding_.ackPoint().next());
  for (; t <= m.lastTsn; ++t) {
    if (outstanding_.at(t).message == slot) outstanding_.abandon(t);
  }
  if (m.unsent != 0) {
    // The peer may have acknowledged all that was sent: with a TSN for what was not, FORWARD TSN
    // still tells it that the rest will not come.
    queue_.dropRest(slot);
    m.lastTsn = outstanding_.nextTsn();
    outstanding_.appendPlaceholder(slot);
  }
  if (isForwardPending()) forwardDue_ = true;
}

bool Sender::isForwardPending() const {
  return !outstanding_.empty() &&
         outstanding_.at(outstanding_.ackPoint().next()).state == Outstanding::State::Abandoned;
}

// How far the peer may move, and past which messages. Fragments that a gap block acknowledged are
// passed over on the way to the next abandoned one, else each hole would cost a round trip; but not
// when that would skip messages of an ordered stream in two places: between them may stand one
// that the peer holds complete, and some peers throw away all up to the number that they are told.
Tsn Sender::collectSkipped(std::array<SkippedStream, kMaxSkippedStreams>& skipped,
                           std::size_t& count, std::size_t most) const {
  const bool interleaving = terms_.interleaving == Interleaving::On;
  Tsn point = outstanding_.ackPoint();
  count = 0;
  for (Tsn t = point.next(); t != outstanding_.nextTsn(); ++t) {
    const Chunk& c = outstanding_.at(t);
    if (c.state == Outstanding::State::Acked) continue;
    if (c.state != Outstanding::State::Abandoned) break;
    const Message& m = pool_[c.message];
    if (m.unordered && !interleaving) {
      point = t;
      continue;
    }
    const auto end = skipped.begin() + static_cast<std::ptrdiff_t>(count);
    const auto known = std::find_if(skipped.begin(), end, [&m](const SkippedStream& s) {
      return s.stream == m.streamId && s.unordered == m.unordered;
    });
    if (known == end) {
      if (count == most) break;
      skipped[count++] = {m.streamId, m.unordered, m.mid};
    } else if (m.mid != known->mid) {
      if (!m.unordered && m.mid != known->mid.next()) break;
      if (known->mid < m.mid) known->mid = m.mid;
    }
    point = t;
  }
  return point;
}

void Sender::fillForwardTsn(PacketWriter& w, Time now) {
  forwardDue_ = false;
  if (!isForwardPending()) return;
  const std::size_t entry = terms_.interleaving == Interleaving::On ? 8 : 4;
  const std::size_t left = w.spaceLeft();
  if (left < 8 + entry) {
    forwardDue_ = true;
    return;
  }
  std::array<SkippedStream, kMaxSkippedStreams> skipped;
  std::size_t count = 0;
  const Tsn point =
      collectSkipped(skipped, count, std::min(kMaxSkippedStreams, (left - 8) / entry));
  // The same again only when an answer to the last one is overdue.
  if (point == forwardPoint_ && now - forwardAt_ < rto_.srtt()) return;
  if (!writeForwardTsn(w, terms_.interleaving, point, std::span(skipped).first(count))) return;
  forwardPoint_ = point;
  forwardAt_ = now;
  if (rtoAt_ == kNever) rtoAt_ = now + rto_.rto();
}

}  // namespace parley::sctp::tx
