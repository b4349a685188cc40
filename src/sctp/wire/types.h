// The numbers of SCTP as types that do not mix: serial numbers with the arithmetic of RFC 1982 (as
// RFC 9260 section 1.6 wants it), stream and payload identifiers.
//
// Order of serial numbers is defined for two that are less than half their space apart, which every
// caller makes sure of by bounding its window.
#pragma once

#include <cstdint>
#include <functional>
#include <type_traits>

#include "base/strong_id.h"

namespace parley::sctp {

// A counter that wraps. `a < b` says that b comes later; `b - a` is how much later (it wraps, too).
template <class Tag, class Rep>
class Serial {
 public:
  using rep = Rep;
  constexpr Serial() = default;
  constexpr explicit Serial(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }

  constexpr Serial next() const { return *this + 1; }
  constexpr Serial previous() const { return Serial(static_cast<Rep>(value_ - 1)); }
  constexpr Serial& operator++() { return *this = next(); }

  friend constexpr Serial operator+(Serial a, Rep n) {
    return Serial(static_cast<Rep>(a.value_ + n));
  }
  friend constexpr Rep operator-(Serial a, Serial b) {
    return static_cast<Rep>(a.value_ - b.value_);
  }
  friend constexpr bool operator==(Serial, Serial) = default;
  friend constexpr bool operator<(Serial a, Serial b) {
    return static_cast<std::make_signed_t<Rep>>(a - b) < 0;
  }
  friend constexpr bool operator>(Serial a, Serial b) { return b < a; }
  friend constexpr bool operator<=(Serial a, Serial b) { return !(b < a); }
  friend constexpr bool operator>=(Serial a, Serial b) { return !(a < b); }

 private:
  Rep value_{};
};

using Tsn = Serial<struct TsnTag, std::uint32_t>;
using Ssn = Serial<struct SsnTag, std::uint16_t>;              // stream sequence number of DATA
using Mid = Serial<struct MidTag, std::uint32_t>;              // message identifier of I-DATA
using ReconfigSn = Serial<struct ReconfigTag, std::uint32_t>;  // RFC 6525 section 4.1

using StreamId = StrongId<struct StreamIdTag, std::uint16_t>;
using Ppid = StrongId<struct PpidTag, std::uint32_t>;
using VerificationTag = StrongId<struct VerificationTagTag, std::uint32_t>;

// Identifiers 0 to 65,534: 65,535 is not a data channel's (RFC 8832 section 6).
inline constexpr std::uint16_t kMaxStreams = 65'535;

}  // namespace parley::sctp

template <class Tag, class Rep>
struct std::hash<parley::sctp::Serial<Tag, Rep>> {
  std::size_t operator()(parley::sctp::Serial<Tag, Rep> n) const noexcept {
    return std::hash<Rep>{}(n.value());
  }
};
