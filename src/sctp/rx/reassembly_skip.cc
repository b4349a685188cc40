// What ends messages before they are whole: the sender gives up on them, or its stream starts anew.
#include <algorithm>

#include "sctp/rx/reassembly.h"

namespace parley::sctp::rx {

void Reassembly::skip(const ForwardTsnView& forward) {
  // A peer that names each stream once walks each entry once; one that does not is not followed.
  walked_ = 0;
  for (std::size_t i = 0; i < forward.skippedCount() && walked_ <= kMaxEntries; ++i) {
    const SkippedStream s = forward.skipped(i);
    if (s.unordered)
      skipUnordered(s.stream, s.mid);
    else
      skipOrdered(s.stream, s.mid);
  }
  if (!interleaved()) skipUnorderedData(forward.newCumulativeTsn(), true);
}

// Ordered messages of a stream up to this one will not come any more, but those that are whole have
// been acknowledged, and are delivered.
void Reassembly::skipOrdered(StreamId id, Mid upTo) {
  InStream& s = streams_[id];
  if (distance(s.next, upTo) < 0) return;
  scratch_.clear();
  for (std::uint32_t i = s.entries; i != kNone;) {
    const Entry& e = entries_[i];
    const std::uint32_t following = e.next;
    ++walked_;
    if (!e.unordered && distance(e.mid, upTo) >= 0) {
      if (e.kind == Kind::HeldStore || e.kind == Kind::HeldBuffer)
        scratch_.push_back(i);
      else
        dropEntry(i);
    }
    i = following;
  }
  std::sort(scratch_.begin(), scratch_.end(), [&](std::uint32_t a, std::uint32_t b) {
    return distance(entries_[a].mid, entries_[b].mid) > 0;
  });
  for (const std::uint32_t i : scratch_) {
    ready(entries_[i]);
    dropEntry(i);
  }
  s.next = upTo;
  advance(s, id);
}

// I-DATA: unordered messages have numbers, too, and the largest that is given up is named.
void Reassembly::skipUnordered(StreamId id, Mid upTo) {
  InStream& s = streams_[id];
  if (!s.hasSkipped || distance(s.skippedUnordered, upTo) > 0) s.skippedUnordered = upTo;
  s.hasSkipped = true;
  for (std::uint32_t i = s.entries; i != kNone;) {
    const Entry& e = entries_[i];
    const std::uint32_t following = e.next;
    ++walked_;
    if (e.unordered && distance(e.mid, upTo) >= 0) dropEntry(i);
    i = following;
  }
}

// DATA: unordered messages have none. Everything up to here has come or is given up: a fragment
// there that still waits for the one before it waits in vain, and so does a message that waits for
// a fragment there. When the last TSN is itself given up, so is the message that it ends in.
void Reassembly::skipUnorderedData(Tsn upTo, bool givenUp) {
  for (std::uint32_t i = unorderedData_; i != kNone;) {
    const Entry& e = entries_[i];
    const std::uint32_t following = e.next;
    const Tsn last = e.kind == Kind::Assembly && givenUp ? e.lastTsn : Tsn{e.number};
    if (last <= upTo) dropEntry(i);
    i = following;
  }
  sweeps_ = unorderedData_ != kNone;
}

void Reassembly::resetStream(StreamId id) {
  InStream* s = streams_.find(id);
  if (s == nullptr) return;
  while (s->entries != kNone)
    dropEntry(s->entries);
  s->next = Mid{0};
  s->hasSkipped = false;
}

void Reassembly::resetAllStreams() {
  streams_.forEach([this](StreamId id, InStream&) { resetStream(id); });
}

}  // namespace parley::sctp::rx
