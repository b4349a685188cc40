// What a member may do (docs/signalling.md section 10), as a small set.
#pragma once

#include <cstdint>

namespace parley::signal {

enum class Right : std::uint8_t {
  Create = 1,  // be the first in a room
  Lock = 2,    // lock and unlock the room
  Relay = 4,   // get TURN credentials
};

class Rights {
 public:
  constexpr Rights() = default;
  static constexpr Rights all() { return Rights{kAll}; }
  static constexpr Rights fromBits(unsigned bits) {
    return Rights{static_cast<std::uint8_t>(bits & kAll)};
  }
  constexpr Rights with(Right r) const {
    return Rights{static_cast<std::uint8_t>(bits_ | static_cast<unsigned>(r))};
  }
  constexpr bool has(Right r) const { return (bits_ & static_cast<unsigned>(r)) != 0; }
  constexpr unsigned bits() const { return bits_; }
  friend constexpr bool operator==(Rights, Rights) = default;

 private:
  static constexpr std::uint8_t kAll = 7;
  constexpr explicit Rights(std::uint8_t bits) : bits_(bits) {}
  std::uint8_t bits_ = 0;
};

}  // namespace parley::signal
