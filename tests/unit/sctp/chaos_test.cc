// Two associations under everything that a network does, thousands of short runs: every reliable
// message exactly once, ordered ones in order, partially reliable ones at most once; streams reset
// in between; nothing kept in memory at the end. PARLEY_SEED=n runs one seed again,
// PARLEY_SEEDS=n runs so many of each.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <set>

#include "tests/unit/sctp/pipe.h"

namespace parley::sctp {
namespace {

using test::End;
using test::pattern;
using test::Pipe;
using test::Weather;

// What one direction may bring.
class Book {
 public:
  struct Entry {
    std::uint64_t number = 0;
    std::size_t size = 0;
    bool reliable = true;
  };

  void sent(StreamId s, std::uint64_t number, std::size_t size, const SendOptions& o) {
    const bool reliable = o.maxRetransmits == UINT32_MAX && o.lifetime == Duration::max();
    const Entry e{number, size, reliable};
    if (o.unordered)
      unordered_[s][number] = e;
    else
      ordered_[s].push_back(e);
    if (reliable) ++reliableSent_;
  }

  std::string heard(const ReceivedMessage& m) {
    if (m.data.size() < 8) return "shorter than any sent";
    const std::uint64_t number = loadBe64(m.data.data());
    const std::vector<std::uint8_t> expected = pattern(number, m.data.size());
    if (!std::equal(expected.begin(), expected.end(), m.data.begin())) return "bytes differ";
    if (m.ppid != Ppid{static_cast<std::uint32_t>(number)}) return "another PPID";
    if (m.unordered) return heardUnordered(m, number);
    auto& queue = ordered_[m.stream];
    // What was given up may be missing, nothing else.
    while (!queue.empty() && queue.front().number != number) {
      if (queue.front().reliable) return "a reliable message is missing, or out of order";
      queue.pop_front();
    }
    if (queue.empty()) return "never sent, or heard twice";
    if (queue.front().size != m.data.size()) return "another length";
    if (queue.front().reliable) ++reliableHeard_;
    queue.pop_front();
    return {};
  }
  bool complete() const { return reliableSent_ == reliableHeard_; }
  std::uint64_t reliableHeard() const { return reliableHeard_; }

 private:
  std::string heardUnordered(const ReceivedMessage& m, std::uint64_t number) {
    auto& open = unordered_[m.stream];
    const auto it = open.find(number);
    if (it == open.end()) return "unordered: never sent, or heard twice";
    if (it->second.size != m.data.size()) return "unordered: another length";
    if (it->second.reliable) ++reliableHeard_;
    open.erase(it);
    return {};
  }

  std::map<StreamId, std::deque<Entry>> ordered_;
  std::map<StreamId, std::map<std::uint64_t, Entry>> unordered_;
  std::uint64_t reliableSent_ = 0;
  std::uint64_t reliableHeard_ = 0;
};

struct Options {
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;
  double corrupt = 0;
  bool partial = false;
};

class Run {
 public:
  Run(std::uint64_t seed, const Options& o)
      : pipe_(seed, weather(seed, o), config(seed, o, 0), config(seed, o, 1)), options_(o) {
    for (int i = 0; i < 2; ++i) {
      End& to = i == 0 ? pipe_.b() : pipe_.a();
      to.keepsData = false;
      to.onMessage = [this, i](const ReceivedMessage& m) {
        const std::string wrong = book_[i].heard(m);
        if (!wrong.empty() && failure_.empty()) {
          failure_ = wrong + ": message " + std::to_string(loadBe64(m.data.data())) +
                     " of stream " + std::to_string(m.stream.value());
        }
      };
      to.onEvent = [this](const AssociationEvent& e) {
        if (const auto* end = std::get_if<event::Ended>(&e))
          failure_ += std::string("ended: ") + event::name(end->reason) + " " + end->text;
      };
    }
  }

  std::string go() {
    pipe_.connect();
    const std::uint64_t actions = 5 + pipe_.random.below(40);
    for (std::uint64_t i = 0; i < actions && failure_.empty(); ++i) {
      act();
      if (pipe_.chance(0.5))
        pipe_.runFor(Duration{static_cast<std::int64_t>(pipe_.random.below(60'000'000))});
    }
    const bool done = pipe_.runUntil(
        [&] { return !failure_.empty() || (book_[0].complete() && book_[1].complete() && calm()); },
        900s);
    if (!failure_.empty()) return failure_;
    if (!done) return "stalled: " + describe();
    pipe_.runFor(60s);  // FORWARD TSNs, too, are sent again after growing timeouts
    return failure_.empty() ? leaks() : failure_;
  }
  std::uint64_t heard() const { return book_[0].reliableHeard() + book_[1].reliableHeard(); }
  std::uint64_t retransmissions() {
    return pipe_.a().association.stats().retransmissions +
           pipe_.b().association.stats().retransmissions;
  }
  std::uint64_t abandoned() {
    return pipe_.a().association.stats().messagesAbandoned +
           pipe_.b().association.stats().messagesAbandoned;
  }

 private:
  static Weather weather(std::uint64_t seed, const Options& o) {
    SeededRandom r(seed + 1'000'000);
    Weather w;
    w.delay = Duration{static_cast<std::int64_t>(r.below(60'000'000) + 100'000)};
    const double share = r.unit();
    w.loss = o.loss * share;
    w.duplicate = o.duplicate * r.unit();
    w.reorder = o.reorder * r.unit();
    w.corrupt = o.corrupt * r.unit();
    if (r.below(3) == 0) w.bitsPerSecond = 1e6 * static_cast<double>(1 + r.below(50));
    w.queue = 20'000 + r.below(200'000);
    return w;
  }
  static AssociationConfig config(std::uint64_t seed, const Options& o, std::uint64_t side) {
    SeededRandom r(seed * 2 + side + 2'000'000);
    AssociationConfig c;
    c.maxSentMessage = 1 << 20;
    c.maxInitRetransmits = 40;
    c.maxRetransmits = 40;
    c.initialReceiveWindow = std::size_t{16'384} << r.below(8);
    // Both sides the same, or mixed.
    c.extensions.interleaving = r.below(4) != 0;
    // Without the checksum there is nothing to tell a corrupt packet by.
    c.extensions.zeroChecksum = o.corrupt == 0 && r.below(2) == 0;
    c.mtu = 400 + r.below(1000);
    return c;
  }

  void act() {
    const int i = static_cast<int>(pipe_.random.below(2));
    End& from = i == 0 ? pipe_.a() : pipe_.b();
    if (pipe_.chance(0.08)) {
      const StreamId s{static_cast<std::uint16_t>(pipe_.random.below(6))};
      from.association.resetStream(s, pipe_.now());
      from.drain();
      return;
    }
    for (std::uint64_t n = 1 + pipe_.random.below(6); n > 0; --n)
      sendOne(i, from);
    from.drain();
  }
  void sendOne(int i, End& from) {
    const StreamId s{static_cast<std::uint16_t>(pipe_.random.below(6))};
    SendOptions o;
    // Reliability is a stream's own, as a data channel's is.
    if (options_.partial && s.value() % 3 == 1)
      o.maxRetransmits = static_cast<std::uint32_t>(pipe_.random.below(3));
    if (options_.partial && s.value() % 3 == 2)
      o.lifetime = Duration{static_cast<std::int64_t>(pipe_.random.below(300'000'000))};
    o.unordered = s.value() >= 3;
    const std::size_t size = 8 + (pipe_.chance(0.2)   ? pipe_.random.below(60'000)
                                  : pipe_.chance(0.3) ? pipe_.random.below(5'000)
                                                      : pipe_.random.below(300));
    const std::uint64_t number = ++numbers_;
    const auto sent = from.association.send(s, Ppid{static_cast<std::uint32_t>(number)},
                                            pattern(number, size), o, pipe_.now());
    if (sent.ok()) book_[i].sent(s, number, size, o);
  }
  bool calm() {
    for (End* e : {&pipe_.a(), &pipe_.b()}) {
      if (e->association.bufferedAmount() != 0 || e->association.stats().bytesInFlight != 0)
        return false;
    }
    return true;
  }
  std::string leaks() {
    for (End* e : {&pipe_.a(), &pipe_.b()}) {
      const AssociationStats s = e->association.stats();
      if (s.receiveBuffered != 0) return "receive buffer: " + std::to_string(s.receiveBuffered);
      if (s.bytesInFlight != 0) return "in flight: " + std::to_string(s.bytesInFlight);
      if (e->association.bufferedAmount() != 0) return "send buffer";
      if (e->association.nextTimeout() != kNever) return "a timer still runs";
    }
    return {};
  }
  std::string describe() {
    std::string text;
    for (End* e : {&pipe_.a(), &pipe_.b()}) {
      const AssociationStats s = e->association.stats();
      text += " [state " + std::to_string(static_cast<int>(e->association.state())) + " buffered " +
              std::to_string(e->association.bufferedAmount()) + " in flight " +
              std::to_string(s.bytesInFlight) + " cwnd " + std::to_string(s.congestionWindow) +
              " rwnd " + std::to_string(s.peerWindow) + " waiting " +
              std::to_string(s.receiveBuffered) + "]";
    }
    return text;
  }

  Pipe pipe_;
  Options options_;
  Book book_[2];
  std::uint64_t numbers_ = 0;
  std::string failure_;
};

void runSeeds(const Options& o, std::uint64_t count) {
  std::uint64_t first = 1;
  if (const char* seed = std::getenv("PARLEY_SEED")) {
    first = std::strtoull(seed, nullptr, 10);
    count = 1;
  } else if (const char* seeds = std::getenv("PARLEY_SEEDS")) {
    count = std::strtoull(seeds, nullptr, 10);
  }
  std::uint64_t heard = 0;
  std::uint64_t retransmissions = 0;
  std::uint64_t abandoned = 0;
  int failures = 0;
  for (std::uint64_t seed = first; seed < first + count && failures < 5; ++seed) {
    Run run(seed, o);
    const std::string failure = run.go();
    if (!failure.empty()) {
      ++failures;
      ADD_FAILURE() << "seed " << seed << ": " << failure;
    }
    heard += run.heard();
    retransmissions += run.retransmissions();
    abandoned += run.abandoned();
  }
  testing::Test::RecordProperty("messages", std::to_string(heard));
  testing::Test::RecordProperty("retransmissions", std::to_string(retransmissions));
  testing::Test::RecordProperty("abandoned", std::to_string(abandoned));
  if (count == 1) return;
  // The weather was felt.
  EXPECT_GT(heard, count);
  if (o.loss > 0) {
    EXPECT_GT(retransmissions, count);
  }
  if (o.partial && o.loss > 0) {
    EXPECT_GT(abandoned, count / 10);
  }
}

TEST(Chaos, fair) {
  runSeeds({}, 300);
}
TEST(Chaos, lossy) {
  runSeeds({.loss = 0.2}, 700);
}
TEST(Chaos, shuffledAndDoubled) {
  runSeeds({.duplicate = 0.3, .reorder = 0.5}, 700);
}
TEST(Chaos, corrupt) {
  runSeeds({.loss = 0.02, .corrupt = 0.1}, 500);
}
TEST(Chaos, partiallyReliable) {
  runSeeds({.loss = 0.2, .duplicate = 0.05, .reorder = 0.2, .partial = true}, 1000);
}
TEST(Chaos, foul) {
  runSeeds({.loss = 0.15, .duplicate = 0.2, .reorder = 0.4, .corrupt = 0.05, .partial = true}, 800);
}

}  // namespace
}  // namespace parley::sctp
