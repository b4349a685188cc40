// The parts of the sending half that hold data, each alone.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "base/random.h"
#include "sctp/tx/outstanding.h"
#include "sctp/tx/payload_store.h"
#include "sctp/tx/send_queue.h"

namespace parley::sctp::tx {
namespace {

std::vector<std::uint8_t> pattern(std::size_t n, std::size_t seed) {
  std::vector<std::uint8_t> bytes(n);
  for (std::size_t i = 0; i < n; ++i)
    bytes[i] = static_cast<std::uint8_t>(seed * 31 + i * 7 + (i >> 8));
  return bytes;
}

// ---- PayloadStore

TEST(PayloadStore, givesBackWhatWasPutIn) {
  SeededRandom random(1);
  PayloadStore store;
  struct Live {
    PayloadStore::Place place;
    std::vector<std::uint8_t> bytes;
  };
  std::deque<Live> live;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < 3'000; ++i) {
    const auto bytes = pattern(1 + random.below(i % 50 == 0 ? 70'000 : 3'000), i);
    live.push_back({store.append(bytes), bytes});
    sum += bytes.size();
    while (live.size() > 40) {
      // Freed in any order, read in pieces.
      const auto at = static_cast<std::ptrdiff_t>(random.below(live.size()));
      const Live l = live[static_cast<std::size_t>(at)];
      live.erase(live.begin() + at);
      PayloadStore::Place p = l.place;
      for (std::size_t done = 0; done < l.bytes.size();) {
        const std::size_t n = std::min<std::size_t>(1 + random.below(2'000), l.bytes.size() - done);
        std::vector<std::uint8_t> out(n);
        const PayloadStore::Place next = store.read(p, n, out.data());
        ASSERT_TRUE(std::equal(out.begin(), out.end(),
                               l.bytes.begin() + static_cast<std::ptrdiff_t>(done)));
        store.release(p, n);
        p = next;
        done += n;
      }
      sum -= l.bytes.size();
      ASSERT_EQ(store.bytes(), sum);
    }
  }
  for (const Live& l : live)
    store.release(l.place, l.bytes.size());
  EXPECT_EQ(store.bytes(), 0u);
  store.trim();
  EXPECT_EQ(store.capacity(), 0u);
}

TEST(PayloadStore, oneMessageAtATimeStaysInOneSlab) {
  PayloadStore store;
  const auto bytes = pattern(1'000, 1);
  for (int i = 0; i < 1'000; ++i)
    store.release(store.append(bytes), bytes.size());
  EXPECT_EQ(store.capacity(), PayloadStore::kSlabBytes);
}

TEST(PayloadStore, whatEndsWithItsSlabIsFollowedIntoTheNext) {
  PayloadStore store;
  const auto bytes = pattern(PayloadStore::kSlabBytes * 2, 3);
  const PayloadStore::Place first = store.append(bytes);
  std::vector<std::uint8_t> out(PayloadStore::kSlabBytes);
  const PayloadStore::Place second = store.read(first, out.size(), out.data());
  store.release(first, out.size());  // the slab is free, and its successor must still be known
  const auto other = pattern(PayloadStore::kSlabBytes, 9);
  store.append(other);
  store.read(second, out.size(), out.data());
  EXPECT_TRUE(std::equal(out.begin(), out.end(), bytes.begin() + PayloadStore::kSlabBytes));
}

// ---- SendQueue

struct Queue {
  PayloadStore store;
  MessagePool pool;
  SendQueue queue{store, pool};

  void add(std::uint16_t stream, std::size_t n, SendOptions options = {}) {
    queue.add(StreamId{stream}, Ppid{53}, pattern(n, stream), options, now);
  }
  // Up to n bytes of the next message, as Sender does it; the stream it is of.
  std::optional<std::uint16_t> take(std::size_t n) {
    const MessageSlot slot = queue.peek(now);
    if (slot == kNoMessage) return std::nullopt;
    Message& m = pool[slot];
    n = std::min<std::size_t>(n, m.unsent);
    queue.number(m);
    const auto stream = m.streamId.value();
    const PayloadStore::Place place = m.place;
    queue.take(slot, n, store.skip(place, n));
    store.release(place, n);
    last = m.mid;
    if (m.unsent == 0) pool.remove(slot);
    return stream;
  }
  // Bytes a stream got of `total`, in fragments of 1,000.
  std::map<std::uint16_t, std::size_t> serve(std::size_t total) {
    std::map<std::uint16_t, std::size_t> got;
    for (std::size_t done = 0; done < total; done += 1'000) {
      const auto stream = take(1'000);
      if (!stream) break;
      got[*stream] += 1'000;
    }
    return got;
  }
  Time now{1s};
  Mid last{};
};

TEST(SendQueue, equalStreamsTakeTurnsByMessage) {
  Queue q;
  for (int i = 0; i < 3; ++i) {
    for (const auto stream : {std::uint16_t{1}, std::uint16_t{2}, std::uint16_t{3}})
      q.add(stream, 1'500);
  }
  std::vector<std::uint16_t> order;
  while (const auto stream = q.take(1'000))
    order.push_back(*stream);
  EXPECT_EQ(order,
            (std::vector<std::uint16_t>{1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3}));
}

TEST(SendQueue, interleavingTakesTurnsByFragment) {
  Queue q;
  q.queue.setInterleaving(Interleaving::On);
  q.add(1, 3'000);
  q.add(2, 3'000);
  std::vector<std::uint16_t> order;
  while (const auto stream = q.take(1'000))
    order.push_back(*stream);
  EXPECT_EQ(order, (std::vector<std::uint16_t>{1, 2, 1, 2, 1, 2}));
}

TEST(SendQueue, priorityIsAShareOfTheBytes) {
  Queue q;
  const std::map<std::uint16_t, std::uint16_t> priorities = {
      {1, 128}, {2, 256}, {3, 512}, {4, 1024}};
  for (const auto& [stream, priority] : priorities) {
    q.queue.setPriority(StreamId{stream}, priority);
    for (int i = 0; i < 4'000; ++i)
      q.add(stream, 1'000);
  }
  const auto got = q.serve(1'500'000);
  for (const auto& [stream, priority] : priorities)
    EXPECT_NEAR(static_cast<double>(got.at(stream)), 1'500'000.0 * priority / 1'920, 5'000)
        << stream;
}

TEST(SendQueue, aBigMessageDoesNotPayForItsSizeTwice) {
  Queue q;
  // 100 kB on one stream against small ones on another: equal bytes in the long run.
  for (int i = 0; i < 20; ++i)
    q.add(1, 100'000);
  for (int i = 0; i < 2'000; ++i)
    q.add(2, 1'000);
  const auto got = q.serve(1'000'000);
  EXPECT_NEAR(static_cast<double>(got.at(1)), static_cast<double>(got.at(2)), 110'000);
}

TEST(SendQueue, whoWasIdleDoesNotCatchUp) {
  Queue q;
  for (int i = 0; i < 1'000; ++i)
    q.add(1, 1'000);
  q.serve(500'000);
  for (int i = 0; i < 400; ++i)
    q.add(2, 1'000);
  const auto got = q.serve(200'000);
  EXPECT_NEAR(static_cast<double>(got.at(1)), static_cast<double>(got.at(2)), 2'000);
}

TEST(SendQueue, expiredMessagesLeaveNoNumber) {
  Queue q;
  SendOptions soon;
  soon.lifetime = 10ms;
  q.add(1, 100);
  q.add(1, 100, soon);
  q.add(1, 100);
  EXPECT_EQ(q.take(1'000), 1);
  EXPECT_EQ(q.last, Mid{0});
  q.now += 11ms;
  EXPECT_EQ(q.take(1'000), 1);
  EXPECT_EQ(q.last, Mid{1});
  EXPECT_EQ(q.queue.expired(), 1u);
  EXPECT_EQ(q.take(1'000), std::nullopt);
  EXPECT_EQ(q.store.bytes(), 0u);
  EXPECT_EQ(q.queue.cost(), 0u);
}

TEST(SendQueue, lowIsSaidOnceWhenTheAmountFallsToTheThreshold) {
  Queue q;
  q.queue.setLowThreshold(StreamId{1}, 1'000);
  q.add(1, 3'000);
  StreamId low;
  EXPECT_FALSE(q.queue.pollLow(low));
  q.take(1'000);
  EXPECT_FALSE(q.queue.pollLow(low));
  q.take(1'000);
  EXPECT_TRUE(q.queue.pollLow(low));
  EXPECT_EQ(low, StreamId{1});
  EXPECT_FALSE(q.queue.pollLow(low));
  q.take(1'000);
  EXPECT_FALSE(q.queue.pollLow(low));  // it was low before
}

TEST(SendQueue, orderedAndUnorderedAreNumberedApart) {
  Queue q;
  SendOptions unordered;
  unordered.unordered = true;
  q.add(1, 10);
  q.add(1, 10, unordered);
  q.add(1, 10);
  std::vector<std::uint32_t> mids;
  while (q.take(100))
    mids.push_back(q.last.value());
  EXPECT_EQ(mids, (std::vector<std::uint32_t>{0, 0, 1}));
}

// ---- Outstanding

constexpr Tsn kFirst{0xFFFFFFF0};

struct Window {
  explicit Window(std::size_t n) {
    out.start(kFirst);
    slot = pool.add();
    pool[slot].unsent = 1;  // so that it stays
    for (std::size_t i = 0; i < n; ++i) {
      const auto place = store.append(pattern(100, i));
      Outstanding::Chunk& c = out.append(now, slot, 100);
      c.slab = place.slab;
      c.offset = static_cast<std::uint16_t>(place.offset);
    }
  }
  // Offsets from the ack point.
  Outstanding::AckRun sack(const std::vector<GapBlock>& gaps) {
    std::vector<std::uint8_t> room(64 * 1024);
    PacketWriter w(room, {5000, 5000, VerificationTag{1}});
    writeSack(w, {out.ackPoint(), 0, gaps, {}});
    room.resize(w.finish(Checksum::Zero));
    const auto packet = PacketView::parse(room, AcceptZeroChecksum::Yes);
    ChunkIterator it = packet->chunks();
    Outstanding::AckRun run;
    out.ackGaps(*SackView::read(*it.next()), run);
    return run;
  }
  std::size_t acked() const {
    std::size_t n = 0;
    for (Tsn t = out.ackPoint().next(); t != out.nextTsn(); ++t)
      n += out.at(t).state == Outstanding::State::Acked ? 1 : 0;
    return n;
  }
  PayloadStore store;
  MessagePool pool;
  Outstanding out{store, pool, 16};
  MessageSlot slot{};
  Time now{1s};
};

TEST(Outstanding, gapBlocksOfAnyKindAreBorne) {
  Window w(1'000);
  EXPECT_EQ(w.sack({{2, 5}, {10, 20}}).chunks, 15u);
  EXPECT_EQ(w.sack({{2, 5}, {10, 20}}).chunks, 0u);
  EXPECT_EQ(w.sack({{1, 25}}).chunks, 10u);
  EXPECT_EQ(w.sack({{30, 20}, {0, 0}, {0, 40}}).chunks, 0u);      // backwards, or at nothing
  EXPECT_EQ(w.sack({{50, 60}, {40, 70}, {65, 66}}).chunks, 13u);  // overlapping: not ascending
  EXPECT_EQ(w.sack({{990, 65'535}}).chunks, 11u);                 // beyond what was sent
  EXPECT_EQ(w.sack({{1'001, 1'002}, {65'535, 65'535}}).chunks, 0u);
  EXPECT_EQ(w.acked(), w.out.gapAcked());
  EXPECT_EQ(w.out.inFlightChunks() + w.acked(), 1'000u);
}

TEST(Outstanding, agreesWithAPlainSet) {
  SeededRandom random(7);
  for (int round = 0; round < 50; ++round) {
    Window w(300);
    std::vector<bool> set(301, false);
    std::size_t gone = 0;
    for (int i = 0; i < 40; ++i) {
      std::vector<GapBlock> gaps;
      std::uint16_t at = 0;
      while (gaps.size() < 6) {
        const auto start = static_cast<std::uint16_t>(at + 1 + random.below(30));
        const auto end = static_cast<std::uint16_t>(start + random.below(25));
        if (end > w.out.size()) break;
        gaps.push_back({start, end});
        at = end;
      }
      std::size_t fresh = 0;
      for (const GapBlock& g : gaps) {
        for (std::size_t t = g.start; t <= g.end; ++t) {
          fresh += set[gone + t] ? 0 : 1;
          set[gone + t] = true;
        }
      }
      ASSERT_EQ(w.sack(gaps).chunks, fresh);
      if (i % 5 == 4) {
        Outstanding::AckRun run;
        const std::size_t n = 1 + random.below(5);
        const Tsn to = w.out.ackPoint() + static_cast<std::uint32_t>(std::min(n, w.out.size()));
        gone += to - w.out.ackPoint();
        w.out.ackCumulative(to, run);
      }
      ASSERT_EQ(w.acked(), w.out.gapAcked());
      ASSERT_EQ(w.out.inFlight(), w.out.inFlightChunks() * 116);
    }
  }
}

// A peer that moves the edges of its blocks makes us walk; each walk halves the way for the next.
TEST(Outstanding, hostileBlocksAreWalkedOnce) {
  Window w(60'000);
  w.sack({{1, 60'000}});
  // Without shortcuts this would be 1.8 billion steps, and the test would not end in time.
  for (std::uint16_t i = 1; i < 60'000; ++i)
    ASSERT_EQ(w.sack({{i, 60'000}}).chunks, 0u);
}

TEST(Outstanding, lossAndRetransmissionKeepTheBooks) {
  Window w(10);
  w.out.markLost(kFirst + 3u);
  w.out.markLost(kFirst + 1u);
  EXPECT_EQ(w.out.firstLost(), kFirst + 1u);  // the lower first
  EXPECT_EQ(w.out.inFlightChunks(), 8u);
  w.out.resend(kFirst + 1u, w.now + 1ms);
  EXPECT_EQ(w.out.latest(), kFirst + 1u);
  EXPECT_EQ(w.out.firstLost(), kFirst + 3u);
  Outstanding::AckRun run;
  w.out.ackCumulative(kFirst + 5u, run);
  EXPECT_EQ(run.chunks, 6u);
  EXPECT_EQ(run.spurious, 116u);  // the one that was lost and not sent again
  EXPECT_TRUE(run.retransmitted);
  EXPECT_FALSE(w.out.hasLost());
  EXPECT_EQ(w.out.inFlightChunks(), 4u);
  EXPECT_EQ(w.store.bytes(), 400u);
}

TEST(Outstanding, afterATimeoutGapBlocksAreBelievedUnlessTheFirstWasTakenBack) {
  Window w(10);
  w.sack({{5, 6}});
  w.out.loseAll();
  EXPECT_EQ(w.acked(), 2u);
  Outstanding::AckRun run;
  w.out.ackCumulative(kFirst + 3u, run);  // up to the one before the acknowledged
  w.out.loseAll();                        // which would be behind it, had the peer kept it
  EXPECT_EQ(w.acked(), 0u);
  EXPECT_EQ(w.out.gapAcked(), 0u);
  EXPECT_EQ(w.out.firstLost(), kFirst + 4u);
}

TEST(Outstanding, aMistakenTimeoutIsUndone) {
  Window w(10);
  w.out.loseAll();
  w.out.resend(kFirst, w.now + 1s);
  w.out.restoreFlight();
  EXPECT_FALSE(w.out.hasLost());
  EXPECT_EQ(w.out.inFlightChunks(), 10u);
  EXPECT_EQ(w.out.oldest(), kFirst + 1u);
  EXPECT_EQ(w.out.latest(), kFirst);
}

}  // namespace
}  // namespace parley::sctp::tx
