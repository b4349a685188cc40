// Events that wait for pollEvent(), in order. Grows as it must: what can be outside of its owner's
// control (messages) never waits in here. Gives its memory back when it is empty.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "peer/events.h"

namespace parley::peer {

class EventQueue {
 public:
  void push(PeerEvent event) { events_.push_back(std::move(event)); }
  std::optional<PeerEvent> pop() {
    if (next_ == events_.size()) return std::nullopt;
    std::optional<PeerEvent> event{std::move(events_[next_++])};
    if (next_ == events_.size()) {
      events_ = {};
      next_ = 0;
    }
    return event;
  }
  bool empty() const { return next_ == events_.size(); }

 private:
  std::vector<PeerEvent> events_;
  std::size_t next_ = 0;
};

}  // namespace parley::peer
