// Which relayed transport addresses are live on any shard: a bitmap of 65,536 ports for each relay
// address, read by all shards for every train to an own address, written when a relay socket comes
// or goes. Bits are atomic; the set of addresses never changes.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "turn/server/relay_registry.h"

namespace parley::server {

class LiveRelays final : public turn::RelayRegistry {
 public:
  explicit LiveRelays(std::span<const IpAddress> relayAddresses);

  // Addresses other than those given at the start are ignored.
  void setLive(const Address& bound, bool live) override;
  bool isLive(const Address& bound) const override;

 private:
  static constexpr std::size_t kWordBits = 64;
  using Words = std::array<std::atomic<std::uint64_t>, 65536 / kWordBits>;
  struct Ports {
    IpAddress ip;
    std::unique_ptr<Words> words;
  };
  Words* find(const IpAddress& ip) const;

  std::vector<Ports> addresses_;  // a handful: turn::kMaxRelayAddresses
};

}  // namespace parley::server
