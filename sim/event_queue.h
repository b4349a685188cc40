// Virtual time: what happens, in the order of its time and, at the same time, of its scheduling.
// Nothing else moves the clock, so a run depends on its inputs alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/time.h"

namespace parley::sim {

class EventQueue {
 public:
  using Action = std::function<void()>;
  using Id = std::pair<Time, std::uint64_t>;
  // More than this at one instant is a machine that wakes itself for ever: a bug, and it aborts.
  static constexpr std::uint64_t kMaxAtOneInstant = 1'000'000;

  Time now() const { return now_; }
  // A time that has passed means now.
  Id at(Time when, Action action) {
    const Id id{when < now_ ? now_ : when, ++sequence_};
    actions_.emplace(id, std::move(action));
    return id;
  }
  Id after(Duration delay, Action action) { return at(now_ + delay, std::move(action)); }
  void cancel(const Id& id) { actions_.erase(id); }

  bool empty() const { return actions_.empty(); }
  Time next() const { return actions_.empty() ? kNever : actions_.begin()->first.first; }

  // The next event, if there is one.
  bool step() {
    if (actions_.empty()) return false;
    auto node = actions_.extract(actions_.begin());
    atThisInstant_ = node.key().first == now_ ? atThisInstant_ + 1 : 0;
    PARLEY_CHECK(atThisInstant_ < kMaxAtOneInstant);
    now_ = node.key().first;
    node.mapped()();
    return true;
  }
  // Everything up to and including `end`; the clock stands at `end` afterwards.
  void runUntil(Time end) {
    while (next() <= end && step()) {
    }
    if (now_ < end) now_ = end;
  }
  void runFor(Duration span) { runUntil(now_ + span); }
  // Until `done`, or until `end`; whether done.
  template <class Done>
  bool runUntil(Time end, Done&& done) {
    while (!done()) {
      if (next() > end) {
        if (now_ < end) now_ = end;
        return done();
      }
      step();
    }
    return true;
  }

 private:
  Time now_{};
  std::uint64_t sequence_ = 0;
  std::uint64_t atThisInstant_ = 0;
  std::map<Id, Action> actions_;
};

// One alarm that can be set again; the owner of an object that others call back by time.
class Alarm {
 public:
  Alarm(EventQueue& events, EventQueue::Action action)
      : events_(events), action_(std::move(action)) {}
  ~Alarm() { stop(); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // kNever stops it.
  void set(Time when) {
    if (armed_ && when == wanted_) return;
    stop();
    if (when == kNever) return;
    wanted_ = when;
    armed_ = true;
    id_ = events_.at(when, [this] {
      armed_ = false;
      action_();
    });
  }
  void stop() {
    if (armed_) events_.cancel(id_);
    armed_ = false;
  }

 private:
  EventQueue& events_;
  EventQueue::Action action_;
  EventQueue::Id id_{};
  Time wanted_{};
  bool armed_ = false;
};

}  // namespace parley::sim
