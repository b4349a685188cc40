// Where callbacks run. Without an executor they run on the library's own thread, which is fastest,
// and must then be short: the connections of that thread wait meanwhile. With one, they are posted
// to it, and messages are copied once more.
//
// Whatever an executor does with its tasks, a connection has at most one of them outstanding, so
// that its callbacks never overlap and keep their order, also on a pool of threads.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>

namespace parley {

class Executor {
 public:
  virtual ~Executor() = default;
  // Any thread. Runs the task later, never within this call; may drop it only when it ends.
  virtual void post(std::function<void()> task) = 0;
};

// An executor for programs with a loop of their own: tasks wait until the program runs them.
class TaskQueue final : public Executor {
 public:
  // `wake` is called from any thread when the queue was empty and is not any more: to wake the
  // program's loop. It must not call run().
  explicit TaskQueue(std::function<void()> wake = nullptr) : wake_(std::move(wake)) {}

  void post(std::function<void()> task) override {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = tasks_.empty();
      tasks_.push_back(std::move(task));
    }
    if (first && wake_) wake_();
  }
  // Runs what waits now, and returns how many tasks that were.
  std::size_t run() {
    std::deque<std::function<void()>> tasks;
    {
      const std::lock_guard lock(mutex_);
      tasks.swap(tasks_);
    }
    for (auto& task : tasks)
      task();
    return tasks.size();
  }

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
};

}  // namespace parley
