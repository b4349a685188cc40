#include "api/sequence.h"

namespace parley::api {

bool Sequence::push(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    tasks_.push_back(std::move(task));
    if (posted_) return true;
    posted_ = true;
  }
  auto run = [self = shared_from_this()] { self->run(); };
  if (executor_) {
    executor_->post(std::move(run));
  } else {
    shard_.post(std::move(run));
  }
  return true;
}

void Sequence::run() {
  std::unique_lock lock(mutex_);
  posted_ = false;
  if (running_) return;  // another thread of the executor is at it, and will see what came
  while (!closed_ && !tasks_.empty()) {
    std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    running_ = true;
    lock.unlock();
    {
      const CallbackScope scope;
      task();
      task = nullptr;  // what it holds may be a handle: not under the lock
    }
    lock.lock();
    running_ = false;
    idle_.notify_all();
  }
}

std::deque<std::function<void()>> Sequence::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  std::deque<std::function<void()>> left;
  left.swap(tasks_);
  if (!CallbackScope::active()) idle_.wait(lock, [&] { return !running_; });
  return left;
}

}  // namespace parley::api
