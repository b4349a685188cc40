#include "tests/sim/sctp_dumbbell.h"

#include <algorithm>

namespace parley::sim::test {

using namespace sctp;  // NOLINT: a test's helper

void RangeReceiver::receive(ConstBytes packet, Time now) {
  const auto view = PacketView::parse(packet, AcceptZeroChecksum::Yes);
  if (!view.ok()) return;
  ChunkIterator it = view->chunks();
  bool data = false;
  while (const auto chunk = it.next()) {
    const auto d = chunk->type == ChunkType::Data ? readData(*chunk) : std::nullopt;
    if (!d) continue;
    data = true;
    if (d->wantsImmediateSack()) sackNow_ = true;
    take(*d);
  }
  if (!data) return;
  if (++unacknowledged_ >= 2 || !ranges_.empty() || !duplicates_.empty()) sackNow_ = true;
  if (sackAt_ == kNever) sackAt_ = now + 200ms;
}

void RangeReceiver::take(const DataChunk& chunk) {
  const std::uint64_t position =
      next_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(
                  chunk.tsn - (base_ + static_cast<std::uint32_t>(next_)))));
  auto after = ranges_.upper_bound(position);
  const bool inRange = after != ranges_.begin() && std::prev(after)->second > position;
  if (static_cast<std::int64_t>(position - next_) < 0 || inRange) {
    if (duplicates_.size() < 64) duplicates_.push_back(chunk.tsn);
    ++duplicateCount_;
    return;
  }
  bytes_ += chunk.payload.size();
  if (position == next_) {
    ++next_;
  } else if (after != ranges_.begin() && std::prev(after)->second == position) {
    ++std::prev(after)->second;
  } else {
    after = std::next(ranges_.emplace_hint(after, position, position + 1));
  }
  if (position != next_ - 1) {
    const auto mine = std::prev(after);
    if (after != ranges_.end() && after->first == mine->second) {
      mine->second = after->second;
      ranges_.erase(after);
    }
  }
  while (!ranges_.empty() && ranges_.begin()->first == next_) {
    next_ = ranges_.begin()->second;
    ranges_.erase(ranges_.begin());
  }
}

std::size_t RangeReceiver::writeSack(Bytes room) {
  std::vector<GapBlock> gaps;
  for (const auto& [begin, end] : ranges_) {
    if (end - next_ > 65'534) break;
    gaps.push_back(
        {static_cast<std::uint16_t>(begin - next_ + 1), static_cast<std::uint16_t>(end - next_)});
  }
  PacketWriter w(room, {5000, 5000, VerificationTag{1}});
  sctp::writeSack(
      w, {(base_ + static_cast<std::uint32_t>(next_)).previous(), window, gaps, duplicates_});
  duplicates_.clear();
  unacknowledged_ = 0;
  sackNow_ = false;
  sackAt_ = kNever;
  return w.finish(Checksum::Zero);
}

Dumbbell::Dumbbell(const DumbbellConfig& config)
    : config_(config),
      forward_(config.forward, config.seed),
      back_(config.back, config.seed + 1'000'000),
      message_(config.message) {
  for (std::size_t i = 0; i < message_.size(); ++i)
    message_[i] = static_cast<std::uint8_t>(i);
}

Dumbbell::Flow& Dumbbell::addFlow(const FlowConfig& config) {
  const Tsn initial{0xFFFFF000u + static_cast<std::uint32_t>(flows_.size())};
  flows_.push_back(std::make_unique<Flow>(config, initial));
  return *flows_.back();
}

Time Dumbbell::next() const {
  Time t = events_.empty() ? kNever : events_.front().when;
  for (const auto& f : flows_) {
    t = std::min({t, f->started ? f->tx.nextTimeout() : f->config.startAt, f->rx.sackAt()});
  }
  return std::min(t, nextSample_);
}

void Dumbbell::runUntil(Time end) {
  while (next() <= end) {
    now_ = std::max(now_, next());
    if (nextSample_ <= now_) sample();
    while (!events_.empty() && events_.front().when <= now_) {
      std::pop_heap(events_.begin(), events_.end());
      Event event = std::move(events_.back());
      events_.pop_back();
      deliver(event);
      spare_.push_back(std::move(event.bytes));
    }
    for (std::uint32_t i = 0; i < flows_.size(); ++i) {
      Flow& f = *flows_[i];
      if (!f.started && f.config.startAt <= now_) {
        f.started = true;
        f.lastProgress = now_;
        f.tx.start({Tsn{0xFFFFF000u + i}, f.rx.window}, now_);
        transmit(i);
      }
      if (f.rx.wantsSack() || f.rx.sackAt() <= now_) sendSack(i);
      if (f.started && f.tx.nextTimeout() <= now_) {
        f.tx.handleTimeout(now_);
        transmit(i);
      }
    }
  }
  now_ = end;
}

void Dumbbell::deliver(Event& event) {
  Flow& f = *flows_[event.flow];
  if (event.toReceiver) {
    const std::uint64_t before = f.rx.bytes();
    f.rx.receive(event.bytes, now_);
    if (f.rx.bytes() == before) return;
    f.longestStall = std::max(f.longestStall, now_ - f.lastProgress);
    f.lastProgress = now_;
    if (f.rx.wantsSack()) sendSack(event.flow);
    return;
  }
  const auto packet = PacketView::parse(event.bytes, AcceptZeroChecksum::Yes);
  if (!packet.ok()) return;
  ChunkIterator it = packet->chunks();
  const auto sack = SackView::read(*it.next());
  f.tx.handleSack(*sack, now_);
  transmit(event.flow);
}

void Dumbbell::transmit(std::uint32_t index) {
  Flow& f = *flows_[index];
  std::array<std::uint8_t, 9000> room;
  for (;;) {
    while (f.tx.bufferedAmount() < 4 * message_.size())
      (void)f.tx.send(StreamId{1}, Ppid{53}, message_, {}, now_);
    PacketWriter w(Bytes(room).first(f.tx.packetRoom()), {5000, 5000, VerificationTag{1}});
    if (!f.tx.fill(w, now_)) return;
    const std::size_t size = w.finish(Checksum::Zero);
    if (f.config.loseEvery != 0 && ++f.packets % f.config.loseEvery == 0) continue;
    put(forward_, index, true, Bytes(room).first(size));
  }
}

void Dumbbell::sendSack(std::uint32_t index) {
  std::array<std::uint8_t, 1200> room;
  const std::size_t size = flows_[index]->rx.writeSack(room);
  put(back_, index, false, Bytes(room).first(size));
}

void Dumbbell::put(Link& link, std::uint32_t flow, bool toReceiver, ConstBytes bytes) {
  Packet packet;
  if (!spare_.empty()) {
    packet.payload = std::move(spare_.back());
    spare_.pop_back();
  }
  packet.payload.assign(bytes.begin(), bytes.end());
  for (Link::Delivery& d : link.send(std::move(packet), now_)) {
    events_.push_back({d.when, ++order_, flow, toReceiver, std::move(d.packet.payload)});
    std::push_heap(events_.begin(), events_.end());
  }
}

void Dumbbell::sample() {
  nextSample_ = now_ + 10ms;
  for (const auto& f : flows_) {
    const tx::SenderStats s = f->tx.stats();
    f->windowSum += static_cast<double>(s.window);
    f->rttSum += std::chrono::duration<double>(s.srtt).count();
    ++f->samples;
  }
}

void Dumbbell::resetSamples() {
  for (const auto& f : flows_) {
    f->windowSum = f->rttSum = 0;
    f->samples = 0;
  }
}

}  // namespace parley::sim::test
