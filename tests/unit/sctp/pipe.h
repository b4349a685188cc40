// Two associations and a pipe between them that delays, loses, doubles, shuffles and corrupts, in
// virtual time. Packets that arrive together are a train, as a driver hands them over.
#pragma once

#include <functional>
#include <queue>
#include <string>
#include <vector>

#include "base/random.h"
#include "sctp/association/association.h"

namespace parley::sctp::test {

struct Weather {
  Duration delay = 10ms;  // one way
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;           // share of packets that take up to three times as long
  double corrupt = 0;           // one bit; only the checksum can tell
  double bitsPerSecond = 0;     // 0: without limit
  std::size_t queue = 1 << 20;  // bytes that wait for the link
};

class Pipe;

// One side, with what it has heard.
class End {
 public:
  End(Pipe& pipe, int index, const AssociationConfig& config, RandomSource& random)
      : association(config, random), pipe_(pipe), index_(index) {}

  struct Heard {
    StreamId stream;
    Ppid ppid;
    bool unordered;
    std::vector<std::uint8_t> data;
  };

  Association association;
  std::vector<Heard> heard;
  std::vector<AssociationEvent> events;
  bool keepsData = true;
  std::function<void(const ReceivedMessage&)> onMessage;
  std::function<void(const AssociationEvent&)> onEvent;

  template <class E>
  int count() const {
    int n = 0;
    for (const auto& e : events)
      n += std::holds_alternative<E>(e) ? 1 : 0;
    return n;
  }
  template <class E>
  const E* last() const {
    const E* found = nullptr;
    for (const auto& e : events) {
      if (const E* x = std::get_if<E>(&e)) found = x;
    }
    return found;
  }

  void handlePacket(ConstBytes packet, Time now) {
    association.handlePacket(packet, now);
    while (const auto m = association.nextMessage()) {
      if (onMessage) onMessage(*m);
      if (keepsData)
        heard.push_back({m->stream, m->ppid, m->unordered, {m->data.begin(), m->data.end()}});
    }
  }
  inline void drain();

 private:
  Pipe& pipe_;
  int index_;
};

class Pipe {
 public:
  Pipe(std::uint64_t seed, const Weather& weather, const AssociationConfig& a,
       const AssociationConfig& b)
      : random(seed), weather_{weather, weather}, randomA_(seed * 2 + 1), randomB_(seed * 2 + 2) {
    ends_.reserve(2);
    ends_.emplace_back(*this, 0, a, randomA_);
    ends_.emplace_back(*this, 1, b, randomB_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  SeededRandom random;
  // Room for so many packets on their way, so that the pipe itself allocates nothing.
  void reserve(std::size_t n) {
    while (spare_.size() < n) {
      spare_.emplace_back();
      spare_.back().reserve(2048);
    }
  }
  End& a() { return ends_[0]; }
  End& b() { return ends_[1]; }
  Time now() const { return now_; }
  void setWeather(const Weather& w) { weather_[0] = weather_[1] = w; }
  // Sees each packet before the weather does; false: it is lost.
  std::function<bool(int from, ConstBytes)> filter;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;

  void connect() {
    a().association.connect(now_);
    b().association.connect(now_);
    a().drain();
    b().drain();
  }
  bool send(End& from, std::uint16_t stream, ConstBytes message, const SendOptions& o = {}) {
    const bool sent = from.association.send(StreamId{stream}, Ppid{53}, message, o, now_).ok();
    from.drain();
    return sent;
  }
  // False when nothing will ever happen any more.
  bool step() {
    Time next = inFlight_.empty() ? kNever : inFlight_.top().at;
    for (End& e : ends_)
      next = std::min(next, e.association.nextTimeout());
    if (next == kNever) return false;
    now_ = std::max(now_, next);
    deliver();
    for (End& e : ends_) {
      if (e.association.nextTimeout() > now_) continue;
      e.association.handleTimeout(now_);
      e.drain();
    }
    return true;
  }
  // Until it holds; false when `limit` passes or nothing happens any more.
  bool runUntil(const std::function<bool()>& done, Duration limit = 120s) {
    const Time end = now_ + limit;
    while (!done()) {
      if (now_ > end || !step()) return done();
    }
    return true;
  }
  void runFor(Duration d) {
    const Time end = now_ + d;
    for (;;) {
      Time next = inFlight_.empty() ? kNever : inFlight_.top().at;
      for (End& e : ends_)
        next = std::min(next, e.association.nextTimeout());
      if (next > end) break;
      step();
    }
    now_ = end;
  }
  void transmit(int from, ConstBytes packet) {
    ++packets;
    bytes += packet.size();
    if (filter && !filter(from, packet)) return;
    const Weather& w = weather_[from];
    if (chance(w.loss)) return;
    Time at = now_;
    if (w.bitsPerSecond > 0) {
      Time& free = linkFree_[from];
      free = std::max(free, now_);
      const double backlog = static_cast<double>((free - now_).count()) * w.bitsPerSecond / 8e9;
      if (backlog > static_cast<double>(w.queue)) return;
      free += Duration{static_cast<std::int64_t>(static_cast<double>(packet.size() + 60) * 8e9 /
                                                 w.bitsPerSecond)};
      at = free;
    }
    at += w.delay;
    if (chance(w.reorder)) {
      at += Duration{static_cast<std::int64_t>(
          random.below(static_cast<std::uint64_t>(2 * w.delay.count()) + 1))};
    }
    push(from, at, packet);
    if (chance(w.duplicate)) {
      push(from,
           at + Duration{static_cast<std::int64_t>(
                    random.below(static_cast<std::uint64_t>(w.delay.count()) + 1))},
           packet);
    }
  }
  bool chance(double p) { return p > 0 && random.unit() < p; }

 private:
  struct Flight {
    Time at;
    std::uint64_t order;
    int to;
    std::vector<std::uint8_t> bytes;
    bool operator<(const Flight& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  void push(int from, Time at, ConstBytes packet) {
    std::vector<std::uint8_t> copy;
    if (!spare_.empty()) {
      copy = std::move(spare_.back());
      spare_.pop_back();
    }
    copy.assign(packet.begin(), packet.end());
    if (chance(weather_[from].corrupt))
      copy[random.below(copy.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
    inFlight_.push({at, order_++, 1 - from, std::move(copy)});
  }
  void deliver() {
    bool touched[2] = {false, false};
    while (!inFlight_.empty() && inFlight_.top().at <= now_) {
      Flight f = std::move(const_cast<Flight&>(inFlight_.top()));
      inFlight_.pop();
      End& to = ends_[static_cast<std::size_t>(f.to)];
      to.handlePacket(f.bytes, now_);
      touched[f.to] = true;
      if (to.association.urgent()) to.drain();
      spare_.push_back(std::move(f.bytes));
    }
    for (std::size_t i = 0; i < 2; ++i) {
      if (!touched[i]) continue;
      ends_[i].association.endOfTrain(now_);
      ends_[i].drain();
    }
  }

  Weather weather_[2];
  SeededRandom randomA_;
  SeededRandom randomB_;
  std::vector<End> ends_;
  Time now_{1s};
  std::priority_queue<Flight> inFlight_;
  std::vector<std::vector<std::uint8_t>> spare_;
  std::uint64_t order_ = 0;
  Time linkFree_[2] = {};
};

inline void End::drain() {
  std::array<std::uint8_t, 65'536> room;
  bool busy = true;
  while (busy) {
    busy = false;
    while (const std::size_t n = association.pollPacket(room, pipe_.now()))
      pipe_.transmit(index_, ConstBytes(room).first(n));
    while (auto e = association.pollEvent()) {
      busy = true;
      if (onEvent) onEvent(*e);
      events.push_back(std::move(*e));
    }
  }
}

// Bytes that name themselves: eight of the number, then a pattern of it.
inline std::vector<std::uint8_t> pattern(std::uint64_t number, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::uint64_t x = number * 0x9e3779b97f4a7c15u + 1;
  for (std::size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    bytes[i] = static_cast<std::uint8_t>(x >> (8 * (i % 8)));
  }
  if (size >= 8) storeBe64(bytes.data(), number);
  return bytes;
}

}  // namespace parley::sctp::test
