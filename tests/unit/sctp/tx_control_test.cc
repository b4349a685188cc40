// The parts of the sending half that decide how fast and how long: timers, pacing, controllers.
#include <gtest/gtest.h>

#include <cmath>

#include "sctp/tx/controller.h"
#include "sctp/tx/pacer.h"
#include "sctp/tx/rto.h"

namespace parley::sctp::tx {
namespace {

// ---- Timers, pacing, filters

TEST(RtoEstimator, followsTheRfcButForASackHeldBack) {
  RtoEstimator rto;
  EXPECT_EQ(rto.rto(), 1s);
  rto.sample(100ms);
  EXPECT_EQ(rto.srtt(), 100ms);
  EXPECT_EQ(rto.rto(), 300ms);
  for (int i = 0; i < 100; ++i)
    rto.sample(100ms);
  EXPECT_EQ(rto.rto(), 300ms);  // 4 x RTTVAR is far less than what a SACK may wait
  rto.backOff();
  rto.backOff();
  EXPECT_EQ(rto.rto(), 1200ms);
  for (int i = 0; i < 20; ++i)
    rto.backOff();
  EXPECT_EQ(rto.rto(), RtoEstimator::kMaxRto);
  rto.progress();
  EXPECT_EQ(rto.rto(), 300ms);
  EXPECT_EQ(RtoEstimator(40ms).rto(), 320ms);
}

TEST(Pacer, keepsTheRateInShortTrains) {
  Pacer pacer;
  pacer.setRate(10e6);  // 10 kB a millisecond
  Time now{1s};
  std::size_t sent = 0;
  std::size_t longest = 0;
  const Time end = now + 1s;
  while (now < end) {
    std::size_t train = 0;
    while (pacer.allows(now)) {
      pacer.onSent(1'000, 1'160, now);
      train += 1'000;
    }
    sent += train;
    longest = std::max(longest, train);
    ASSERT_GT(pacer.due(), now);
    now = pacer.due();
  }
  EXPECT_NEAR(static_cast<double>(sent), 10e6, 0.02e6);
  EXPECT_LE(longest, 12'000u);  // one millisecond of the rate, and the packet that is over
}

TEST(Pacer, slowRatesSendTwoPacketsAtOnceAtMost) {
  Pacer pacer;
  pacer.setRate(10e3);
  Time now{1s};
  int train = 0;
  for (; pacer.allows(now); ++train)
    pacer.onSent(1'000, 1'000, now);
  EXPECT_LE(train, 3);
  EXPECT_GT(pacer.due(), now + 50ms);
}

TEST(MaxFilter, forgetsAfterItsWindow) {
  MaxFilter filter(10);
  filter.update(5, 0);
  filter.update(9, 1);
  for (std::uint64_t t = 2; t <= 11; ++t) {
    filter.update(3, t);
    EXPECT_EQ(filter.best(), 9) << t;
  }
  filter.update(3, 12);
  EXPECT_EQ(filter.best(), 3);
  filter.update(4, 13);
  EXPECT_EQ(filter.best(), 4);
}

// ---- CUBIC

struct CubicRun {
  Cubic cubic{1'148};
  AckEvent e;
  CubicRun() {
    e.now = Time{1s};
    e.srtt = e.rtt = e.minRtt = 100ms;
    e.windowLimited = true;
  }
  // A round trip in which a whole window is acknowledged.
  void round(Duration rtt = 100ms) {
    const std::size_t window = cubic.window();
    e.rtt = rtt;
    for (std::size_t done = 0; done < window; done += 2'296) {
      e.acked = 2'296;
      e.priorDelivered = e.delivered;
      e.delivered += e.acked;
      e.now += rtt * 2'296 / static_cast<Duration::rep>(window);
      cubic.onAck(e);
    }
  }
};

TEST(Cubic, doublesInSlowStartAndFallsToSevenTenths) {
  CubicRun run;
  const std::size_t first = run.cubic.window();
  EXPECT_EQ(first, 10 * 1'148u);
  run.round();
  EXPECT_NEAR(static_cast<double>(run.cubic.window()), 2.0 * static_cast<double>(first), 2'400);
  const std::size_t peak = run.cubic.window();
  run.cubic.onLossEvent(run.e.now);
  EXPECT_NEAR(static_cast<double>(run.cubic.window()), 0.7 * static_cast<double>(peak), 2);
  EXPECT_FALSE(run.cubic.inSlowStart());
}

// RFC 9438 figure 2: back at the peak after K seconds.
TEST(Cubic, isBackAtItsPeakAfterK) {
  CubicRun run;
  for (int i = 0; i < 6; ++i)
    run.round();
  const double peak = static_cast<double>(run.cubic.window()) / 1'148;
  run.cubic.onLossEvent(run.e.now);
  const double k = std::cbrt(peak * 0.3 / 0.4);
  const Time start = run.e.now;
  while (run.e.now < start + Duration{static_cast<std::int64_t>(k * 0.9e9)})
    run.round();
  const double before = static_cast<double>(run.cubic.window()) / 1'148;
  EXPECT_LT(before, peak * 1.02);
  EXPECT_GT(before, peak * 0.95);
}

TEST(Cubic, anApplicationThatDoesNotFillTheWindowDoesNotGrowIt) {
  CubicRun run;
  run.e.windowLimited = false;
  const std::size_t before = run.cubic.window();
  for (int i = 0; i < 20; ++i)
    run.round();
  EXPECT_EQ(run.cubic.window(), before);
}

TEST(Cubic, aTimeoutLeavesOnePacketAndUndoBringsItBack) {
  CubicRun run;
  for (int i = 0; i < 3; ++i)
    run.round();
  const std::size_t before = run.cubic.window();
  run.cubic.onTimeout(run.e.now);
  EXPECT_EQ(run.cubic.window(), 1'148u);
  run.cubic.undo();
  EXPECT_EQ(run.cubic.window(), before);
  EXPECT_TRUE(run.cubic.inSlowStart());
}

TEST(Cubic, afterAnIdleTimeTheWindowIsOldNews) {
  CubicRun run;
  for (int i = 0; i < 5; ++i)
    run.round();
  const std::size_t before = run.cubic.window();
  run.cubic.onIdle(700ms, 300ms);
  EXPECT_EQ(run.cubic.window(), before / 4);
  run.cubic.onIdle(1h, 300ms);
  EXPECT_EQ(run.cubic.window(), 10 * 1'148u);
}

}  // namespace
}  // namespace parley::sctp::tx
