#include "server/relay/live_relays.h"

namespace parley::server {

LiveRelays::LiveRelays(std::span<const IpAddress> relayAddresses) {
  for (const IpAddress& ip : relayAddresses) {
    if (find(ip) == nullptr) addresses_.push_back({ip, std::make_unique<Words>()});
  }
}

LiveRelays::Words* LiveRelays::find(const IpAddress& ip) const {
  for (const Ports& ports : addresses_) {
    if (ports.ip == ip) return ports.words.get();
  }
  return nullptr;
}

void LiveRelays::setLive(const Address& bound, bool live) {
  Words* words = find(bound.ip());
  if (words == nullptr) return;
  auto& word = (*words)[bound.port() / kWordBits];
  const std::uint64_t bit = std::uint64_t{1} << (bound.port() % kWordBits);
  // Nothing else is published by a bit: the socket it speaks of is the kernel's.
  if (live) {
    word.fetch_or(bit, std::memory_order_relaxed);
  } else {
    word.fetch_and(~bit, std::memory_order_relaxed);
  }
}

bool LiveRelays::isLive(const Address& bound) const {
  const Words* words = find(bound.ip());
  if (words == nullptr) return false;
  const std::uint64_t word = (*words)[bound.port() / kWordBits].load(std::memory_order_relaxed);
  return (word >> (bound.port() % kWordBits) & 1) != 0;
}

}  // namespace parley::server
