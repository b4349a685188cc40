// The one thread of a verb that talks to peers: callbacks of the library (it is their executor),
// timers, descriptors and Ctrl-C, one after the other. So nothing in cli/ needs a lock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/time.h"
#include "cli/exit_code.h"
#include "parley/executor.h"

namespace parley::cli {

class MainLoop {
 public:
  // One a process: takes SIGINT and SIGTERM, and ignores SIGPIPE.
  MainLoop();
  ~MainLoop();
  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;

  std::shared_ptr<Executor> executor() const { return tasks_; }
  // Later on this thread; from any thread.
  void post(std::function<void()> task) { tasks_->post(std::move(task)); }
  Time now() const;

  using Timer = std::uint64_t;
  Timer after(Duration wait, std::function<void()> task);
  void cancel(Timer timer);

  // Calls when the descriptor can be read (or has ended). One watcher a descriptor.
  void watch(int descriptor, std::function<void()> readable);
  void unwatch(int descriptor);

  // Ctrl-C or SIGTERM: the first calls this (or stops with Interrupted when there is none); a
  // second one stops at once.
  void onInterrupt(std::function<void()> call) { interrupt_ = std::move(call); }

  ExitCode run();
  void stop(ExitCode code);
  bool stopping() const { return code_.has_value(); }

 private:
  void round();
  void runTimers();
  void takeSignal();

  int wake_[2] = {-1, -1};
  std::shared_ptr<TaskQueue> tasks_;
  std::multimap<Time, std::pair<Timer, std::function<void()>>> timers_;
  Timer lastTimer_ = 0;
  std::map<int, std::function<void()>> watched_;
  std::function<void()> interrupt_;
  bool interrupted_ = false;
  std::optional<ExitCode> code_;
};

}  // namespace parley::cli
