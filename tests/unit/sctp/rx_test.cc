// The data tracker against a plain set, the policy of SACKs, the table of keys.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "sctp/rx/data_tracker.h"
#include "sctp/rx/key_map.h"
#include "sctp/rx/receive_rounds.h"
#include "sctp/rx/sack_policy.h"

namespace parley::sctp::rx {
namespace {

using Verdict = DataTracker::Verdict;

TEST(DataTracker, agreesWithASet) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    const Tsn initial{static_cast<std::uint32_t>(UINT32_MAX - random.below(300))};  // it wraps
    DataTracker tracker(initial);
    std::set<std::uint32_t> got;   // offsets from the initial TSN
    std::uint32_t cumulative = 0;  // the first offset missing
    for (int i = 0; i < 2000; ++i) {
      if (random.below(40) == 0) {
        const auto forward = static_cast<std::uint32_t>(cumulative + random.below(20));
        EXPECT_EQ(tracker.forwardTo(initial + forward), forward >= cumulative);
        for (std::uint32_t o = 0; o <= forward; ++o)
          got.insert(o);
      } else {
        const auto offset =
            static_cast<std::uint32_t>((cumulative > 10 ? cumulative - 10 : 0) + random.below(60));
        const Tsn tsn = initial + offset;
        ASSERT_EQ(tracker.judge(tsn), got.count(offset) ? Verdict::Duplicate : Verdict::New);
        if (tracker.judge(tsn) == Verdict::New) tracker.observe(tsn);
        got.insert(offset);
      }
      while (got.count(cumulative))
        ++cumulative;
      ASSERT_EQ(tracker.cumulative(), initial + cumulative + UINT32_MAX);
      ASSERT_EQ(tracker.hasGap(), *got.rbegin() > cumulative);
      std::array<GapBlock, 64> blocks;
      const std::size_t n = tracker.gaps(blocks);
      std::set<std::uint32_t> told;
      for (std::size_t b = 0; b < n; ++b) {
        ASSERT_LE(blocks[b].start, blocks[b].end);
        ASSERT_TRUE(b == 0 || blocks[b].start > blocks[b - 1].end + 1);
        for (std::uint32_t o = blocks[b].start; o <= blocks[b].end; ++o)
          told.insert(cumulative - 1 + o);
      }
      const std::set<std::uint32_t> beyond(got.upper_bound(cumulative), got.end());
      ASSERT_EQ(told, beyond) << "seed " << seed;
    }
  }
}

TEST(DataTracker, refusesWhatAGapBlockCannotSay) {
  DataTracker tracker(Tsn{1});
  EXPECT_EQ(tracker.judge(Tsn{65'535}), Verdict::New);
  EXPECT_EQ(tracker.judge(Tsn{65'536}), Verdict::Refused);
  EXPECT_EQ(tracker.judge(Tsn{0}), Verdict::Duplicate);
  EXPECT_EQ(tracker.judge(Tsn{0x80000000}), Verdict::Duplicate);
}

TEST(DataTracker, whenItsRunsAreFullOnlyWhatJoinsOneIsTaken) {
  DataTracker tracker(Tsn{1});
  for (std::uint32_t i = 0; i < DataTracker::kMaxRuns; ++i) {
    ASSERT_EQ(tracker.judge(Tsn{10 + 3 * i}), Verdict::New);
    tracker.observe(Tsn{10 + 3 * i});
  }
  const std::uint32_t end = 10 + 3 * DataTracker::kMaxRuns;
  EXPECT_EQ(tracker.judge(Tsn{end}), Verdict::Refused);
  EXPECT_EQ(tracker.judge(Tsn{3}), Verdict::Refused);
  EXPECT_EQ(tracker.judge(Tsn{11}), Verdict::New);
  EXPECT_EQ(tracker.judge(Tsn{12}), Verdict::New);
  EXPECT_EQ(tracker.judge(Tsn{1}), Verdict::New);
  tracker.observe(Tsn{11});
  tracker.observe(Tsn{12});  // joins two
  EXPECT_EQ(tracker.judge(Tsn{end}), Verdict::New);
}

TEST(SackPolicy, onePerTrainWhenAllIsWell) {
  SackPolicy p;
  for (int i = 0; i < 30; ++i)
    p.onPacket({}, Time{1s});
  EXPECT_FALSE(p.due());
  p.endOfTrain();
  EXPECT_TRUE(p.due());
  EXPECT_FALSE(p.urgent());
  p.onSent();
  EXPECT_FALSE(p.pending());
  EXPECT_EQ(p.nextTimeout(), kNever);
}

TEST(SackPolicy, aSinglePacketWaitsALittle) {
  SackPolicy p;
  p.onPacket({}, Time{1s});
  p.endOfTrain();
  EXPECT_FALSE(p.due());
  EXPECT_TRUE(p.pending());
  EXPECT_EQ(p.nextTimeout(), Time{1s} + SackPolicy::kDelay);
  p.onTimeout(Time{1s} + SackPolicy::kDelay - 1ns);
  EXPECT_FALSE(p.due());
  p.onTimeout(Time{1s} + SackPolicy::kDelay);
  EXPECT_TRUE(p.due());
}

TEST(SackPolicy, everySecondPacketInSlowStartAndAtAGap) {
  for (const bool gap : {true, false}) {
    SackPolicy p;
    p.onPacket({.gap = gap, .slowStart = !gap}, Time{});
    EXPECT_FALSE(p.urgent());
    p.onPacket({.gap = gap, .slowStart = !gap}, Time{});
    EXPECT_TRUE(p.urgent());
  }
  SackPolicy p;
  p.onPacket({.immediate = true}, Time{});
  EXPECT_TRUE(p.due());
}

TEST(ReceiveRounds, growthLooksLikeSlowStartAndSteadyDoesNot) {
  ReceiveRounds r;
  r.setRtt(100ms);
  Time now{10s};
  std::size_t bytes = 10'000;
  for (int round = 0; round < 10; ++round, bytes *= 2) {
    for (int i = 0; i < 10; ++i, now += 10ms)
      r.onData(bytes / 10, now);
    EXPECT_TRUE(r.looksLikeSlowStart());
  }
  for (int i = 0; i < 60; ++i, now += 10ms)
    r.onData(bytes / 10, now);
  EXPECT_FALSE(r.looksLikeSlowStart());
  EXPECT_GT(r.bytesPerRound(), bytes / 2);
  now += 2s;
  r.onData(1000, now);
  EXPECT_TRUE(r.looksLikeSlowStart());
}

TEST(KeyMap, agreesWithAMap) {
  struct Less {
    bool operator()(const Key& a, const Key& b) const {
      return a.message != b.message ? a.message < b.message : a.fragment < b.fragment;
    }
  };
  SeededRandom random(3);
  KeyMap table(random.next64());
  std::map<Key, std::uint32_t, Less> model;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    const Key key{random.below(20), random.below(i < 100'000 ? 200 : 3)};
    const auto it = model.find(key);
    switch (random.below(3)) {
      case 0:
        ASSERT_EQ(table.insert(key, i), it == model.end());
        model.try_emplace(key, i);
        break;
      case 1:
        ASSERT_EQ(table.take(key), it == model.end() ? KeyMap::kNone : it->second);
        if (it != model.end()) model.erase(it);
        break;
      default:
        ASSERT_EQ(table.find(key), it == model.end() ? KeyMap::kNone : it->second);
    }
    ASSERT_EQ(table.size(), model.size());
  }
}

}  // namespace
}  // namespace parley::sctp::rx
