#include "sim/event_queue.h"

#include <gtest/gtest.h>

#include <vector>

namespace parley::sim {
namespace {

TEST(EventQueue, runsByTimeThenByScheduling) {
  EventQueue q;
  std::vector<int> order;
  q.after(2s, [&] { order.push_back(3); });
  q.after(1s, [&] {
    order.push_back(1);
    q.at(Time{}, [&] { order.push_back(2); });  // the past is now
  });
  q.after(2s, [&] { order.push_back(4); });
  q.runUntil(Time{2s});
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
  EXPECT_EQ(q.now(), Time{2s});
  EXPECT_TRUE(q.empty());
  EXPECT_FALSE(q.step());
}

TEST(EventQueue, stopsAtTheEndOrWhenDone) {
  EventQueue q;
  int n = 0;
  for (int i = 1; i <= 10; ++i)
    q.after(std::chrono::seconds{i}, [&] { ++n; });
  EXPECT_TRUE(q.runUntil(Time{8s}, [&] { return n == 3; }));
  EXPECT_EQ(q.now(), Time{3s});
  EXPECT_FALSE(q.runUntil(Time{5500ms}, [&] { return n == 9; }));
  EXPECT_EQ(q.now(), Time{5500ms});
  q.runFor(500ms);
  EXPECT_EQ(n, 6);
}

TEST(EventQueue, cancels) {
  EventQueue q;
  int n = 0;
  const auto id = q.after(1s, [&] { ++n; });
  q.cancel(id);
  q.runFor(2s);
  EXPECT_EQ(n, 0);
  EXPECT_EQ(q.next(), kNever);
}

TEST(Alarm, ringsOnceAtTheLastTimeSet) {
  EventQueue q;
  std::vector<Time> rung;
  Alarm alarm(q, [&] { rung.push_back(q.now()); });
  alarm.set(Time{1s});
  alarm.set(Time{3s});
  alarm.set(Time{2s});
  q.runFor(5s);
  EXPECT_EQ(rung, std::vector<Time>{Time{2s}});
  alarm.set(Time{6s});
  alarm.set(kNever);
  q.runFor(5s);
  EXPECT_EQ(rung.size(), 1u);
  {
    Alarm gone(q, [&] { rung.clear(); });
    gone.set(Time{11s});
  }
  q.runFor(5s);
  EXPECT_EQ(rung.size(), 1u);
}

TEST(EventQueueDeathTest, aMachineThatWakesItselfForEverIsABug) {
  EXPECT_DEATH(
      {
        EventQueue q;
        Alarm* again = nullptr;
        Alarm alarm(q, [&] { again->set(q.now()); });
        again = &alarm;
        alarm.set(Time{1s});
        q.runFor(2s);
      },
      "kMaxAtOneInstant");
}

}  // namespace
}  // namespace parley::sim
