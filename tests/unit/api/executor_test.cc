// Callbacks on the program's own executor.
#include <deque>
#include <thread>

#include "pair.h"

namespace parley::test {
namespace {

// Threads that take tasks in turn: callbacks of a connection must not overlap all the same.
class Pool final : public Executor {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this] { run(); });
  }
  ~Pool() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (auto& t : threads_)
      t.join();
  }
  void post(std::function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      task = nullptr;
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;
};

TEST(ExecutorTest, OnAPoolCallbacksKeepTheirOrderAndNeverOverlap) {
  Configuration c = loopback();
  c.executor = std::make_shared<Pool>(4);
  Pair pair(loopback(), c);
  std::atomic<int> inside{0};
  int next = 0;  // not atomic: the sequence is what guards it
  Gate done;
  constexpr int kCount = 5'000;
  pair.takeB = [&](DataChannel channel) {
    channel.onmessage([&](const Message& m) {
      EXPECT_EQ(inside.fetch_add(1), 0);
      EXPECT_EQ(m.text(), std::to_string(next));
      if (++next == kCount) done.up();
      inside.fetch_sub(1);
    });
  };
  pair.open();
  for (int i = 0; i < kCount; ++i) {
    while (!pair.onA.send(std::to_string(i)))
      std::this_thread::yield();
  }
  ASSERT_TRUE(done.wait());
}

TEST(ExecutorTest, ASlowProgramSlowsTheOtherSideDown) {
  Configuration c = loopback();
  const auto queue = std::make_shared<TaskQueue>();
  c.executor = queue;
  Pair pair(loopback(), c);
  std::size_t got = 0;
  DataChannel b;
  pair.b.ondatachannel([&](DataChannel channel) {
    b = channel;
    channel.onmessage([&](const Message& m) { got += m.data.size(); });
  });
  pair.onA = pair.a.createDataChannel("x").value();
  Gate opened;
  pair.onA.onopen([&] { opened.up(); });
  pair.negotiate();
  while (opened.count() == 0) {
    if (queue->run() == 0) std::this_thread::yield();
  }
  // Nobody runs the queue: what is sent must stop somewhere, and arrive when somebody does.
  const auto message = pattern(256 * 1024);
  std::size_t sent = 0;
  int refused = 0;
  while (refused < 2'000) {
    if (pair.onA.send(message)) {
      sent += message.size();
      refused = 0;
    } else {
      ++refused;
      std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    ASSERT_LT(sent, std::size_t{256} << 20) << "memory without bound";
  }
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (got < sent && std::chrono::steady_clock::now() < until) {
    if (queue->run() == 0) std::this_thread::yield();
  }
  EXPECT_EQ(got, sent);
}

TEST(ExecutorTest, NothingRunsOnTheProgramsQueueAfterClose) {
  Configuration c = loopback();
  const auto queue = std::make_shared<TaskQueue>();
  c.executor = queue;
  int called = 0;
  {
    auto pc = PeerConnection::create(c).value();
    pc.onsignalingstatechange([&](SignalingState) { ++called; });
    static_cast<void>(pc.createDataChannel("x").value());
    pc.setLocalDescription().value();
  }
  queue->run();
  EXPECT_EQ(called, 0);
}

}  // namespace
}  // namespace parley::test
