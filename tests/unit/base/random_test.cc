#include "base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace parley {
namespace {

TEST(SeededRandom, oneSeedOneRun) {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom c(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto v = a.next64();
    EXPECT_EQ(v, b.next64());
    differs = differs || v != c.next64();
  }
  EXPECT_TRUE(differs);
}

TEST(SeededRandom, belowStaysBelowAndReachesAll) {
  SeededRandom r(1);
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i)
    ++seen.at(r.below(7));
  for (const int n : seen)
    EXPECT_NEAR(n, 1000, 200);
}

TEST(SeededRandom, unitStaysInRange) {
  SeededRandom r(1);
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const double u = r.unit();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.02);
}

}  // namespace
}  // namespace parley
