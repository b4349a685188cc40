// The sending half against a plain receiver, over a pipe whose losses a test chooses, in virtual
// time.
#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "base/random.h"
#include "sctp/tx/sender.h"
#include "tests/unit/sctp/fake_receiver.h"

namespace parley::sctp::tx {
namespace {

constexpr Tsn kInitial{0xFFFFFFF0};  // so that every test wraps
constexpr Ppid kPpid{53};
constexpr StreamId kStream{1};

std::vector<std::uint8_t> pattern(std::size_t n, unsigned seed = 0) {
  std::vector<std::uint8_t> bytes(n);
  for (std::size_t i = 0; i < n; ++i)
    bytes[i] = static_cast<std::uint8_t>(seed * 37 + i * 7 + (i >> 8));
  return bytes;
}

struct World {
  explicit World(SenderConfig config = {}, SendTerms terms = {kInitial, 64u << 20})
      : tx(config), rx(kInitial) {
    tx.start(terms, now);
    if (terms.interleaving == Interleaving::On) rx.setInterleaved();
  }

  // What happens to the nth packet (from 0): false drops it.
  std::function<bool(std::uint64_t)> pass = [](std::uint64_t) { return true; };
  Duration delay = 10ms;
  Duration sackDelay{};

  Status send(ConstBytes message, SendOptions options = {}, StreamId stream = kStream) {
    return tx.send(stream, kPpid, message, options, now);
  }

  void pump() {
    for (;;) {
      std::vector<std::uint8_t> room(tx.packetRoom());
      PacketWriter w(room, {5000, 5000, VerificationTag{1}});
      if (!tx.fill(w, now)) return;
      room.resize(w.finish(Checksum::Zero));
      ASSERT_GT(room.size(), 0u);
      if (pass(sent++)) forward.emplace_back(now + delay, std::move(room));
    }
  }
  void sack() {
    std::vector<std::uint8_t> room(1200);
    room.resize(rx.writeSack(room));
    backward.emplace_back(now + delay + sackDelay, std::move(room));
  }
  void handleSacks() {
    while (!backward.empty() && backward.front().first <= now) {
      const auto packet = PacketView::parse(backward.front().second, AcceptZeroChecksum::Yes);
      ChunkIterator it = packet->chunks();
      verdict = tx.handleSack(*SackView::read(*it.next()), now);
      backward.pop_front();
    }
  }
  Time next() const {
    Time t = tx.nextTimeout();
    if (!forward.empty()) t = std::min(t, forward.front().first);
    if (!backward.empty()) t = std::min(t, backward.front().first);
    return t;
  }
  // One instant: everything that is due, then what the sender makes of it.
  void step() {
    now = std::max(now, next());
    bool arrived = false;
    while (!forward.empty() && forward.front().first <= now) {
      rx.receive(forward.front().second);
      forward.pop_front();
      arrived = true;
    }
    if (arrived) sack();
    handleSacks();
    if (tx.nextTimeout() <= now) tx.handleTimeout(now);
    pump();
  }
  void run(Duration span) {
    const Time end = now + span;
    pump();
    for (int i = 0; next() <= end; ++i) {
      ASSERT_LT(i, 1'000'000);
      step();
    }
    now = end;
  }

  Time now{1s};
  Sender tx;
  FakeReceiver rx;
  std::deque<std::pair<Time, std::vector<std::uint8_t>>> forward;
  std::deque<std::pair<Time, std::vector<std::uint8_t>>> backward;
  std::uint64_t sent = 0;
  SackVerdict verdict{};
};

TEST(Sender, oneMessageOfEverySizeArrivesWhole) {
  World w;
  std::vector<std::size_t> sizes = {1, 3, 4, 1131, 1132, 1133, 16384, 65536, 300'000};
  for (std::size_t i = 0; i < sizes.size(); ++i)
    ASSERT_TRUE(w.send(pattern(sizes[i], static_cast<unsigned>(i))).ok());
  w.run(2s);
  ASSERT_EQ(w.rx.messages().size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(w.rx.messages()[i].bytes, pattern(sizes[i], static_cast<unsigned>(i)));
    EXPECT_EQ(w.rx.messages()[i].mid, Mid{static_cast<std::uint32_t>(i)});
  }
  EXPECT_TRUE(w.tx.isDrained());
  EXPECT_EQ(w.tx.nextTimeout(), kNever);
  EXPECT_EQ(w.tx.stats().chunksRetransmitted, 0u);
}

TEST(Sender, aLostPacketIsSentAgainWithoutATimeout) {
  World w;
  w.pass = [](std::uint64_t n) { return n != 5; };
  ASSERT_TRUE(w.send(pattern(60'000)).ok());
  w.run(1s);
  ASSERT_EQ(w.rx.messages().size(), 1u);
  EXPECT_EQ(w.tx.stats().timeouts, 0u);
  EXPECT_EQ(w.tx.stats().chunksRetransmitted, 1u);
  EXPECT_EQ(w.tx.stats().lossEvents, 1u);
  EXPECT_EQ(w.rx.duplicates(), 0u);
}

TEST(Sender, everyPatternOfLossIsSurvived) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SeededRandom random(seed);
    World w;
    const double loss = 0.02 * (seed % 11);
    w.pass = [&](std::uint64_t) { return random.unit() >= loss; };
    std::size_t messages = 0;
    for (std::size_t i = 0; i < 40; ++i, ++messages)
      ASSERT_TRUE(w.send(pattern(1 + random.below(20'000), static_cast<unsigned>(i))).ok());
    w.run(200s);
    EXPECT_EQ(w.rx.messages().size(), messages) << "seed " << seed;
    EXPECT_TRUE(w.tx.isDrained()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace parley::sctp::tx
