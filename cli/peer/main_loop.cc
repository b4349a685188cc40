#include "cli/peer/main_loop.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>
#include <vector>

#include "base/check.h"
#include "server/clock.h"

namespace parley::cli {
namespace {

// A signal's handler can do little more than write a byte.
volatile std::sig_atomic_t gWake = -1;
volatile std::sig_atomic_t gSignals = 0;

void handleSignal(int) {
  gSignals = gSignals + 1;
  const char byte = 's';
  if (::write(gWake, &byte, 1) < 0) return;  // the pipe is full: it will wake anyway
}

void nonBlocking(int descriptor) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

}  // namespace

MainLoop::MainLoop() {
  PARLEY_CHECK(gWake == -1 && ::pipe(wake_) == 0);
  nonBlocking(wake_[0]);
  nonBlocking(wake_[1]);
  gWake = wake_[1];
  gSignals = 0;
  const int wake = wake_[1];
  tasks_ = std::make_shared<TaskQueue>([wake] {
    const char byte = 't';
    if (::write(wake, &byte, 1) < 0) return;
  });
  struct sigaction action {};
  action.sa_handler = handleSignal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

MainLoop::~MainLoop() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  gWake = -1;
  // The queue may outlive us in the library's hands and would write to a stranger's descriptor:
  // the writing end stays open, once a process.
  ::close(wake_[0]);
}

Time MainLoop::now() const {
  return server::now();
}

MainLoop::Timer MainLoop::after(Duration wait, std::function<void()> task) {
  timers_.emplace(now() + wait, std::pair(++lastTimer_, std::move(task)));
  return lastTimer_;
}

void MainLoop::cancel(Timer timer) {
  const auto it = std::find_if(timers_.begin(), timers_.end(),
                               [&](const auto& t) { return t.second.first == timer; });
  if (it != timers_.end()) timers_.erase(it);
}

void MainLoop::watch(int descriptor, std::function<void()> readable) {
  watched_[descriptor] = std::move(readable);
}
void MainLoop::unwatch(int descriptor) {
  watched_.erase(descriptor);
}

void MainLoop::runTimers() {
  while (!code_ && !timers_.empty() && timers_.begin()->first <= now()) {
    auto task = std::move(timers_.begin()->second.second);
    timers_.erase(timers_.begin());
    task();
  }
}

void MainLoop::takeSignal() {
  const int count = std::exchange(gSignals, 0);
  if (count == 0) return;
  if (interrupted_ || count > 1 || !interrupt_) return stop(ExitCode::Interrupted);
  interrupted_ = true;
  interrupt_();
}

void MainLoop::round() {
  std::vector<pollfd> fds{{wake_[0], POLLIN, 0}};
  for (const auto& [descriptor, call] : watched_)
    fds.push_back({descriptor, POLLIN, 0});
  int wait = -1;
  if (!timers_.empty()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first - now()).count();
    wait = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
  ::poll(fds.data(), static_cast<nfds_t>(fds.size()), wait);
  char bytes[64];
  while (::read(wake_[0], bytes, sizeof bytes) > 0) {
  }
  takeSignal();
  tasks_->run();
  runTimers();
  for (std::size_t i = 1; i < fds.size() && !code_; ++i) {
    if (fds[i].revents == 0) continue;
    const auto it = watched_.find(fds[i].fd);
    if (it == watched_.end()) continue;
    const auto call = it->second;  // it may unwatch itself
    call();
  }
}

ExitCode MainLoop::run() {
  while (!code_)
    round();
  return *code_;
}

void MainLoop::stop(ExitCode code) {
  if (!code_) code_ = code;
}

}  // namespace parley::cli
