#include "driver/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace parley::driver {
namespace {

bool readable(int descriptor, int waitMilliseconds) {
  pollfd p{descriptor, POLLIN, 0};
  return ::poll(&p, 1, waitMilliseconds) == 1;
}

TEST(Mailbox, HandsOverInOrderAndWakes) {
  Mailbox<std::string> box(4);
  EXPECT_FALSE(readable(box.descriptor(), 0));
  EXPECT_TRUE(box.post("one"));
  EXPECT_TRUE(box.post("two"));
  EXPECT_TRUE(readable(box.descriptor(), 0));
  std::vector<std::string> got;
  box.take([&got](std::string&& s) { got.push_back(std::move(s)); });
  EXPECT_EQ(got, (std::vector<std::string>{"one", "two"}));
  EXPECT_FALSE(readable(box.descriptor(), 0));
}

TEST(Mailbox, FullRefusesCountsAndKeepsTheMessage) {
  Mailbox<std::unique_ptr<int>> box(2);
  EXPECT_TRUE(box.post(std::make_unique<int>(1)));
  EXPECT_TRUE(box.post(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(box.post(std::move(third)));
  ASSERT_NE(third, nullptr);  // not moved from: the poster still has it
  EXPECT_EQ(box.refused(), 1u);
  int sum = 0;
  box.take([&sum](std::unique_ptr<int>&& p) { sum += *p; });
  EXPECT_EQ(sum, 3);
  EXPECT_TRUE(box.post(std::move(third)));
}

TEST(Mailbox, PostingWhileTakingWakesAgain) {
  Mailbox<int> box(2);
  box.post(1);
  int taken = 0;
  box.take([&](int) {
    if (++taken < 100) box.post(int{taken});
  });
  while (readable(box.descriptor(), 0)) {
    box.take([&](int) {
      if (++taken < 100) box.post(int{taken});
    });
  }
  EXPECT_EQ(taken, 100);
}

TEST(Mailbox, KeepsEachPostersOrderFromManyThreads) {
  struct Note {
    int poster;
    int number;
  };
  constexpr int kPosters = 4;
  constexpr int kNotes = 5000;
  Mailbox<Note> box(64);
  std::vector<std::thread> threads;
  for (int p = 0; p < kPosters; ++p) {
    threads.emplace_back([&box, p] {
      for (int i = 0; i < kNotes; ++i) {
        while (!box.post(Note{p, i})) {
          std::this_thread::yield();
        }
      }
    });
  }
  std::vector<int> next(kPosters, 0);
  int total = 0;
  bool ordered = true;
  while (total < kPosters * kNotes) {
    ASSERT_TRUE(readable(box.descriptor(), 60'000)) << "a wake-up was lost";
    box.take([&](Note&& n) {
      ordered = ordered && next[static_cast<std::size_t>(n.poster)] == n.number;
      next[static_cast<std::size_t>(n.poster)] = n.number + 1;
      ++total;
    });
  }
  for (std::thread& t : threads) {
    t.join();
  }
  EXPECT_TRUE(ordered);
}

}  // namespace
}  // namespace parley::driver
