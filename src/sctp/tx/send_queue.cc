#include "sctp/tx/send_queue.h"

#include <algorithm>

namespace parley::sctp::tx {

std::uint32_t SendQueue::find(StreamId id) const {
  const auto at = std::lower_bound(byId_.begin(), byId_.end(), id.value(),
                                   [](const auto& e, std::uint16_t v) { return e.first < v; });
  return at != byId_.end() && at->first == id.value() ? at->second : kNoStream;
}

std::uint32_t SendQueue::findOrAdd(StreamId id) {
  const auto at = std::lower_bound(byId_.begin(), byId_.end(), id.value(),
                                   [](const auto& e, std::uint16_t v) { return e.first < v; });
  if (at != byId_.end() && at->first == id.value()) return at->second;
  const auto slot = static_cast<std::uint32_t>(streams_.size());
  byId_.insert(at, {id.value(), slot});
  streams_.emplace_back().id = id;
  return slot;
}

void SendQueue::add(StreamId stream, Ppid ppid, ConstBytes bytes, const SendOptions& options,
                    Time now) {
  const std::uint32_t index = findOrAdd(stream);
  Stream& s = streams_[index];
  const MessageSlot slot = pool_.add();
  Message& m = pool_[slot];
  m.place = store_.append(bytes);
  m.unsent = static_cast<std::uint32_t>(bytes.size());
  m.stream = index;
  m.streamId = stream;
  m.ppid = ppid;
  m.unordered = options.unordered;
  m.maxRetransmits = options.maxRetransmits;
  if (options.lifetime < kNever - now) m.deadline = now + options.lifetime;
  if (s.head == kNoMessage)
    s.head = slot;
  else
    pool_[s.tail].next = slot;
  s.tail = slot;
  s.bytes += bytes.size();
  bytes_ += bytes.size();
  cost_ += bytes.size() + kMessageCost;
  if (!s.queued && current_ != index) {
    s.turn = std::max(s.turn, turn_);
    makeReady(index);
  }
}

void SendQueue::makeReady(std::uint32_t stream) {
  Stream& s = streams_[stream];
  s.queued = true;
  ready_.push_back({s.turn, ++orders_, stream});
  std::push_heap(ready_.begin(), ready_.end());
}

MessageSlot SendQueue::peek(Time now) {
  for (;;) {
    if (current_ == kNoStream) {
      if (ready_.empty()) return kNoMessage;
      std::pop_heap(ready_.begin(), ready_.end());
      current_ = ready_.back().stream;
      ready_.pop_back();
      streams_[current_].queued = false;
      turn_ = streams_[current_].turn;
    }
    Stream& s = streams_[current_];
    const MessageSlot slot = s.head;
    const Message& m = pool_[slot];
    if (m.deadline > now || m.started) return slot;
    ++expired_;
    store_.release(m.place, m.unsent);
    removeBytes(current_, m.unsent);
    popHead(s);
    pool_.remove(slot);
    if (s.head == kNoMessage) current_ = kNoStream;
  }
}

void SendQueue::charge(Stream& s, std::size_t n) {
  // A little for the message itself: streams of many small ones pay for their headers.
  s.turn += std::uint64_t{n + kDataHeaderSize} * s.costOfByte;
}

void SendQueue::popHead(Stream& s) {
  s.head = pool_[s.head].next;
  if (s.head == kNoMessage) s.tail = kNoMessage;
  cost_ -= kMessageCost;
}

void SendQueue::removeBytes(std::uint32_t slot, std::size_t n) {
  Stream& s = streams_[slot];
  const bool wasAbove = s.bytes > s.lowThreshold;
  s.bytes -= n;
  bytes_ -= n;
  cost_ -= n;
  if (!wasAbove || s.bytes > s.lowThreshold || s.lowPending) return;
  s.lowPending = true;
  low_.push_back(slot);
}

void SendQueue::take(MessageSlot slot, std::size_t n, PayloadStore::Place rest) {
  Message& m = pool_[slot];
  Stream& s = streams_[m.stream];
  m.place = rest;
  m.unsent -= static_cast<std::uint32_t>(n);
  removeBytes(m.stream, n);
  charge(s, n);
  if (m.unsent == 0) popHead(s);
  if (m.unsent != 0 && interleaving_ == Interleaving::Off) return;
  if (s.head != kNoMessage) {
    if (ready_.empty()) {
      turn_ = s.turn;  // nobody else wants a turn
      return;
    }
    makeReady(current_);
  }
  current_ = kNoStream;
}

void SendQueue::dropRest(MessageSlot slot) {
  Message& m = pool_[slot];
  if (m.unsent == 0) return;
  // A begun message is the first of its stream: it was taken from there.
  Stream& s = streams_[m.stream];
  const std::uint32_t stream = m.stream;
  store_.release(m.place, m.unsent);
  removeBytes(stream, m.unsent);
  m.unsent = 0;
  popHead(s);
  if (s.head != kNoMessage) return;
  if (current_ == stream)
    current_ = kNoStream;
  else
    unready(stream);
}

void SendQueue::unready(std::uint32_t stream) {
  if (!streams_[stream].queued) return;
  streams_[stream].queued = false;
  std::erase_if(ready_, [stream](const Ready& r) { return r.stream == stream; });
  std::make_heap(ready_.begin(), ready_.end());
}

std::size_t SendQueue::bufferedAmount(StreamId stream) const {
  const std::uint32_t slot = find(stream);
  return slot == kNoStream ? 0 : streams_[slot].bytes;
}

void SendQueue::setPriority(StreamId stream, std::uint16_t priority) {
  streams_[findOrAdd(stream)].costOfByte = kTurnScale / std::max<std::uint16_t>(priority, 1);
}

void SendQueue::setLowThreshold(StreamId stream, std::size_t bytes) {
  streams_[findOrAdd(stream)].lowThreshold = bytes;
}

bool SendQueue::pollLow(StreamId& stream) {
  while (!low_.empty()) {
    Stream& s = streams_[low_.back()];
    low_.pop_back();
    s.lowPending = false;
    if (s.bytes > s.lowThreshold) continue;  // filled up again meanwhile
    stream = s.id;
    return true;
  }
  return false;
}

void SendQueue::closeStream(StreamId stream) {
  streams_[findOrAdd(stream)].closed = true;
}

bool SendQueue::isClosed(StreamId stream) const {
  const std::uint32_t slot = find(stream);
  return slot != kNoStream && streams_[slot].closed;
}

void SendQueue::restartStream(StreamId stream) {
  const std::uint32_t slot = find(stream);
  if (slot == kNoStream) return;
  Stream& s = streams_[slot];
  s.closed = false;
  s.nextOrdered = s.nextUnordered = Mid{0};
  s.costOfByte = kTurnScale / kPriorityNormal;
  s.lowThreshold = 0;
}

}  // namespace parley::sctp::tx
