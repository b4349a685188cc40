// Which relayed transport addresses are live now, on all shards. Permissions are per IP address,
// so a packet to an address of our own passes only if a relay lives at exactly that port: the
// router asks here for each such train.
//
// LocalRelayRegistry serves one shard. A driver with several shards brings its own, a bitmap for
// each relay address with atomic bits.
#pragma once

#include <bitset>
#include <map>
#include <memory>

#include "net/address.h"

namespace parley::turn {

class RelayRegistry {
 public:
  virtual ~RelayRegistry() = default;
  // `bound` is the address of the socket, not the announced one.
  virtual void setLive(const Address& bound, bool live) = 0;
  virtual bool isLive(const Address& bound) const = 0;
};

class LocalRelayRegistry final : public RelayRegistry {
 public:
  void setLive(const Address& bound, bool live) override;
  bool isLive(const Address& bound) const override;

 private:
  using Ports = std::bitset<65536>;
  std::map<IpAddress, std::unique_ptr<Ports>> ports_;  // one per relay address, bounded by Config
};

}  // namespace parley::turn
