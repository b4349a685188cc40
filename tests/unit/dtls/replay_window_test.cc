#include "dtls/replay_window.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace parley::dtls {
namespace {

TEST(ReplayWindow, takesEachNumberOnce) {
  ReplayWindow w;
  for (const std::uint64_t n : {0u, 1u, 5u, 3u, 2u, 4u, 1000u, 6u}) {
    EXPECT_TRUE(w.isFresh(n)) << n;
    w.accept(n);
    EXPECT_FALSE(w.isFresh(n)) << n;
  }
}

TEST(ReplayWindow, whatIsTooOldCountsAsReplayed) {
  ReplayWindow w;
  w.accept(ReplayWindow::kSpan + 10);
  EXPECT_FALSE(w.isFresh(10));
  EXPECT_TRUE(w.isFresh(11));
}

TEST(ReplayWindow, aFarJumpForgetsAll) {
  ReplayWindow w;
  for (std::uint64_t i = 0; i < 3000; ++i)
    w.accept(i);
  constexpr std::uint64_t kFar = (std::uint64_t{1} << 48) - 1;
  w.accept(kFar);
  EXPECT_FALSE(w.isFresh(kFar));
  for (std::uint64_t i = 1; i < ReplayWindow::kSpan; ++i)
    ASSERT_TRUE(w.isFresh(kFar - i)) << i;
}

// Against a set that remembers everything.
TEST(ReplayWindow, agreesWithAModel) {
  SeededRandom random(7);
  ReplayWindow w;
  std::set<std::uint64_t> seen;
  std::uint64_t highest = 0;
  for (int i = 0; i < 200'000; ++i) {
    const std::uint64_t base = highest > 1500 ? highest - 1500 : 0;
    std::uint64_t n = base + random.below(random.below(50) == 0 ? 5000 : 1510);
    const bool tooOld = !seen.empty() && n + ReplayWindow::kSpan < highest + 1;
    const bool fresh = !tooOld && seen.count(n) == 0;
    ASSERT_EQ(w.isFresh(n), fresh) << i << " " << n << " " << highest;
    if (!fresh) continue;
    w.accept(n);
    seen.insert(n);
    highest = std::max(highest, n);
  }
}

}  // namespace
}  // namespace parley::dtls
