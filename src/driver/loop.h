// One thread's event loop: descriptors, timers, and nothing else. A shard is one loop, its sockets
// and its engines. All member functions but stop() belong to the thread that runs it.
//
// Time is read once a round: everything in a round happens at the same now().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "driver/clock.h"
#include "driver/descriptor.h"
#include "driver/timer_wheel.h"
#include "driver/wakeup.h"

namespace parley::driver {

// What a descriptor is ready for, or is watched for.
struct Ready {
  bool readable = false;
  bool writable = false;
  bool failed = false;  // error or hang-up; always watched. Read to learn which

  friend bool operator==(const Ready&, const Ready&) = default;
};
inline constexpr Ready kReadable{true, false, false};
inline constexpr Ready kWritable{false, true, false};
inline constexpr Ready kBoth{true, true, false};

class Loop {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    virtual void handleReady(Ready ready) = 0;
  };
  class TimerHandler {
   public:
    virtual ~TimerHandler() = default;
    virtual void handleTimer() = 0;
  };
  // Called at the end of each round, when all that was ready has been handled.
  class RoundHandler {
   public:
    virtual ~RoundHandler() = default;
    virtual void handleRoundEnd() = 0;
  };

  // Names a watched descriptor. Unwatching is safe at any time, also from a handler: news of the
  // same round for it are dropped.
  struct Watch {
    std::uint32_t slot = UINT32_MAX;
    std::uint32_t generation = 0;
    explicit operator bool() const { return slot != UINT32_MAX; }
  };
  using Timer = TimerWheel::Key;

  // Tests give a clock of their own; it may jump ahead, but the loop waits in real time.
  using Clock = Time (*)();
  static Result<std::unique_ptr<Loop>> make(Clock clock = readClock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The descriptor stays the caller's, who unwatches before closing it. Level-triggered.
  Result<Watch> watch(int descriptor, Ready interest, Handler& handler);
  void change(Watch watch, Ready interest);
  void unwatch(Watch& watch);

  Timer addTimer(TimerHandler& handler);
  void removeTimer(Timer timer);
  void setTimer(Timer timer, Time deadline);  // kNever: off

  void setRoundHandler(RoundHandler* handler) { roundHandler_ = handler; }

  Time now() const { return now_; }
  void run();                   // until stop()
  void runOnce(Duration wait);  // one round, waiting at most so long
  void stop();                  // any thread

 private:
  Loop(Descriptor poller, Clock clock);
  struct Slot {
    Handler* handler = nullptr;
    int descriptor = -1;
    std::uint32_t generation = 0;
    Ready interest;
  };
  bool alive(Watch watch) const {
    return watch.slot < slots_.size() && slots_[watch.slot].handler != nullptr &&
           slots_[watch.slot].generation == watch.generation;
  }
  void round(Time until);

  Descriptor poller_;
  Clock clock_;
  Wakeup stopWakeup_;
  std::atomic<bool> stopping_{false};
  Time now_;
  TimerWheel wheel_;
  RoundHandler* roundHandler_ = nullptr;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> freeSlots_;
  std::vector<TimerHandler*> timers_;
  std::vector<Timer> freeTimers_;
};

}  // namespace parley::driver
