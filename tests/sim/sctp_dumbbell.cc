#include "tests/sim/sctp_dumbbell.h"

#include <algorithm>
#include <array>

namespace parley::sim::test {

using sctp::Association;
using sctp::AssociationConfig;

namespace {
AssociationConfig associationConfig(const FlowConfig& flow) {
  AssociationConfig config;
  config.controller = flow.controller;
  return config;
}
constexpr std::size_t kQueued = 256 << 10;
}  // namespace

Dumbbell::Flow::Flow(const FlowConfig& c, std::uint64_t seed)
    : config(c),
      random(seed),
      sender(associationConfig(c), random),
      receiver(associationConfig(c), random) {}

Dumbbell::Dumbbell(const DumbbellConfig& config)
    : config_(config),
      forward_(config.forward, config.seed),
      back_(config.back, config.seed + 1'000'000) {}

Dumbbell::Flow& Dumbbell::addFlow(const FlowConfig& config) {
  flows_.push_back(std::make_unique<Flow>(config, config_.seed * 1000 + flows_.size()));
  return *flows_.back();
}

Time Dumbbell::next() const {
  Time t = events_.empty() ? kNever : events_.front().when;
  for (const auto& f : flows_) {
    t = std::min(t, f->started ? std::min(f->sender.nextTimeout(), f->receiver.nextTimeout())
                               : f->config.startAt);
  }
  return std::min(t, nextSample_);
}

void Dumbbell::runUntil(Time end) {
  while (next() <= end) {
    now_ = std::max(now_, next());
    if (nextSample_ <= now_) sample();
    deliverDue();
    for (std::uint32_t i = 0; i < flows_.size(); ++i) {
      Flow& f = *flows_[i];
      if (!f.started && f.config.startAt <= now_) start(i);
      if (!f.started) continue;
      bool due = false;
      for (const bool toReceiver : {false, true}) {
        if (f.end(toReceiver).nextTimeout() > now_) continue;
        f.end(toReceiver).handleTimeout(now_);
        due = true;
      }
      if (due) drain(i);
    }
  }
  now_ = end;
}

void Dumbbell::start(std::uint32_t index) {
  Flow& f = *flows_[index];
  f.started = true;
  f.lastProgress = now_;
  f.sender.connect(now_);
  f.receiver.connect(now_);
  drain(index);
}

// All that arrives at one instant at one end is a train.
void Dumbbell::deliverDue() {
  while (!events_.empty() && events_.front().when <= now_) {
    const std::uint32_t index = events_.front().flow;
    const bool toReceiver = events_.front().toReceiver;
    Flow& f = *flows_[index];
    while (!events_.empty() && events_.front().when <= now_ && events_.front().flow == index &&
           events_.front().toReceiver == toReceiver) {
      std::pop_heap(events_.begin(), events_.end());
      f.end(toReceiver).handlePacket(events_.back().bytes, now_);
      if (toReceiver) take(f);
      spare_.push_back(std::move(events_.back().bytes));
      events_.pop_back();
      if (f.end(toReceiver).urgent()) transmit(index, !toReceiver);
    }
    f.end(toReceiver).endOfTrain(now_);
    drain(index);
  }
}

void Dumbbell::take(Flow& f) {
  while (const auto m = f.receiver.nextMessage()) {
    f.bytes += m->data.size();
    if (f.config.messages != 0) {
      bool right = m->data.size() == f.config.messageSize && loadBe64(m->data.data()) == f.arrived;
      for (std::size_t i = 8; right && i < m->data.size(); i += 61)
        right = m->data[i] == static_cast<std::uint8_t>(f.arrived + i);
      if (!right) f.failed = true;
    }
    ++f.arrived;
    f.longestStall = std::max(f.longestStall, now_ - f.lastProgress);
    f.lastProgress = now_;
  }
}

void Dumbbell::offer(Flow& f) {
  message_.resize(f.config.messageSize);
  while (f.sender.bufferedAmount() < kQueued &&
         (f.config.messages == 0 || f.sent < f.config.messages)) {
    if (f.config.messages != 0) {
      for (std::size_t i = 0; i < message_.size(); ++i)
        message_[i] = static_cast<std::uint8_t>(f.sent + i);
      storeBe64(message_.data(), f.sent);
    }
    if (!f.sender.send(sctp::StreamId{1}, sctp::Ppid{53}, message_, {}, now_).ok()) return;
    ++f.sent;
  }
}

void Dumbbell::drain(std::uint32_t index) {
  Flow& f = *flows_[index];
  for (const bool toReceiver : {false, true}) {
    transmit(index, !toReceiver);
    while (const auto event = f.end(toReceiver).pollEvent()) {
      if (std::holds_alternative<sctp::event::Ended>(*event)) f.failed = true;
    }
  }
}

void Dumbbell::transmit(std::uint32_t index, bool toReceiver) {
  Flow& f = *flows_[index];
  std::array<std::uint8_t, 1500> room;
  for (;;) {
    if (toReceiver) offer(f);
    const std::size_t size = f.end(!toReceiver).pollPacket(room, now_);
    if (size == 0) return;
    if (toReceiver && f.config.loseEvery != 0 && ++f.packets % f.config.loseEvery == 0) continue;
    put(index, toReceiver, Bytes(room).first(size));
  }
}

void Dumbbell::put(std::uint32_t flow, bool toReceiver, ConstBytes bytes) {
  Packet packet;
  if (!spare_.empty()) {
    packet.payload = std::move(spare_.back());
    spare_.pop_back();
  }
  packet.payload.assign(bytes.begin(), bytes.end());
  for (Link::Delivery& d : (toReceiver ? forward_ : back_).send(std::move(packet), now_)) {
    // DTLS finds out what UDP's checksum missed.
    if (d.packet.corrupted) continue;
    events_.push_back({d.when, ++order_, flow, toReceiver, std::move(d.packet.payload)});
    std::push_heap(events_.begin(), events_.end());
  }
}

void Dumbbell::sample() {
  nextSample_ = now_ + 10ms;
  for (const auto& f : flows_) {
    f->windowSum += static_cast<double>(f->sender.stats().congestionWindow);
    ++f->samples;
  }
}

void Dumbbell::resetSamples() {
  for (const auto& f : flows_) {
    f->windowSum = 0;
    f->samples = 0;
  }
}

}  // namespace parley::sim::test
