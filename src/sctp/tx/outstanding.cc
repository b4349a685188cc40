#include "sctp/tx/outstanding.h"

#include <algorithm>

namespace parley::sctp::tx {

namespace {
bool settled(Outstanding::State s) {
  return s >= Outstanding::State::Acked;
}
bool later(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) > 0;
}
}  // namespace

void Outstanding::grow() {
  std::vector<Chunk> old(std::max(kMinRing, ring_.size() * 2));
  old.swap(ring_);
  const std::uint32_t oldMask = mask_;
  mask_ = static_cast<std::uint32_t>(ring_.size() - 1);
  for (Tsn t = acked_.next(); t != next_; ++t)
    ring_[t.value() & mask_] = old[t.value() & oldMask];
}

void Outstanding::pushBack(List& list, std::uint32_t tsn) {
  raw(tsn).previous = list.tail;
  if (list.count++ == 0)
    list.head = tsn;
  else
    raw(list.tail).next = tsn;
  list.tail = tsn;
}

void Outstanding::pushFront(List& list, std::uint32_t tsn) {
  raw(tsn).next = list.head;
  raw(list.head).previous = tsn;
  list.head = tsn;
  ++list.count;
}

void Outstanding::unlink(List& list, Chunk& chunk) {
  // At the ends the neighbour's field is written in vain, or is the chunk's own: harmless, since
  // head, tail and count alone say where a list ends.
  const Chunk c = chunk;
  --list.count;
  const bool isHead = &raw(list.head) == &chunk;
  const bool isTail = &raw(list.tail) == &chunk;
  if (isHead)
    list.head = c.next;
  else
    raw(c.previous).next = c.next;
  if (isTail)
    list.tail = c.previous;
  else
    raw(c.next).previous = c.previous;
}

void Outstanding::enterFlight(Chunk& chunk, std::uint32_t tsn, Time now) {
  chunk.state = State::InFlight;
  chunk.flags &= static_cast<std::uint8_t>(~kRtoLost);
  chunk.sentAt = now;
  chunk.order = ++orders_;
  if (chunk.transmissions != UINT16_MAX) ++chunk.transmissions;
  inFlight_ += onWire(chunk);
  ++inFlightChunks_;
  pushBack(sent_, tsn);
}

void Outstanding::leaveFlight(Chunk& chunk) {
  unlink(sent_, chunk);
  inFlight_ -= onWire(chunk);
  --inFlightChunks_;
}

Outstanding::Chunk& Outstanding::append(Time now, MessageSlot message, std::size_t length) {
  if (size() + 1 > ring_.size()) grow();
  const std::uint32_t tsn = next_.value();
  ++next_;
  Chunk& c = raw(tsn);
  c.transmissions = 0;
  c.flags = 0;
  c.message = message;
  c.length = static_cast<std::uint16_t>(length);
  payload_ += length;
  ++pool_[message].inWindow;
  enterFlight(c, tsn, now);
  return c;
}

void Outstanding::appendPlaceholder(MessageSlot message) {
  if (size() + 1 > ring_.size()) grow();
  const std::uint32_t tsn = next_.value();
  ++next_;
  Chunk& c = raw(tsn);
  c = {};
  c.message = message;
  c.state = State::Abandoned;
  c.next = tsn + 1;
  ++pool_[message].inWindow;
}

void Outstanding::resend(Tsn tsn, Time now) {
  Chunk& c = at(tsn);
  if (c.state == State::Lost)
    unlink(lost_, c);
  else
    leaveFlight(c);
  enterFlight(c, tsn.value(), now);
}

void Outstanding::markLost(Tsn tsn) {
  Chunk& c = at(tsn);
  leaveFlight(c);
  c.state = State::Lost;
  if (lost_.count != 0 && later(lost_.head, tsn.value()))
    pushFront(lost_, tsn.value());
  else
    pushBack(lost_, tsn.value());
}

void Outstanding::abandon(Tsn tsn) {
  Chunk& c = at(tsn);
  if (c.state == State::Abandoned) return;
  if (c.state == State::InFlight) leaveFlight(c);
  if (c.state == State::Lost) unlink(lost_, c);
  if (c.state == State::Acked)
    --gapAcked_;
  else
    c.next = tsn.value() + 1;
  c.state = State::Abandoned;
  store_.release({c.slab, c.offset}, c.length);
  payload_ -= c.length;
  c.length = 0;
}

void Outstanding::loseAll() {
  const bool reneged = !empty() && at(acked_.next()).state == State::Acked;
  sent_ = {};
  lost_ = {};
  inFlight_ = 0;
  inFlightChunks_ = 0;
  if (reneged) gapAcked_ = 0;
  for (Tsn t = acked_.next(); t != next_; ++t) {
    Chunk& c = at(t);
    if (settled(c.state) && !(reneged && c.state == State::Acked)) {
      if (reneged) c.next = t.value() + 1;  // its run is broken
      continue;
    }
    if (c.state == State::InFlight) c.flags |= kRtoLost;
    c.state = State::Lost;
    pushBack(lost_, t.value());
  }
}

void Outstanding::restoreFlight() {
  // From the highest TSN down, before what was sent since: nearly the order of sending.
  const List given = lost_;
  lost_ = {};
  std::uint32_t t = given.tail;
  for (std::size_t i = 0; i < given.count; ++i) {
    Chunk& c = raw(t);
    const std::uint32_t before = c.previous;
    const bool toFlight = (c.flags & kRtoLost) != 0;
    List& list = toFlight ? sent_ : lost_;
    if (list.count == 0)
      pushBack(list, t);
    else
      pushFront(list, t);
    if (toFlight) {
      c.state = State::InFlight;
      c.flags &= static_cast<std::uint8_t>(~kRtoLost);
      inFlight_ += onWire(c);
      ++inFlightChunks_;
    }
    t = before;
  }
}

void Outstanding::ackOne(Chunk& c, std::uint32_t tsn, AckRun& run) {
  const std::size_t bytes = onWire(c);
  if (c.state == State::InFlight) {
    leaveFlight(c);
  } else {
    unlink(lost_, c);
    run.spurious += bytes;
    if ((c.flags & kRtoLost) != 0) run.rtoSpurious = true;
  }
  if (later(tsn, highest_.value()))
    highest_ = Tsn{tsn};
  else if (c.transmissions == 1)
    run.reordered = true;
  if ((c.flags & kCounted) != 0) return;
  c.flags |= kCounted;
  run.bytes += bytes;
  ++run.chunks;
  if (c.transmissions == 1 && (!run.anyClean || c.sentAt >= run.cleanSentAt)) {
    run.anyClean = true;
    run.cleanSentAt = c.sentAt;
  }
  if (run.any && !later(c.order, run.order)) return;
  run.any = true;
  run.order = c.order;
  run.retransmitted = c.transmissions > 1;
  run.appLimited = (c.flags & kAppLimited) != 0;
  run.sentAt = c.sentAt;
  run.delivered = c.delivered;
  run.deliveredAt = c.deliveredAt;
  run.firstSentAt = c.firstSentAt;
}

void Outstanding::leaveRing(Chunk& c) {
  if (c.length != 0) {
    store_.release({c.slab, c.offset}, c.length);
    payload_ -= c.length;
  }
  Message& m = pool_[c.message];
  if (--m.inWindow == 0 && m.unsent == 0) pool_.remove(c.message);
}

void Outstanding::ackCumulative(Tsn tsn, AckRun& run) {
  while (acked_ != tsn) {
    const Tsn t = acked_.next();
    Chunk& c = at(t);
    if (!settled(c.state)) ackOne(c, t.value(), run);
    if (c.state == State::Acked) --gapAcked_;
    leaveRing(c);
    acked_ = t;
  }
  if (highest_ < acked_) highest_ = acked_;
}

void Outstanding::ackGaps(const SackView& sack, AckRun& run) {
  const std::uint32_t base = acked_.value();
  const std::uint32_t last = next_.value() - base;  // offset of the first TSN not sent
  std::uint32_t behind = 0;                         // end of the block before
  const std::size_t n = sack.gapCount();
  for (std::size_t i = 0; i < n; ++i) {
    const GapBlock g = sack.gap(i);
    if (g.start <= behind || g.end < g.start) continue;
    if (g.start >= last) return;
    behind = g.end;
    const std::uint32_t end = base + std::min<std::uint32_t>(g.end + 1u, last);
    std::uint32_t t = base + g.start;
    while (later(end, t)) {
      Chunk& c = raw(t);
      if (!settled(c.state)) {
        ackOne(c, t, run);
        c.state = State::Acked;
        ++gapAcked_;
        c.next = t + 1;
        ++t;
        continue;
      }
      // Jump to the run's end as far as known; halve the way for who comes next.
      if (later(end, c.next) && settled(raw(c.next).state)) c.next = raw(c.next).next;
      t = c.next;
    }
    Chunk& first = raw(base + g.start);
    if (later(t, first.next)) first.next = t;
  }
}

void Outstanding::trim() {
  if (!empty() || ring_.size() <= kMinRing) return;
  std::vector<Chunk>().swap(ring_);
  mask_ = 0;
}

}  // namespace parley::sctp::tx
