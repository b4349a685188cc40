// When to restart ICE of a member's connection. Pure: states and time go in, decisions come out.
// The times are those of the call page.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/time.h"
#include "parley/peer_connection.h"

namespace parley::room {

class Recovery {
 public:
  enum class Action : std::uint8_t { None, Restart };
  // "disconnected" often heals by itself; this long it may try.
  static constexpr Duration kGrace = 2s;
  // An offer that is never answered brings no further state: look again by ourselves.
  static constexpr Duration kPatience = 10s;

  void handleState(PeerConnectionState state, Time now) {
    switch (state) {
      case PeerConnectionState::Connected:
        attempts_ = 0;
        at_ = kNever;
        break;
      case PeerConnectionState::Disconnected:
        at_ = now + kGrace;
        break;
      case PeerConnectionState::Failed:
        at_ = now + (attempts_ == 0 ? Duration{0} : waitAfter(attempts_));
        break;
      case PeerConnectionState::Closed:
        at_ = kNever;
        break;
      case PeerConnectionState::New:
      case PeerConnectionState::Connecting:
        break;
    }
  }
  Action handleTimeout(Time now) {
    if (now < at_) return Action::None;
    ++attempts_;
    at_ = now + waitAfter(attempts_ + 1) + kPatience;
    return Action::Restart;
  }
  Time nextTimeout() const { return at_; }
  void reset() { *this = {}; }

 private:
  static Duration waitAfter(std::size_t attempts) {
    constexpr std::array<Duration, 6> kRetry = {1s, 2s, 4s, 8s, 15s, 30s};
    return kRetry[std::min(attempts, kRetry.size()) - 1];
  }
  Time at_ = kNever;
  std::size_t attempts_ = 0;
};

}  // namespace parley::room
