#include "driver/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "base/random.h"

namespace parley::driver {
namespace {

constexpr Time kStart{std::chrono::hours{100}};

std::vector<TimerWheel::Key> expired(TimerWheel& wheel, Time now) {
  std::vector<TimerWheel::Key> out;
  wheel.expire(now, [&out](TimerWheel::Key key) { out.push_back(key); });
  return out;
}

TEST(TimerWheel, IdleWheelNeverWakes) {
  TimerWheel wheel(kStart);
  EXPECT_EQ(wheel.next(), kNever);
  wheel.set(3, kStart + 5ms);
  wheel.cancel(3);
  EXPECT_EQ(wheel.next(), kNever);
  EXPECT_TRUE(expired(wheel, kStart + 1h).empty());
}

TEST(TimerWheel, NeverEarlyAndAtMostATickLate) {
  TimerWheel wheel(kStart);
  wheel.set(0, kStart + 7ms + 300us);
  EXPECT_TRUE(expired(wheel, kStart + 7ms + 299us).empty());
  EXPECT_EQ(wheel.next(), kStart + 8ms);
  EXPECT_TRUE(expired(wheel, kStart + 8ms - 1ns).empty());
  EXPECT_EQ(expired(wheel, kStart + 8ms).size(), 1u);
  EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, PastDeadlineIsDueAtTheNextTick) {
  TimerWheel wheel(kStart);
  EXPECT_TRUE(expired(wheel, kStart + 50ms).empty());
  wheel.set(0, kStart);
  EXPECT_EQ(wheel.next(), kStart + 51ms);
  EXPECT_EQ(expired(wheel, kStart + 51ms).size(), 1u);
}

TEST(TimerWheel, SettingAgainMovesTheDeadline) {
  TimerWheel wheel(kStart);
  wheel.set(0, kStart + 10ms);
  wheel.set(0, kStart + 5h);
  EXPECT_EQ(wheel.size(), 1u);
  EXPECT_TRUE(expired(wheel, kStart + 4h).empty());
  wheel.set(0, kStart + 4h + 1ms);
  EXPECT_EQ(expired(wheel, kStart + 4h + 1ms).size(), 1u);
  EXPECT_TRUE(expired(wheel, kStart + 6h).empty());
}

TEST(TimerWheel, WhatIsSetWhileExpiringComesLater) {
  TimerWheel wheel(kStart);
  wheel.set(0, kStart + 1ms);
  int calls = 0;
  wheel.expire(kStart + 1ms, [&](TimerWheel::Key key) {
    ++calls;
    wheel.set(key, kStart);
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(expired(wheel, kStart + 2ms).size(), 1u);
}

TEST(TimerWheel, WhatIsCancelledWhileExpiringDoesNotCome) {
  TimerWheel wheel(kStart);
  wheel.set(0, kStart + 1ms);
  wheel.set(1, kStart + 1ms);
  int calls = 0;
  wheel.expire(kStart + 1ms, [&](TimerWheel::Key key) {
    ++calls;
    wheel.cancel(1 - key);
  });
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(wheel.size(), 0u);
}

// Deadlines in ticks, the plain way.
class Model {
 public:
  void set(TimerWheel::Key key, std::int64_t tick) {
    due_[key] = tick > current_ ? tick : current_ + 1;
  }
  void cancel(TimerWheel::Key key) { due_.erase(key); }
  std::set<TimerWheel::Key> expire(std::int64_t tick) {
    if (tick > current_) current_ = tick;
    std::set<TimerWheel::Key> out;
    for (auto it = due_.begin(); it != due_.end();) {
      if (it->second <= current_) {
        out.insert(it->first);
        it = due_.erase(it);
      } else {
        ++it;
      }
    }
    return out;
  }
  std::int64_t earliest() const {
    std::int64_t best = INT64_MAX;
    for (const auto& [key, tick] : due_) {
      best = std::min(best, tick);
    }
    return best;
  }
  std::size_t size() const { return due_.size(); }

 private:
  std::map<TimerWheel::Key, std::int64_t> due_;
  std::int64_t current_ = 0;
};

class TimerWheelModel : public testing::TestWithParam<std::uint64_t> {};

TEST_P(TimerWheelModel, AgreesWithAListOfDeadlines) {
  SeededRandom random(GetParam());
  TimerWheel wheel(kStart);
  Model model;
  Time now = kStart;
  const auto span = [&random] {
    // All magnitudes alike, up to eight days: every level and what lies beyond the last.
    const auto bits = random.below(30);
    return std::chrono::microseconds{
        static_cast<std::int64_t>(random.below((std::uint64_t{1000} << bits) / 700 + 1))};
  };
  for (int step = 0; step < 4000; ++step) {
    const auto key = static_cast<TimerWheel::Key>(random.below(50));
    const std::uint64_t what = random.below(10);
    if (what < 6) {
      const Time deadline = now + span() - 1ms;
      const auto since = deadline - kStart;
      wheel.set(key, deadline);
      model.set(key, since <= Duration::zero() ? 0 : (since + 1ms - 1ns) / 1ms);
    } else if (what == 6) {
      wheel.cancel(key);
      model.cancel(key);
    } else {
      now += span();
      // Waking when the wheel says so must never be too late.
      const std::int64_t earliest = model.earliest();
      if (earliest != INT64_MAX) {
        ASSERT_LE(wheel.next(), kStart + earliest * TimerWheel::kTick);
      }
      const auto keys = expired(wheel, now);
      ASSERT_EQ(std::set<TimerWheel::Key>(keys.begin(), keys.end()),
                model.expire((now - kStart) / 1ms))
          << "seed " << GetParam() << " step " << step;
      ASSERT_EQ(wheel.size(), model.size());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelModel, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace parley::driver
