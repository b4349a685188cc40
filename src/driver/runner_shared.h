// What the engines of one loop share: the buffers that trains are received into and written to, the
// numbers of links, and who still has to be drained in this round. One a loop, so that an engine
// without traffic costs its own state and its sockets, nothing more.
//
// Its owner is the loop's RoundHandler and calls endRound() there.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "driver/loop.h"
#include "driver/stream.h"
#include "driver/udp_receiver.h"
#include "driver/udp_sender.h"
#include "net/transmit_batch.h"

namespace parley::driver {

class RunnerShared {
 public:
  static constexpr std::size_t kArenaBytes = 256 * 1024;
  static constexpr std::size_t kArenaTrains = 256;

  // Something with work for the end of the round.
  class Task {
   public:
    virtual ~Task() = default;
    virtual void runAtRoundEnd() = 0;

   private:
    friend class RunnerShared;
    bool queued_ = false;
  };

  explicit RunnerShared(Loop& loop)
      : loop_(loop),
        arena_(new std::uint8_t[kArenaBytes]),
        items_(kArenaTrains),
        batch_({arena_.get(), kArenaBytes}, items_) {}

  Loop& loop() { return loop_; }
  UdpReceiver& receiver() { return receiver_; }
  UdpSender& sender() { return sender_; }
  StreamBuffers& streamBuffers() { return streamBuffers_; }
  TransmitBatch& batch() { return batch_; }  // empty between drains
  LinkId nextLink() { return LinkId{++lastLink_}; }

  // Once a round, however often it is asked for.
  void atRoundEnd(Task& task) {
    if (!std::exchange(task.queued_, true)) tasks_.push_back(&task);
  }
  void cancel(Task& task) {
    if (!std::exchange(task.queued_, false)) return;
    for (Task*& t : tasks_)
      if (t == &task) t = nullptr;
  }
  // Destroys it when nobody stands in its functions any more: at the end of the round.
  template <class T>
  void bury(std::unique_ptr<T> dead) {
    if (dead != nullptr) dead_.emplace_back(std::move(dead));
  }

  void endRound() {
    // By index: a task may ask for others, and be cancelled by others.
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      Task* const task = tasks_[i];
      if (task == nullptr) continue;
      task->queued_ = false;
      tasks_[i] = nullptr;
      task->runAtRoundEnd();
    }
    tasks_.clear();
    // What is destroyed may bury more.
    while (!dead_.empty())
      std::exchange(dead_, {}).clear();
  }

 private:
  Loop& loop_;
  UdpReceiver receiver_;
  UdpSender sender_;
  StreamBuffers streamBuffers_;
  std::unique_ptr<std::uint8_t[]> arena_;  // not initialised: untouched pages cost nothing
  std::vector<Transmit> items_;
  TransmitBatch batch_;
  std::uint64_t lastLink_ = 0;
  std::vector<Task*> tasks_;
  std::vector<std::shared_ptr<void>> dead_;
};

}  // namespace parley::driver
