// A hash of addresses with a secret seed: clients choose their addresses, so tables that they fill
// must not let them choose collisions too. Not a message authentication code.
#pragma once

#include <cstdint>

#include "base/random.h"
#include "net/path.h"

namespace parley::turn {

class KeyedHash {
 public:
  explicit KeyedHash(RandomSource& random) : seed_(random.next64()), key_(random.next64() | 1) {}

  std::uint64_t operator()(LinkId link) const { return finish(add(seed_, link.value())); }
  std::uint64_t operator()(const IpAddress& ip) const { return finish(addIp(seed_, ip)); }
  // Without `local`: a link has few, and whoever compares compares them.
  std::uint64_t operator()(const Path& p) const {
    const std::uint64_t h = add(seed_, p.link.value() ^ (std::uint64_t{p.remote.port()} << 48));
    return finish(addIp(h, p.remote.ip()));
  }

 private:
  std::uint64_t add(std::uint64_t h, std::uint64_t word) const {
    h = (h ^ word) * key_;
    return h ^ (h >> 32);
  }
  std::uint64_t addIp(std::uint64_t h, const IpAddress& ip) const {
    if (ip.isV4()) return add(h, ip.v4HostOrder());
    const std::uint8_t* b = ip.bytes().data();
    return add(add(h, loadBe64(b)), loadBe64(b + 8) + 1);
  }
  std::uint64_t finish(std::uint64_t h) const {
    h = (h ^ seed_) * 0x9e3779b97f4a7c15u;
    return h ^ (h >> 29);
  }

  std::uint64_t seed_;
  std::uint64_t key_;
};

}  // namespace parley::turn
