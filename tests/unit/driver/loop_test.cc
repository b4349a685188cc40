#include "driver/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <thread>

#include "tests/unit/driver/loop_testing.h"

namespace parley::driver {
namespace {

struct Pair {
  Descriptor a, b;
  Pair() {
    int fds[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    a = Descriptor(fds[0]);
    b = Descriptor(fds[1]);
  }
  void poke() const { EXPECT_EQ(::send(b.get(), "x", 1, 0), 1); }
};

class OnReady final : public Loop::Handler {
 public:
  explicit OnReady(std::function<void(Ready)> f) : f_(std::move(f)) {}
  void handleReady(Ready ready) override { f_(ready); }

 private:
  std::function<void(Ready)> f_;
};

class OnTimer final : public Loop::TimerHandler {
 public:
  void handleTimer() override { ++count; }
  int count = 0;
};

TEST(Loop, NewsOfTheSameRoundForAnUnwatchedDescriptorAreDropped) {
  const auto loop = Loop::make().value();
  const Pair one;
  const Pair two;
  Loop::Watch watchOne;
  Loop::Watch watchTwo;
  int calls = 0;
  OnReady first([&](Ready) {
    ++calls;
    loop->unwatch(watchTwo);
  });
  OnReady second([&](Ready) {
    ++calls;
    loop->unwatch(watchOne);
  });
  watchOne = loop->watch(one.a.get(), kReadable, first).value();
  watchTwo = loop->watch(two.a.get(), kReadable, second).value();
  one.poke();
  two.poke();
  loop->runOnce(0ms);
  EXPECT_EQ(calls, 1);  // whichever came first silenced the other
}

TEST(Loop, ASlotUsedAgainDoesNotGetTheNewsOfTheOldOne) {
  const auto loop = Loop::make().value();
  const Pair one;
  const Pair two;
  const Pair three;
  int replaced = 0;
  Loop::Watch watchOne;
  Loop::Watch watchTwo;
  OnReady fresh([&](Ready) { ++replaced; });
  const auto replaceOther = [&](Loop::Watch& other) {
    loop->unwatch(other);
    ASSERT_TRUE(loop->watch(three.a.get(), kReadable, fresh).ok());
  };
  bool done = false;
  OnReady first([&](Ready) {
    if (!std::exchange(done, true)) replaceOther(watchTwo);
  });
  OnReady second([&](Ready) {
    if (!std::exchange(done, true)) replaceOther(watchOne);
  });
  watchOne = loop->watch(one.a.get(), kReadable, first).value();
  watchTwo = loop->watch(two.a.get(), kReadable, second).value();
  one.poke();
  two.poke();
  loop->runOnce(0ms);
  EXPECT_TRUE(done);
  EXPECT_EQ(replaced, 0);
}

TEST(Loop, InterestCanBeChanged) {
  const auto loop = Loop::make().value();
  const Pair pair;
  Ready seen;
  OnReady handler([&](Ready r) { seen = r; });
  const Loop::Watch watch = loop->watch(pair.a.get(), kReadable, handler).value();
  loop->runOnce(0ms);
  EXPECT_EQ(seen, Ready{});
  loop->change(watch, kWritable);
  loop->runOnce(0ms);
  EXPECT_TRUE(seen.writable);
}

TEST(Loop, TimersComeWhenSetAndNotWhenCancelled) {
  const auto loop = Loop::make().value();
  OnTimer soon;
  OnTimer never;
  const Loop::Timer a = loop->addTimer(soon);
  const Loop::Timer b = loop->addTimer(never);
  loop->setTimer(a, loop->now() + 2ms);
  loop->setTimer(b, loop->now() + 1ms);
  loop->setTimer(b, kNever);
  ASSERT_TRUE(runUntil(*loop, [&] { return soon.count == 1; }));
  EXPECT_EQ(never.count, 0);
  loop->removeTimer(a);
  loop->removeTimer(b);
}

TEST(Loop, StopsFromAnotherThread) {
  const auto loop = Loop::make().value();
  std::thread runner([&loop] { loop->run(); });
  loop->stop();
  runner.join();
}

}  // namespace
}  // namespace parley::driver
