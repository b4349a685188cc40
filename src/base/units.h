// Amounts with their unit in the type: bytes, and bits per second.
#pragma once

#include <compare>
#include <cstdint>

#include "base/time.h"

namespace parley {

class ByteCount {
 public:
  constexpr ByteCount() = default;
  constexpr explicit ByteCount(std::uint64_t bytes) : bytes_(bytes) {}
  static constexpr ByteCount kibi(std::uint64_t n) { return ByteCount{n << 10}; }
  static constexpr ByteCount mebi(std::uint64_t n) { return ByteCount{n << 20}; }
  constexpr std::uint64_t bytes() const { return bytes_; }
  constexpr ByteCount& operator+=(ByteCount o) {
    bytes_ += o.bytes_;
    return *this;
  }
  constexpr ByteCount& operator-=(ByteCount o) {
    bytes_ -= o.bytes_;
    return *this;
  }
  friend constexpr ByteCount operator+(ByteCount a, ByteCount b) { return a += b; }
  friend constexpr ByteCount operator-(ByteCount a, ByteCount b) { return a -= b; }
  friend constexpr auto operator<=>(ByteCount, ByteCount) = default;

 private:
  std::uint64_t bytes_ = 0;
};

class DataRate {
 public:
  constexpr DataRate() = default;
  static constexpr DataRate bitsPerSecond(std::uint64_t n) { return DataRate{n}; }
  static constexpr DataRate bytesPerSecond(std::uint64_t n) { return DataRate{n * 8}; }
  constexpr std::uint64_t bitsPerSecond() const { return bits_; }
  constexpr std::uint64_t bytesPerSecond() const { return bits_ / 8; }
  friend constexpr auto operator<=>(DataRate, DataRate) = default;

 private:
  constexpr explicit DataRate(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

// How long `size` takes at `rate`; rate must not be zero.
constexpr Duration transmissionTime(ByteCount size, DataRate rate) {
  return Duration{static_cast<std::int64_t>(static_cast<double>(size.bytes()) * 8e9 /
                                            static_cast<double>(rate.bitsPerSecond()))};
}

}  // namespace parley
