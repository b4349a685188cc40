// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash of 64 bits, for short inputs.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/bytes.h"

namespace parley::sctp {

class SipHash {
 public:
  using Key = std::array<std::uint8_t, 16>;

  static std::uint64_t of(const Key& key, ConstBytes data) {
    SipHash h(load(key.data()), load(key.data() + 8));
    std::size_t i = 0;
    for (; i + 8 <= data.size(); i += 8)
      h.absorb(load(data.data() + i));
    std::uint64_t last = std::uint64_t{data.size()} << 56;
    for (unsigned shift = 0; i < data.size(); ++i, shift += 8)
      last |= std::uint64_t{data[i]} << shift;
    h.absorb(last);
    h.v2_ ^= 0xff;
    for (int n = 0; n < 4; ++n)
      h.round();
    return h.v0_ ^ h.v1_ ^ h.v2_ ^ h.v3_;
  }

 private:
  SipHash(std::uint64_t k0, std::uint64_t k1)
      : v0_(k0 ^ 0x736f6d6570736575u),
        v1_(k1 ^ 0x646f72616e646f6du),
        v2_(k0 ^ 0x6c7967656e657261u),
        v3_(k1 ^ 0x7465646279746573u) {}

  static std::uint64_t load(const std::uint8_t* p) {
    std::uint64_t v = 0;
    for (int i = 7; i >= 0; --i)
      v = (v << 8) | p[i];
    return v;
  }
  void absorb(std::uint64_t m) {
    v3_ ^= m;
    round();
    round();
    v0_ ^= m;
  }
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace parley::sctp
