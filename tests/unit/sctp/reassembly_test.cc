// Fragments in any order come out as the messages that they were, in the order that is due.
#include "sctp/rx/reassembly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/random.h"
#include "tests/unit/sctp/pipe.h"

namespace parley::sctp::rx {
namespace {

using test::pattern;
using Verdict = Reassembly::Verdict;

struct Fragment {
  DataHeader header;
  std::vector<std::uint8_t> bytes;
  DataChunk chunk() const {
    DataChunk c;
    static_cast<DataHeader&>(c) = header;
    c.payload = bytes;
    return c;
  }
};

// Cuts messages into fragments as a sender of DATA or I-DATA does.
class Cutter {
 public:
  explicit Cutter(Interleaving i, Tsn first = Tsn{0xfffffff0}) : interleaving_(i), tsn_(first) {}

  std::vector<Fragment> cut(std::uint16_t stream, ConstBytes message, std::size_t size,
                            bool unordered = false) {
    std::vector<Fragment> out;
    std::uint32_t& next = mids_[{stream, unordered}];
    const Mid mid{next};
    next = interleaving_ == Interleaving::On ? next + 1 : (next + 1) & 0xffff;
    for (std::size_t at = 0; at < message.size(); at += size) {
      Fragment f;
      const ConstBytes part = message.subspan(at, std::min(size, message.size() - at));
      f.bytes.assign(part.begin(), part.end());
      f.header.tsn = tsn_;
      ++tsn_;
      f.header.stream = StreamId{stream};
      f.header.ppid = Ppid{51};
      f.header.mid = unordered && interleaving_ == Interleaving::Off ? Mid{0} : mid;
      if (interleaving_ == Interleaving::On) f.header.fsn = static_cast<std::uint32_t>(at / size);
      if (at == 0) f.header.flags |= data_flag::kBegin;
      if (at + size >= message.size()) f.header.flags |= data_flag::kEnd;
      if (unordered) f.header.flags |= data_flag::kUnordered;
      out.push_back(std::move(f));
    }
    return out;
  }
  Tsn next() const { return tsn_; }

 private:
  Interleaving interleaving_;
  Tsn tsn_;
  std::map<std::pair<std::uint16_t, bool>, std::uint32_t> mids_;
};

struct Both : testing::TestWithParam<Interleaving> {
  Reassembly make(Reassembly::Limits limits = {}) {
    Reassembly r(limits, 12345);
    r.setInterleaving(GetParam());
    return r;
  }
};
INSTANTIATE_TEST_SUITE_P(Reassembly, Both, testing::Values(Interleaving::Off, Interleaving::On));

TEST_P(Both, messageOfOneChunkIsAViewOfThePacket) {
  Reassembly r = make();
  Cutter cutter(GetParam());
  const auto f = cutter.cut(3, pattern(1, 100), 200);
  ASSERT_EQ(r.add(f[0].chunk()), Verdict::Taken);
  const auto m = r.next();
  ASSERT_TRUE(m.has_value());
  EXPECT_EQ(m->data.data(), f[0].bytes.data());
  EXPECT_EQ(m->data.size(), 100u);
  EXPECT_FALSE(r.next().has_value());
  EXPECT_EQ(r.memory(), 0u);
}

TEST_P(Both, anyOrderGivesTheSameMessages) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    Reassembly r = make();
    Cutter cutter(GetParam());
    std::vector<Fragment> all;
    std::map<std::pair<std::uint16_t, bool>, std::vector<std::vector<std::uint8_t>>> sent;
    for (std::uint64_t n = 0; n < 40; ++n) {
      const auto stream = static_cast<std::uint16_t>(random.below(3));
      const bool unordered = random.below(2) == 0;
      const auto message = pattern(n, 8 + random.below(900));
      sent[{stream, unordered}].push_back(message);
      for (Fragment& f : cutter.cut(stream, message, 100, unordered))
        all.push_back(std::move(f));
    }
    // Shuffled within a window, which may be all.
    const std::size_t window = 1 + random.below(seed % 4 == 0 ? all.size() : 30);
    for (std::size_t i = 0; i + 1 < all.size(); ++i)
      std::swap(all[i], all[i + random.below(std::min(window, all.size() - i))]);

    std::map<std::pair<std::uint16_t, bool>, std::vector<std::vector<std::uint8_t>>> heard;
    for (const Fragment& f : all) {
      ASSERT_EQ(r.add(f.chunk()), Verdict::Taken);
      while (const auto m = r.next()) {
        EXPECT_EQ(m->ppid, Ppid{51});
        heard[{m->stream.value(), m->unordered}].push_back({m->data.begin(), m->data.end()});
      }
    }
    for (auto& [key, messages] : sent) {
      if (key.second) {
        const auto byNumber = [](const auto& a, const auto& b) {
          return loadBe64(a.data()) < loadBe64(b.data());
        };
        std::sort(messages.begin(), messages.end(), byNumber);
        std::sort(heard[key].begin(), heard[key].end(), byNumber);
      }
      ASSERT_EQ(heard[key], messages) << "seed " << seed;
    }
    EXPECT_EQ(r.waitingBytes(), 0u);
    EXPECT_EQ(r.assemblingBytes(), 0u);
    r.trim();
    EXPECT_EQ(r.memory(), 0u) << "seed " << seed;
  }
}

TEST_P(Both, aMessageThatGrowsTooLongIsTold) {
  Reassembly r = make({1000, 1 << 20});
  Cutter cutter(GetParam());
  auto f = cutter.cut(0, pattern(1, 1001), 100);
  for (std::size_t i = 0; i < 10; ++i)
    ASSERT_EQ(r.add(f[i].chunk()), Verdict::Taken);
  EXPECT_EQ(r.add(f[10].chunk()), Verdict::TooLong);
  // Also when the fragment that is too much came first.
  Reassembly again = make({1000, 1 << 20});
  for (std::size_t i = 1; i < 11; ++i)
    ASSERT_EQ(again.add(f[i].chunk()), Verdict::Taken);
  EXPECT_EQ(again.add(f[0].chunk()), Verdict::TooLong);
}

TEST_P(Both, memoryIsBounded) {
  Reassembly r = make({1 << 20, 200'000});
  Cutter cutter(GetParam());
  Verdict v = Verdict::Taken;
  std::size_t bytes = 0;
  for (std::uint16_t s = 0; s < 1000 && v == Verdict::Taken; ++s) {
    for (const Fragment& f : cutter.cut(s, pattern(s, 2000), 500)) {
      if (f.header.isEnd()) continue;  // none becomes whole
      v = r.add(f.chunk());
      if (v != Verdict::Taken) break;
      bytes += f.bytes.size();
    }
  }
  EXPECT_EQ(v, Verdict::Full);
  EXPECT_GT(bytes, 20'000u);
  EXPECT_LE(r.memory(), 300'000u);
}

TEST_P(Both, entriesAreBounded) {
  Reassembly r = make({1 << 20, std::size_t{1} << 30});
  DataChunk c;
  const std::uint8_t byte = 7;
  c.payload = {&byte, 1};
  c.stream = StreamId{1};
  Verdict v = Verdict::Taken;
  std::uint32_t n = 0;
  for (; n < 3 * Reassembly::kMaxEntries && v == Verdict::Taken; ++n) {
    c.tsn = Tsn{2 * n};
    c.mid = GetParam() == Interleaving::On ? Mid{n + 1} : Mid{5};
    c.fsn = 9;
    v = r.add(c);
  }
  EXPECT_EQ(v, Verdict::Refused);
  EXPECT_EQ(n, Reassembly::kMaxEntries + 1);
  r.resetStream(StreamId{1});
  EXPECT_EQ(r.add(c), Verdict::Taken);
}

ForwardTsnView forwardOf(std::vector<std::uint8_t>& room, Interleaving i, Tsn tsn,
                         std::span<const SkippedStream> skipped) {
  room.assign(600, 0);
  PacketWriter w(room, {});
  EXPECT_TRUE(writeForwardTsn(w, i, tsn, skipped));
  return *ForwardTsnView::read(*ChunkIterator(ConstBytes(room).subspan(12)).next());
}

// What is whole has been acknowledged and is delivered; what is not is forgotten.
TEST_P(Both, skippingDeliversWhatIsWhole) {
  Reassembly r = make();
  Cutter cutter(GetParam());
  const auto first = cutter.cut(4, pattern(1, 300), 100);   // its middle is lost
  const auto second = cutter.cut(4, pattern(2, 300), 100);  // whole
  const auto third = cutter.cut(4, pattern(3, 50), 100);    // whole, of one chunk
  const auto fourth = cutter.cut(4, pattern(4, 300), 100);  // its end is lost
  const auto fifth = cutter.cut(4, pattern(5, 300), 100);
  for (const auto* f : {&first[0], &first[2], &second[0], &second[2], &second[1], &third[0],
                        &fourth[0], &fourth[1]})
    ASSERT_EQ(r.add(f->chunk()), Verdict::Taken);
  EXPECT_FALSE(r.next().has_value());
  std::vector<std::uint8_t> room;
  const SkippedStream skipped[] = {{StreamId{4}, false, fourth[0].header.mid}};
  r.skip(forwardOf(room, GetParam(), fourth[2].header.tsn, skipped));
  std::vector<std::uint64_t> heard;
  const auto listen = [&] {
    while (const auto m = r.next())
      heard.push_back(loadBe64(m->data.data()));
  };
  listen();
  EXPECT_EQ(heard, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(r.waitingBytes() + r.assemblingBytes(), 0u);
  // A late fragment of a message that was skipped is nothing.
  ASSERT_EQ(r.add(first[1].chunk()), Verdict::Taken);
  EXPECT_EQ(r.waitingBytes() + r.assemblingBytes(), 0u);
  for (const Fragment& f : fifth)
    r.add(f.chunk());
  listen();
  EXPECT_EQ(heard, (std::vector<std::uint64_t>{2, 3, 5}));
}

TEST_P(Both, skippingForgetsUnordered) {
  Reassembly r = make();
  Cutter cutter(GetParam());
  const auto lost = cutter.cut(4, pattern(1, 300), 100, true);
  const auto kept = cutter.cut(4, pattern(2, 300), 100, true);
  for (const auto* f : {&lost[0], &lost[2], &kept[0], &kept[2]})
    ASSERT_EQ(r.add(f->chunk()), Verdict::Taken);
  std::vector<std::uint8_t> room;
  const SkippedStream skipped[] = {{StreamId{4}, true, lost[0].header.mid}};
  r.skip(forwardOf(room, GetParam(), lost[1].header.tsn,
                   std::span(skipped).first(GetParam() == Interleaving::On ? 1 : 0)));
  // The cumulative TSN passes over the third fragment, which was acknowledged, by itself.
  r.dropLeftBehind(kept[0].header.tsn);
  EXPECT_EQ(r.waitingBytes() + r.assemblingBytes(), 200u);
  ASSERT_EQ(r.add(kept[1].chunk()), Verdict::Taken);
  const auto m = r.next();
  ASSERT_TRUE(m.has_value());
  EXPECT_EQ(loadBe64(m->data.data()), 2u);
  EXPECT_EQ(r.waitingBytes() + r.assemblingBytes(), 0u);
}

TEST_P(Both, aResetStreamBeginsAtZero) {
  Reassembly r = make();
  Cutter before(GetParam());
  Cutter after(GetParam(), Tsn{100});
  for (int i = 0; i < 3; ++i)
    r.add(before.cut(1, pattern(0, 10), 100)[0].chunk());
  while (r.next()) {
  }
  const auto again = after.cut(1, pattern(9, 10), 100);
  r.add(again[0].chunk());
  EXPECT_FALSE(r.next().has_value());  // an old number
  r.resetStream(StreamId{1});
  r.add(again[0].chunk());
  EXPECT_TRUE(r.next().has_value());
}

// SSNs have 16 bits, MIDs 32.
TEST_P(Both, numbersOfMessagesWrap) {
  Reassembly r = make();
  Cutter cutter(GetParam());
  const auto message = pattern(1, 10);
  for (int i = 0; i < 70'000; ++i) {
    const auto f = cutter.cut(0, message, 100);
    r.add(f[0].chunk());
    ASSERT_TRUE(r.next().has_value()) << i;
  }
}

}  // namespace
}  // namespace parley::sctp::rx
