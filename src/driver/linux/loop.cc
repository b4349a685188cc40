#include "driver/loop.h"

#include <errno.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace parley::driver {
namespace {

constexpr int kEventsARound = 256;
constexpr std::uint64_t kStopTag = UINT64_MAX;

std::uint32_t epollEvents(Ready interest) {
  return (interest.readable ? std::uint32_t{EPOLLIN | EPOLLRDHUP} : 0u) |
         (interest.writable ? std::uint32_t{EPOLLOUT} : 0u);
}

Ready readyFrom(std::uint32_t events) {
  return {(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0, (events & EPOLLOUT) != 0,
          (events & (EPOLLERR | EPOLLHUP)) != 0};
}

// Rounded up: waking early would only mean waking again.
int millisecondsUntil(Time deadline, Time now) {
  if (deadline <= now) return 0;
  if (deadline == kNever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<std::int64_t>(left, 60'000));
}

}  // namespace

Loop::Loop(Descriptor poller, Clock clock)
    : poller_(std::move(poller)), clock_(clock), now_(clock()), wheel_(now_) {}

Loop::~Loop() = default;

Result<std::unique_ptr<Loop>> Loop::make(Clock clock) {
  Descriptor poller(::epoll_create1(EPOLL_CLOEXEC));
  if (!poller) return Error{ErrorCode::System, "make an event loop", errno};
  std::unique_ptr<Loop> loop(new Loop(std::move(poller), clock));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kStopTag;
  if (::epoll_ctl(loop->poller_.get(), EPOLL_CTL_ADD, loop->stopWakeup_.descriptor(), &event) !=
      0) {
    return Error{ErrorCode::System, "make an event loop", errno};
  }
  return loop;
}

Result<Loop::Watch> Loop::watch(int descriptor, Ready interest, Handler& handler) {
  if (freeSlots_.empty()) {
    freeSlots_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = freeSlots_.back();
  Slot& slot = slots_[index];
  epoll_event event{};
  event.events = epollEvents(interest);
  event.data.u64 = (std::uint64_t{slot.generation} << 32) | index;
  if (::epoll_ctl(poller_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    return Error{ErrorCode::System, "watch a descriptor", errno};
  }
  freeSlots_.pop_back();
  slot.handler = &handler;
  slot.descriptor = descriptor;
  slot.interest = interest;
  return Watch{index, slot.generation};
}

void Loop::change(Watch watch, Ready interest) {
  PARLEY_CHECK(alive(watch));
  Slot& slot = slots_[watch.slot];
  if (slot.interest == interest) return;
  slot.interest = interest;
  epoll_event event{};
  event.events = epollEvents(interest);
  event.data.u64 = (std::uint64_t{watch.generation} << 32) | watch.slot;
  PARLEY_CHECK(::epoll_ctl(poller_.get(), EPOLL_CTL_MOD, slot.descriptor, &event) == 0);
}

void Loop::unwatch(Watch& watch) {
  if (!alive(watch)) return;
  Slot& slot = slots_[watch.slot];
  ::epoll_ctl(poller_.get(), EPOLL_CTL_DEL, slot.descriptor, nullptr);
  slot.handler = nullptr;
  slot.descriptor = -1;
  ++slot.generation;
  freeSlots_.push_back(watch.slot);
  watch = {};
}

Loop::Timer Loop::addTimer(TimerHandler& handler) {
  if (freeTimers_.empty()) {
    freeTimers_.push_back(static_cast<Timer>(timers_.size()));
    timers_.push_back(nullptr);
  }
  const Timer timer = freeTimers_.back();
  freeTimers_.pop_back();
  timers_[timer] = &handler;
  return timer;
}

void Loop::removeTimer(Timer timer) {
  PARLEY_CHECK(timer < timers_.size() && timers_[timer] != nullptr);
  wheel_.cancel(timer);
  timers_[timer] = nullptr;
  freeTimers_.push_back(timer);
}

void Loop::setTimer(Timer timer, Time deadline) {
  wheel_.set(timer, deadline);
}

void Loop::run() {
  while (!stopping_.load(std::memory_order_acquire)) {
    round(kNever);
  }
}

void Loop::runOnce(Duration wait) {
  round(clock_() + wait);
}

void Loop::round(Time until) {
  std::array<epoll_event, kEventsARound> events;
  now_ = clock_();
  const int wait = millisecondsUntil(std::min(until, wheel_.next()), now_);
  const int n = ::epoll_wait(poller_.get(), events.data(), kEventsARound, wait);
  PARLEY_CHECK(n >= 0 || errno == EINTR);
  now_ = clock_();
  wheel_.expire(now_, [this](Timer timer) {
    if (timers_[timer] != nullptr) timers_[timer]->handleTimer();
  });
  for (int i = 0; i < n; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kStopTag) {
      stopWakeup_.consume();
      continue;
    }
    const Watch watch{static_cast<std::uint32_t>(event.data.u64),
                      static_cast<std::uint32_t>(event.data.u64 >> 32)};
    if (alive(watch)) slots_[watch.slot].handler->handleReady(readyFrom(event.events));
  }
  if (roundHandler_ != nullptr) roundHandler_->handleRoundEnd();
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_release);
  stopWakeup_.signal();
}

}  // namespace parley::driver
