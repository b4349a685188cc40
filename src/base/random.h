// Randomness is injected: production passes crypto::SystemRandom, a simulation passes
// SeededRandom so that a seed gives the same run byte for byte.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

namespace parley {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void fill(Bytes out) = 0;

  std::uint64_t next64() {
    std::array<std::uint8_t, 8> b{};
    fill(b);
    return loadBe64(b.data());
  }
  std::uint32_t next32() { return static_cast<std::uint32_t>(next64() >> 32); }
  // Uniform in [0, bound), bound > 0; rejection keeps it unbiased.
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    std::uint64_t v = next64();
    while (v >= limit)
      v = next64();
    return v % bound;
  }
  // Uniform in [0, 1).
  double unit() { return static_cast<double>(next64() >> 11) * 0x1.0p-53; }
};

// xoshiro256** seeded by splitmix64. For simulation and tests only: it can be predicted.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(std::uint64_t seed) {
    for (std::uint64_t& s : state_) {
      seed += 0x9e3779b97f4a7c15u;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
      s = z ^ (z >> 31);
    }
  }
  void fill(Bytes out) override {
    for (std::size_t i = 0; i < out.size(); i += 8) {
      std::array<std::uint8_t, 8> b{};
      storeBe64(b.data(), step());
      std::memcpy(out.data() + i, b.data(), out.size() - i < 8 ? out.size() - i : 8);
    }
  }

 private:
  static constexpr std::uint64_t rotl(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::uint64_t step() {
    const std::uint64_t result = rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotl(state_[3], 45);
    return result;
  }
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace parley
