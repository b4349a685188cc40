// Shard: one thread, its loop, and what the connections on it share: receive and send buffers, the
// list of interfaces.
//
// A connection lives on one shard. Other threads hand it work by its own outbox and wake(); many
// wakes before the shard gets to it are one. Tasks are for what is no connection (rooms).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "driver/interfaces.h"
#include "driver/loop.h"
#include "driver/resolver.h"
#include "driver/runner_shared.h"
#include "driver/wakeup.h"

namespace parley::api {

class MdnsHost;

// What a shard runs when it was woken for it.
class ShardMember {
 public:
  virtual ~ShardMember() = default;
  virtual void runOnShard() = 0;
};

class Shard final : private driver::Loop::Handler, private driver::Loop::RoundHandler {
 public:
  Shard();
  ~Shard() override;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Any thread. On the shard's own the member runs at the end of the round.
  void wake(std::shared_ptr<ShardMember> member);
  void post(std::function<void()> task);
  bool isCurrent() const { return std::this_thread::get_id() == thread_.get_id(); }
  // Ends the thread, or leaves it alone when it is the caller's.
  void stop();

  // The shard's thread only.
  driver::Loop& loop() { return *loop_; }
  Time now() const { return loop_->now(); }
  driver::RunnerShared& shared() { return *shared_; }
  driver::Resolver& resolver();
  MdnsHost& mdns();
  // As of a few seconds ago at most.
  const std::vector<driver::Interface>& interfaces();

 private:
  void handleReady(driver::Ready ready) override;
  void handleRoundEnd() override;

  static constexpr Duration kInterfacesKept = 2s;

  std::unique_ptr<driver::Loop> loop_;
  driver::Wakeup wakeup_;
  driver::Loop::Watch watch_;
  std::unique_ptr<driver::RunnerShared> shared_;
  std::unique_ptr<driver::Resolver> resolver_;
  std::unique_ptr<MdnsHost> mdns_;
  std::vector<driver::Interface> interfaces_;
  Time interfacesAt_{};
  bool interfacesKnown_ = false;

  std::mutex mutex_;
  std::vector<std::shared_ptr<ShardMember>> woken_;  // guarded by mutex_
  std::vector<std::function<void()>> tasks_;         // guarded by mutex_
  std::vector<std::shared_ptr<ShardMember>> running_;
  std::vector<std::function<void()>> runningTasks_;
  std::thread thread_;
};

// Whether this thread is running a callback of the library, for the length of a scope.
class CallbackScope {
 public:
  CallbackScope();
  ~CallbackScope();
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;
  static bool active();
};

}  // namespace parley::api
