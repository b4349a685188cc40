#include "parley/async.h"

#include <coroutine>
#include <thread>

#include "pair.h"

namespace parley::test {
namespace {

TEST(AsyncTest, GetWaits) {
  auto state = std::make_shared<detail::AsyncState<int>>();
  Async<int> async(state);
  EXPECT_FALSE(async.ready());
  EXPECT_FALSE(async.waitFor(std::chrono::milliseconds(0)));
  std::thread other([&] { state->complete(7); });
  EXPECT_EQ(async.get().value(), 7);
  other.join();
  EXPECT_FALSE(async.get()) << "a result is taken once";
}

TEST(AsyncTest, ThenIsCalledOnceBeforeOrAfter) {
  auto state = std::make_shared<detail::AsyncState<int>>();
  int got = 0;
  Async<int>(state).then([&](Expected<int> r) { got += *r; });
  state->complete(5);
  state->complete(6);
  EXPECT_EQ(got, 5);
  auto ready = std::make_shared<detail::AsyncState<int>>();
  ready->complete(RtcError(ErrorName::AbortError, "x"));
  bool failed = false;
  Async<int>(ready).then([&](Expected<int> r) { failed = !r; });
  EXPECT_TRUE(failed);
}

#if defined(__cpp_impl_coroutine)
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

TEST(AsyncTest, CanBeAwaited) {
  auto state = std::make_shared<detail::AsyncState<int>>();
  int got = 0;
  const auto run = [](std::shared_ptr<detail::AsyncState<int>> s, int& out) -> Task {
    out = (co_await Async<int>(s)).value();
  };
  run(state, got);
  EXPECT_EQ(got, 0);
  state->complete(9);
  EXPECT_EQ(got, 9);
}
#endif

TEST(AsyncTest, WaitingInACallbackOfTheLibrarySaysSoInsteadOfForever) {
  Pair pair;
  Gate told;
  pair.takeB = [&](DataChannel) {
    const auto stats = pair.b.getStats().get();
    EXPECT_FALSE(stats);
    if (!stats) {
      EXPECT_EQ(stats.error().name, ErrorName::InvalidStateError);
    }
    pair.b.getStats().then([&](Expected<StatsReport> r) {
      EXPECT_TRUE(r);
      told.up();
    });
  };
  pair.open();
  ASSERT_TRUE(told.wait());
}

TEST(AsyncTest, AnErrorIsAnExceptionOnlyWhereItIsAskedFor) {
  const Expected<int> bad = RtcError(ErrorName::NetworkError, "gone");
  EXPECT_FALSE(bad);
  EXPECT_EQ(bad.error().describe(), "NetworkError: gone");
  EXPECT_THROW(static_cast<void>(bad.value()), RtcException);
}

}  // namespace
}  // namespace parley::test
