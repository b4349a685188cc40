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

TEST(Sender, aLostTailIsFoundByAProbeNotByTheTimer) {
  World w;
  // The last packets of the message; what is sent after is not lost.
  w.pass = [](std::uint64_t n) { return n < 8 || n >= 10; };
  ASSERT_TRUE(w.send(pattern(11'000)).ok());
  const Time start = w.now;
  w.pump();
  ASSERT_EQ(w.sent, 10u);
  while (w.rx.messages().empty() && w.now < start + 5s)
    w.step();
  EXPECT_EQ(w.rx.messages().size(), 1u);
  EXPECT_EQ(w.tx.stats().timeouts, 0u);
  EXPECT_EQ(w.tx.stats().tailProbes, 1u);
  EXPECT_LT(w.now - start, 100ms);
}

TEST(Sender, whenEverythingIsLostTheTimerDoublesAndAllIsSentAgain) {
  World w;
  bool through = false;
  w.pass = [&](std::uint64_t) { return through; };
  ASSERT_TRUE(w.send(pattern(5'000)).ok());
  w.run(4s);
  EXPECT_GE(w.tx.consecutiveTimeouts(), 2u);
  EXPECT_LE(w.tx.consecutiveTimeouts(), 3u);
  through = true;
  w.run(10s);
  EXPECT_EQ(w.rx.messages().size(), 1u);
  EXPECT_EQ(w.tx.consecutiveTimeouts(), 0u);
}

// RFC 5682's case: the path stands still for longer than the timer, nothing is lost.
TEST(Sender, aMistakenTimeoutDoesNotSendTheWindowAgain) {
  World w;
  ASSERT_TRUE(w.send(pattern(400'000)).ok());
  w.run(70ms);
  const std::size_t window = w.tx.stats().window;
  for (auto* queue : {&w.forward, &w.backward}) {
    for (auto& [when, packet] : *queue)
      when += 600ms;
  }
  w.run(3s);
  EXPECT_EQ(w.rx.messages().size(), 1u);
  EXPECT_GE(w.tx.stats().timeouts, 1u);
  EXPECT_GE(w.tx.stats().spuriousTimeouts, 1u);
  EXPECT_LE(w.tx.stats().chunksRetransmitted, 4u);
  EXPECT_GE(w.tx.stats().window, window);
}

TEST(Sender, reorderingIsLearntAndBorne) {
  World w;
  ASSERT_TRUE(w.send(pattern(3'000'000)).ok());
  w.pump();
  SeededRandom random(3);
  // Every twentieth packet is overtaken by those of the next two milliseconds.
  for (int i = 0; i < 100'000 && !w.tx.isDrained(); ++i) {
    w.step();
    if (w.forward.size() > 2 && random.below(20) == 0)
      std::swap(w.forward.front().second, w.forward[1 + random.below(w.forward.size() - 1)].second);
  }
  EXPECT_EQ(w.rx.messages().size(), 1u);
  const auto s = w.tx.stats();
  EXPECT_EQ(s.timeouts, 0u);
  EXPECT_LT(s.chunksRetransmitted, s.chunksSent / 50);
}

TEST(Sender, aSackThatCannotBeIsRefused) {
  World w;
  ASSERT_TRUE(w.send(pattern(50'000)).ok());
  w.pump();
  const auto verdict = [&](Tsn cumulative, std::vector<GapBlock> gaps = {}) {
    std::vector<std::uint8_t> room(1200);
    PacketWriter out(room, {5000, 5000, VerificationTag{1}});
    writeSack(out, {cumulative, 1 << 20, gaps, {}});
    room.resize(out.finish(Checksum::Zero));
    const auto packet = PacketView::parse(room, AcceptZeroChecksum::Yes);
    ChunkIterator it = packet->chunks();
    return w.tx.handleSack(*SackView::read(*it.next()), w.now + 10ms);
  };
  const Tsn last = w.tx.lastAssignedTsn();
  EXPECT_EQ(verdict(last + 1u), SackVerdict::Violation);
  EXPECT_EQ(verdict(last + 0x7000'0000u), SackVerdict::Violation);
  EXPECT_EQ(verdict(kInitial.previous()), SackVerdict::Duplicate);
  EXPECT_EQ(verdict(kInitial + 2u), SackVerdict::Progress);
  EXPECT_EQ(verdict(kInitial + 1u), SackVerdict::Stale);
  EXPECT_EQ(verdict(kInitial + 2u, {{500, 600}, {3, 2}}), SackVerdict::Duplicate);
  EXPECT_EQ(w.tx.stats().bytesAcked, 3 * 1148u);
}

TEST(Sender, aPeerThatTakesBackGetsItAgain) {
  World w;
  w.pass = [](std::uint64_t n) { return n != 2; };
  ASSERT_TRUE(w.send(pattern(11'000)).ok());
  w.pump();
  while (!w.rx.hasGap())
    w.step();
  w.step();
  // The SACK with the gap is out; now the peer forgets what lies behind the gap.
  w.rx.renege();
  w.run(20s);
  EXPECT_EQ(w.rx.cumulative(), w.tx.lastAssignedTsn());
  EXPECT_TRUE(w.tx.isDrained());
}

TEST(Sender, aClosedWindowIsProbedAndOpensAtOnce) {
  World w;
  w.rx.setWindow(0);
  ASSERT_TRUE(w.send(pattern(200'000)).ok());
  w.run(50ms);
  w.rx.dropsAll = true;
  const std::uint64_t sentBefore = w.sent;
  w.run(20s);
  EXPECT_LE(w.sent, sentBefore + 16);         // one packet at a time, ever more seldom
  EXPECT_EQ(w.tx.consecutiveTimeouts(), 0u);  // the peer answers
  w.rx.dropsAll = false;
  w.rx.setWindow(1 << 20);
  w.sack();  // a window update
  const Time opened = w.now;
  while (w.rx.messages().empty() && w.now < opened + 5s)
    w.step();
  EXPECT_EQ(w.rx.messages().size(), 1u);
  EXPECT_LT(w.now - opened, 300ms);
}

TEST(Sender, theWindowOfThePeerIsKept) {
  World w({}, {kInitial, 20'000});
  w.rx.setWindow(20'000);
  ASSERT_TRUE(w.send(pattern(200'000)).ok());
  w.pump();
  EXPECT_LE(w.tx.stats().inFlight, 20'000u + 1'200);
  w.run(2s);
  EXPECT_EQ(w.rx.messages().size(), 1u);
}

TEST(Sender, aFullBufferRefusesButAnyMessageFitsAnEmptyOne) {
  SenderConfig config;
  config.sendBuffer = 100'000;
  World w(config);
  EXPECT_TRUE(w.send(pattern(300'000)).ok());
  const Status full = w.send(pattern(1));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), ErrorCode::Limit);
  EXPECT_FALSE(w.send({}).ok());
  w.run(2s);
  EXPECT_TRUE(w.send(pattern(90'000)).ok());
  EXPECT_EQ(w.tx.bufferedAmount(kStream), 90'000u);
}

// ---- Partial reliability

TEST(Sender, withoutRetransmissionsALostMessageIsSkipped) {
  World w;
  w.pass = [](std::uint64_t n) { return n != 1; };
  SendOptions once;
  once.maxRetransmits = 0;
  for (unsigned i = 0; i < 6; ++i)
    ASSERT_TRUE(w.send(pattern(1'000, i), once).ok());
  w.run(1s);
  EXPECT_EQ(w.rx.messages().size(), 5u);
  ASSERT_EQ(w.rx.skipped().size(), 1u);
  EXPECT_EQ(w.rx.skipped()[0].stream, kStream);
  EXPECT_EQ(w.rx.skipped()[0].mid, Mid{1});
  EXPECT_EQ(w.tx.stats().messagesAbandoned, 1u);
  EXPECT_EQ(w.tx.stats().chunksRetransmitted, 0u);
  EXPECT_TRUE(w.tx.isDrained());
  EXPECT_EQ(w.tx.nextTimeout(), kNever);
}

TEST(Sender, oneRetransmissionIsOne) {
  World w;
  std::uint64_t tries = 0;
  // The first message's packet never arrives.
  SendOptions twice;
  twice.maxRetransmits = 1;
  ASSERT_TRUE(w.send(pattern(1'100, 0), twice).ok());
  for (unsigned i = 1; i < 9; ++i)
    ASSERT_TRUE(w.send(pattern(1'100, i)).ok());
  w.pass = [&](std::uint64_t n) { return n != 0 && !(n == 9 && ++tries == 1); };
  w.run(3s);
  EXPECT_EQ(w.rx.messages().size(), 8u);
  EXPECT_EQ(w.tx.stats().chunksRetransmitted, 1u);
  EXPECT_TRUE(w.tx.isDrained());
}

TEST(Sender, aMessageThatExpiresHalfSentIsEndedByATsnOfItsOwn) {
  World w;
  SendOptions brief;
  brief.lifetime = 25ms;
  ASSERT_TRUE(w.send(pattern(200'000), brief).ok());
  ASSERT_TRUE(w.send(pattern(500, 7)).ok());
  w.run(2s);
  ASSERT_EQ(w.rx.messages().size(), 1u);
  EXPECT_EQ(w.rx.messages()[0].bytes, pattern(500, 7));
  EXPECT_EQ(w.rx.messages()[0].mid, Mid{1});
  ASSERT_FALSE(w.rx.skipped().empty());
  EXPECT_EQ(w.rx.skipped()[0].mid, Mid{0});
  EXPECT_EQ(w.rx.cumulative(), w.tx.lastAssignedTsn());
  EXPECT_TRUE(w.tx.isDrained());
}

TEST(Sender, aLostForwardTsnIsRepeated) {
  World w;
  SendOptions once;
  once.maxRetransmits = 0;
  ASSERT_TRUE(w.send(pattern(1'000), once).ok());
  for (unsigned i = 0; i < 5; ++i)
    ASSERT_TRUE(w.send(pattern(1'000, i)).ok());
  // The first message and everything that is sent up to half a second later.
  w.pass = [&](std::uint64_t n) { return n != 0 && (n < 6 || w.now > Time{1s} + 500ms); };
  w.run(10s);
  EXPECT_EQ(w.rx.messages().size(), 5u);
  EXPECT_EQ(w.rx.cumulative(), w.tx.lastAssignedTsn());
  EXPECT_TRUE(w.tx.isDrained());
}

TEST(Sender, aPeerWithoutForwardTsnGetsEverything) {
  World w({}, {kInitial, 1 << 20, Interleaving::Off, false});
  w.pass = [](std::uint64_t n) { return n != 1; };
  SendOptions once;
  once.maxRetransmits = 0;
  for (unsigned i = 0; i < 6; ++i)
    ASSERT_TRUE(w.send(pattern(1'000, i), once).ok());
  w.run(1s);
  EXPECT_EQ(w.rx.messages().size(), 6u);
  EXPECT_TRUE(w.rx.skipped().empty());
}

TEST(Sender, manyHolesAreSkippedInAFewRoundTrips) {
  for (const Interleaving interleaving : {Interleaving::Off, Interleaving::On}) {
    World w({}, {kInitial, 8 << 20, interleaving});
    SeededRandom random(5);
    w.pass = [&](std::uint64_t) { return random.unit() >= 0.1; };
    SendOptions options;
    options.maxRetransmits = 0;
    options.unordered = true;
    for (unsigned i = 0; i < 2'000; ++i)
      ASSERT_TRUE(w.send(pattern(1'000, i), options).ok());
    const Time start = w.now;
    w.pump();
    while (!w.tx.isDrained() && w.now < start + 30s)
      w.step();
    EXPECT_TRUE(w.tx.isDrained());
    EXPECT_EQ(w.rx.cumulative(), w.tx.lastAssignedTsn());
    EXPECT_GT(w.rx.messages().size(), 1'700u);
    EXPECT_LT(w.now - start, 10s);
  }
}

TEST(Sender, partialReliabilitySurvivesAnyLoss) {
  for (unsigned seed = 0; seed < 80; ++seed) {
    SeededRandom random(seed);
    World w({}, {kInitial, 8 << 20, seed % 2 == 0 ? Interleaving::Off : Interleaving::On});
    const double loss = 0.03 * (seed % 8);
    w.pass = [&](std::uint64_t) { return random.unit() >= loss; };
    std::size_t reliable = 0;
    for (unsigned i = 0; i < 60; ++i) {
      SendOptions o;
      o.unordered = random.below(2) == 0;
      const std::uint64_t kind = random.below(3);
      if (kind == 1) o.maxRetransmits = static_cast<std::uint32_t>(random.below(3));
      if (kind == 2) o.lifetime = Duration{static_cast<std::int64_t>(random.below(300'000'000))};
      // Reliable ones on streams of their own: some peers drop what stands between two gaps.
      const auto stream = static_cast<std::uint16_t>(kind * 3 + random.below(3));
      reliable += kind == 0 ? 1 : 0;
      ASSERT_TRUE(w.send(pattern(1 + random.below(8'000), i), o, StreamId{stream}).ok());
    }
    w.run(200s);
    std::size_t arrived = 0;
    for (const auto& m : w.rx.messages())
      arrived += m.stream.value() < 3 ? 1 : 0;
    ASSERT_EQ(arrived, reliable) << "seed " << seed;
    ASSERT_TRUE(w.tx.isDrained()) << "seed " << seed;
    ASSERT_EQ(w.rx.cumulative(), w.tx.lastAssignedTsn()) << "seed " << seed;
  }
}

// ---- Streams

TEST(Sender, interleavedMessagesArriveWhole) {
  World w({}, {kInitial, 8 << 20, Interleaving::On});
  w.pass = [](std::uint64_t n) { return n % 17 != 3; };
  for (std::uint16_t s = 0; s < 4; ++s) {
    for (unsigned i = 0; i < 3; ++i)
      ASSERT_TRUE(w.send(pattern(20'000, s * 10u + i), {}, StreamId{s}).ok());
  }
  w.run(5s);
  ASSERT_EQ(w.rx.messages().size(), 12u);
  std::size_t switches = 0;
  for (const auto& m : w.rx.messages()) {
    EXPECT_EQ(m.bytes, pattern(20'000, m.stream.value() * 10u + m.mid.value()));
    switches += m.mid.value() == 0 ? 1 : 0;
  }
  EXPECT_EQ(switches, 4u);
}

TEST(Sender, aClosedStreamSendsWhatItHasAndTakesNoMore) {
  World w;
  ASSERT_TRUE(w.send(pattern(30'000)).ok());
  w.tx.closeStream(kStream);
  const Status refused = w.send(pattern(10));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::Closed);
  EXPECT_TRUE(w.send(pattern(10), {}, StreamId{2}).ok());
  EXPECT_FALSE(w.tx.isStreamDrained(kStream));
  w.run(1s);
  EXPECT_TRUE(w.tx.isStreamDrained(kStream));
  w.tx.restartStream(kStream);
  ASSERT_TRUE(w.send(pattern(10)).ok());
  w.run(1s);
  ASSERT_EQ(w.rx.messages().size(), 3u);
  EXPECT_EQ(w.rx.messages()[2].mid, Mid{0});  // numbers start anew
}

TEST(Sender, anOuterRateIsKept) {
  World w;
  w.tx.setOuterRate(DataRate::bytesPerSecond(100'000));
  ASSERT_TRUE(w.send(pattern(1'000'000)).ok());
  w.run(5s);
  EXPECT_NEAR(static_cast<double>(w.tx.stats().bytesSent), 500'000, 20'000);
}

TEST(Sender, idleItHoldsLittleAndWaitsForNothing) {
  World w;
  ASSERT_TRUE(w.send(pattern(500'000)).ok());
  w.run(2s);
  w.tx.trim();
  EXPECT_EQ(w.tx.nextTimeout(), kNever);
  ASSERT_TRUE(w.send(pattern(2'000)).ok());
  w.run(1s);
  EXPECT_EQ(w.rx.messages().size(), 2u);
}

}  // namespace
}  // namespace parley::sctp::tx
