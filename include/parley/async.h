// Async<T>: a result that is not there yet. Three ways to have it, all safe from any thread:
//
//   Expected<T> r = async.get();                        // waits
//   async.then([](Expected<T> r) { … });                // calls, on the executor of its handle
//   Expected<T> r = co_await async;                     // in a C++20 coroutine
//
// Take the result once. In a callback of the library, which runs on the library's own thread
// unless there is an executor, get() could wait for itself: there it gives InvalidStateError at
// once when the result is not ready. A handle that closes completes what waits for it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "parley/error.h"

namespace parley {

namespace detail {

bool onLibraryThread();  // whether this thread is one that runs connections

template <class T>
class AsyncState {
 public:
  using Callback = std::function<void(Expected<T>)>;
  // Runs what it is given where the callbacks of the handle run.
  using Runner = std::function<void(std::function<void()>)>;

  explicit AsyncState(Runner runner = nullptr) : runner_(std::move(runner)) {}

  // The first one counts.
  void complete(Expected<T> result) {
    Callback callback;
    {
      const std::lock_guard lock(mutex_);
      if (result_ || done_) return;
      done_ = true;
      if (callback_) {
        callback = std::move(callback_);
      } else {
        result_.emplace(std::move(result));
      }
      ready_.notify_all();
    }
    if (!callback) return;
    if (!runner_) return callback(std::move(result));
    auto shared = std::make_shared<Expected<T>>(std::move(result));
    runner_([callback = std::move(callback), shared] { callback(std::move(*shared)); });
  }
  bool ready() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  bool waitUntil(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(mutex_);
    return ready_.wait_until(lock, until, [&] { return done_; });
  }
  Expected<T> get() {
    std::unique_lock lock(mutex_);
    if (!done_ && onLibraryThread()) {
      return RtcError{ErrorName::InvalidStateError, "waiting on the library's own thread"};
    }
    ready_.wait(lock, [&] { return done_; });
    if (!result_) return taken();
    Expected<T> out = std::move(*result_);
    result_.reset();
    return out;
  }
  void then(Callback callback) {
    std::optional<Expected<T>> now;
    {
      const std::lock_guard lock(mutex_);
      if (!done_) {
        callback_ = std::move(callback);
        return;
      }
      if (result_) {
        now.emplace(std::move(*result_));
        result_.reset();
      } else {
        now.emplace(taken());
      }
    }
    callback(std::move(*now));
  }

 private:
  static Expected<T> taken() {
    return RtcError{ErrorName::InvalidStateError, "the result was taken already"};
  }
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::optional<Expected<T>> result_;
  Callback callback_;
  const Runner runner_;
  bool done_ = false;
};

}  // namespace detail

template <class T>
class [[nodiscard]] Async {
 public:
  explicit Async(std::shared_ptr<detail::AsyncState<T>> state) : state_(std::move(state)) {}

  bool ready() const { return state_->ready(); }
  Expected<T> get() { return state_->get(); }
  // Whether it is there by then.
  template <class Rep, class Period>
  bool waitFor(std::chrono::duration<Rep, Period> time) {
    return state_->waitUntil(std::chrono::steady_clock::now() +
                             std::chrono::duration_cast<std::chrono::steady_clock::duration>(time));
  }
  // At once, on this thread, when the result is there.
  void then(std::function<void(Expected<T>)> callback) { state_->then(std::move(callback)); }
  // The result is not wanted; what was begun goes on.
  void ignore() const {}

  bool await_ready() const { return state_->ready(); }
  template <class Coroutine>
  void await_suspend(Coroutine coroutine) {
    // Through a second state: the result must be there for await_resume().
    auto waiting = std::exchange(state_, std::make_shared<detail::AsyncState<T>>());
    waiting->then([mine = state_, coroutine](Expected<T> result) mutable {
      mine->complete(std::move(result));
      coroutine.resume();
    });
  }
  Expected<T> await_resume() { return state_->get(); }

 private:
  std::shared_ptr<detail::AsyncState<T>> state_;
};

}  // namespace parley
