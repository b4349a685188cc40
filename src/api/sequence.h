// Sequence: callbacks of one owner, one after the other, on the shard's thread or on an executor.
// After close() none runs; it waits for one that is running, unless it is called in a callback.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "api/shard.h"
#include "parley/executor.h"

namespace parley::api {

class Sequence : public std::enable_shared_from_this<Sequence> {
 public:
  Sequence(Shard& shard, std::shared_ptr<Executor> executor)
      : shard_(shard), executor_(std::move(executor)) {}

  // Any thread; never runs it within the call. false: closed.
  bool push(std::function<void()> task);
  // What waits is handed back: its owner may still have to answer somebody.
  std::deque<std::function<void()>> close();

 private:
  void run();

  Shard& shard_;
  const std::shared_ptr<Executor> executor_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<std::function<void()>> tasks_;
  bool posted_ = false;
  bool running_ = false;
  bool closed_ = false;
};

}  // namespace parley::api
