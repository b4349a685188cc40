#include "sctp/rx/reassembly.h"

#include <cstring>
#include <utility>

#include "sctp/free_memory.h"

namespace parley::sctp::rx {

std::int32_t Reassembly::distance(Mid from, Mid to) const {
  const std::uint32_t d = to - from;
  return interleaved() ? static_cast<std::int32_t>(d) : static_cast<std::int16_t>(d);
}

Mid Reassembly::after(Mid mid) const {
  return interleaved() ? mid.next() : Mid{(mid.value() + 1) & 0xffff};
}

// DATA has one space of fragment numbers, the TSNs; I-DATA one a message.
Key Reassembly::fragmentKey(StreamId stream, bool unordered, Mid mid, std::uint32_t number) const {
  if (!interleaved()) return {0, number};
  return {(std::uint64_t{1} << 56) | (std::uint64_t{unordered} << 48) |
              (std::uint64_t{stream.value()} << 32) | mid.value(),
          number};
}

Key Reassembly::heldKey(StreamId stream, Mid mid) {
  return {(std::uint64_t{2} << 56) | (std::uint64_t{stream.value()} << 32) | mid.value(), 0};
}

Reassembly::Verdict Reassembly::add(const DataChunk& d) {
  return d.isBegin() && d.isEnd() ? addWhole(d) : addFragment(d);
}

Reassembly::Verdict Reassembly::addWhole(const DataChunk& d) {
  if (d.payload.size() > limits_.message) return Verdict::TooLong;
  if (d.isUnordered()) {
    ready_.push_back({d.stream, d.ppid, true, d.payload, {}, {}, 0});
    return Verdict::Taken;
  }
  InStream& s = streams_[d.stream];
  const std::int32_t ahead = distance(s.next, d.mid);
  if (ahead < 0) return Verdict::Taken;  // skipped before, or a number used twice
  if (ahead > 0) return hold(d, Kind::HeldStore, heldKey(d.stream, d.mid));
  ready_.push_back({d.stream, d.ppid, false, d.payload, {}, {}, 0});
  advance(s, d.stream);
  return Verdict::Taken;
}

Reassembly::Verdict Reassembly::addFragment(const DataChunk& d) {
  if (d.isBegin()) return begin(d);
  if (interleaved() && d.fsn == 0) return Verdict::Taken;  // only a first fragment has that number
  if (current_ != kNone && belongs(entries_[current_], d)) return append(current_, d);

  const Key key = fragmentKey(d.stream, d.isUnordered(), d.mid, numberOf(d));
  const std::uint32_t found = map_.find(key);
  if (found != kNone) {
    if (entries_[found].kind != Kind::Assembly) return Verdict::Taken;  // a number used twice
    if (!belongs(entries_[found], d)) {
      dropEntry(found);  // DATA: another message where this one's next fragment should be
      return Verdict::Taken;
    }
    makeCurrent(found);
    return append(found, d);
  }
  if (isGivenUp(d)) return Verdict::Taken;
  return hold(d, Kind::Fragment, key);
}

// Whether the sender has given up on the chunk's message already; late fragments still come.
bool Reassembly::isGivenUp(const DataChunk& d) {
  InStream& s = streams_[d.stream];
  if (!d.isUnordered()) return distance(s.next, d.mid) < 0;
  if (!interleaved() || !s.hasSkipped) return false;
  const std::int32_t ahead = distance(s.skippedUnordered, d.mid);
  if (ahead > 0xffff) s.hasSkipped = false;  // long ago; the numbers will wrap
  return ahead <= 0;
}

// Whether the chunk is the fragment that this assembly waits for.
bool Reassembly::belongs(const Entry& e, const DataChunk& d) const {
  return e.number == numberOf(d) && e.stream == d.stream && e.unordered == d.isUnordered() &&
         (e.mid == d.mid || (e.unordered && !interleaved()));
}

Reassembly::Verdict Reassembly::begin(const DataChunk& d) {
  if (isGivenUp(d)) return Verdict::Taken;
  if (!interleaved()) {
    // A message that waits for this TSN will never be whole.
    if (current_ != kNone && entries_[current_].number == d.tsn.value()) dropEntry(current_);
    const std::uint32_t waits = map_.find(fragmentKey(d.stream, false, d.mid, d.tsn.value()));
    if (waits != kNone) dropEntry(waits);
  }
  const std::uint32_t index = addEntry(Kind::Assembly, d);
  if (index == kNone) return Verdict::Refused;
  entries_[index].buffer = buffers_.get();
  entries_[index].number = numberOf(d);
  bufferMemory_ += entries_[index].buffer.capacity();
  makeCurrent(index);
  return append(index, d);
}

// The assembly becomes the one that is looked at first; the one before goes into the map. Where
// another waits for the same fragment there already, that message is a contradiction and dropped.
void Reassembly::makeCurrent(std::uint32_t index) {
  if (current_ == index) return;
  map_.take(fragmentKey(entries_[index]));
  const std::uint32_t before = std::exchange(current_, index);
  if (before == kNone) return;
  if (!map_.insert(fragmentKey(entries_[before]), before)) removeEntry(before);
}

Reassembly::Verdict Reassembly::append(std::uint32_t index, const DataChunk& d) {
  Entry& e = entries_[index];
  const std::size_t n = d.payload.size();
  if (e.buffer.size() + n > limits_.message) return Verdict::TooLong;
  if (!hasRoomFor(n)) return Verdict::Full;
  bufferMemory_ -= e.buffer.capacity();
  std::memcpy(e.buffer.extend(n).data(), d.payload.data(), n);
  bufferMemory_ += e.buffer.capacity();
  assemblingBytes_ += n;
  ++e.number;
  e.lastTsn = d.tsn;
  if (d.isEnd()) {
    complete(index);
    return Verdict::Taken;
  }
  return map_.size() == 0 ? Verdict::Taken : appendWaiting(index);
}

// The fragments that waited for the one just appended.
Reassembly::Verdict Reassembly::appendWaiting(std::uint32_t index) {
  for (;;) {
    Entry& e = entries_[index];
    const Key key = fragmentKey(e);
    const std::uint32_t at = map_.find(key);
    if (at == kNone || entries_[at].kind != Kind::Fragment) return Verdict::Taken;
    const Entry& f = entries_[at];
    if (f.stream != e.stream || f.unordered != e.unordered ||
        (f.mid != e.mid && (interleaved() || !e.unordered))) {
      dropEntry(at);  // DATA: of another message
      return Verdict::Taken;
    }
    if (e.buffer.size() + f.length > limits_.message) return Verdict::TooLong;
    bufferMemory_ -= e.buffer.capacity();
    store_.read(f.place, f.length, e.buffer.extend(f.length).data());
    bufferMemory_ += e.buffer.capacity();
    assemblingBytes_ += f.length;
    if (!interleaved()) e.lastTsn = Tsn{f.number};
    ++e.number;
    const bool end = f.end;
    dropEntry(at);
    if (end) {
      complete(index);
      return Verdict::Taken;
    }
  }
}

void Reassembly::complete(std::uint32_t index) {
  Entry& e = entries_[index];
  if (current_ == index) current_ = kNone;
  assemblingBytes_ -= e.buffer.size();
  if (e.unordered) {
    ready(e);
    removeEntry(index);
    return;
  }
  const StreamId id = e.stream;
  InStream& s = streams_[id];
  if (e.mid == s.next) {
    ready(e);
    removeEntry(index);
    advance(s, id);
    return;
  }
  e.kind = Kind::HeldBuffer;
  heldBytes_ += e.buffer.size();
  if (!map_.insert(heldKey(id, e.mid), index)) removeEntry(index);
}

// The chunk's bytes into the store, under this key.
Reassembly::Verdict Reassembly::hold(const DataChunk& d, Kind kind, const Key& key) {
  if (!hasRoomFor(d.payload.size())) return Verdict::Full;
  const std::uint32_t index = addEntry(kind, d);
  if (index == kNone) return Verdict::Refused;
  Entry& e = entries_[index];
  e.number = numberOf(d);
  e.place = store_.append(d.payload);
  e.length = static_cast<std::uint32_t>(d.payload.size());
  if (!map_.insert(key, index)) removeEntry(index);
  return Verdict::Taken;
}

// The whole message of an entry goes out; the entry is the caller's to remove. When a gap closes
// hundreds may go at once: those in the store stay there until each is asked for.
void Reassembly::ready(Entry& e) {
  Ready r{e.stream, e.ppid, e.unordered, {}, {}, e.place, std::exchange(e.length, 0)};
  if (r.length == 0) {
    if (e.kind == Kind::HeldBuffer) heldBytes_ -= e.buffer.size();
    bufferMemory_ -= e.buffer.capacity();
    r.buffer = std::exchange(e.buffer, {});
  }
  ready_.push_back(std::move(r));
}

// A message of the stream has gone out in its turn: the next one, and those that waited for it.
void Reassembly::advance(InStream& s, StreamId id) {
  s.next = after(s.next);
  if (s.entries == kNone) return;
  for (;;) {
    const std::uint32_t at = map_.take(heldKey(id, s.next));
    if (at == kNone) return;
    ready(entries_[at]);
    removeEntry(at);
    s.next = after(s.next);
  }
}

std::optional<Delivered> Reassembly::next() {
  if (readyHead_ > 0) {
    MessageBuffer& done = ready_[readyHead_ - 1].buffer;
    if (done.capacity() != 0) buffers_.put(std::exchange(done, {}));
  }
  if (!hasReady()) {
    ready_.clear();
    readyHead_ = 0;
    return std::nullopt;
  }
  const Ready& r = ready_[readyHead_++];
  if (r.length != 0) {
    fromStore_.clear();
    store_.read(r.place, r.length, fromStore_.extend(r.length).data());
    store_.release(r.place, r.length);
    return Delivered{r.stream, r.ppid, r.unordered, fromStore_.bytes()};
  }
  return Delivered{r.stream, r.ppid, r.unordered, r.view.empty() ? r.buffer.bytes() : r.view};
}

std::size_t Reassembly::memory() const {
  return store_.capacity() + bufferMemory_ + map_.memory() + entries_.capacity() * sizeof(Entry);
}

void Reassembly::trim() {
  store_.trim();
  buffers_.trim();
  if (!hasReady()) fromStore_ = {};
  map_.trim();
  if (used_ == 0) {
    freeMemory(entries_);
    free_ = kNone;
  }
  if (!hasReady() && readyHead_ == 0) freeMemory(ready_);
  freeMemory(scratch_);
}

// ---- Entries

std::uint32_t& Reassembly::listOf(const Entry& e) {
  const bool byTsn = !interleaved() && e.unordered;
  return byTsn ? unorderedData_ : streams_[e.stream].entries;
}

std::uint32_t Reassembly::addEntry(Kind kind, const DataChunk& d) {
  std::uint32_t index = free_;
  if (index != kNone) {
    free_ = entries_[index].next;
  } else {
    if (entries_.size() == kMaxEntries) return kNone;
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  }
  ++used_;
  Entry& e = entries_[index];
  e.kind = kind;
  e.unordered = d.isUnordered();
  e.end = d.isEnd();
  e.stream = d.stream;
  e.mid = d.mid;
  e.ppid = d.ppid;
  e.length = 0;
  std::uint32_t& head = listOf(e);
  e.previous = kNone;
  e.next = head;
  if (head != kNone) entries_[head].previous = index;
  head = index;
  return index;
}

// Takes an entry out of its list and frees what it holds; its key is not in the map any more.
void Reassembly::removeEntry(std::uint32_t index) {
  Entry& e = entries_[index];
  if (e.previous != kNone)
    entries_[e.previous].next = e.next;
  else
    listOf(e) = e.next;
  if (e.next != kNone) entries_[e.next].previous = e.previous;
  if (e.length != 0) store_.release(e.place, e.length);
  if (e.buffer.capacity() != 0) {
    if (e.kind == Kind::Assembly) assemblingBytes_ -= e.buffer.size();
    if (e.kind == Kind::HeldBuffer) heldBytes_ -= e.buffer.size();
    bufferMemory_ -= e.buffer.capacity();
    buffers_.put(std::exchange(e.buffer, {}));
  }
  e.kind = Kind::Free;
  e.next = free_;
  free_ = index;
  --used_;
}

// The same for one whose key is in the map.
void Reassembly::dropEntry(std::uint32_t index) {
  const Entry& e = entries_[index];
  const bool held = e.kind == Kind::HeldStore || e.kind == Kind::HeldBuffer;
  if (index == current_)
    current_ = kNone;
  else
    map_.take(held ? heldKey(e.stream, e.mid) : fragmentKey(e));
  removeEntry(index);
}

}  // namespace parley::sctp::rx
