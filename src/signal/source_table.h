// How much one source holds: sockets, members (also those without a socket), rooms it opened. A
// source is an IPv4 address or an IPv6 /56 (a household's prefix); IPv4-mapped IPv6 is IPv4. An
// entry lives while one of its counts is not zero, so the table is bounded by what it counts.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "net/address.h"

namespace parley::signal {

class SourceKey {
 public:
  SourceKey() = default;
  explicit SourceKey(const IpAddress& address);
  std::uint64_t value() const { return value_; }
  friend bool operator==(SourceKey, SourceKey) = default;

 private:
  std::uint64_t value_ = 0;  // the top bits of an IPv6 /56, or bit 0 set and an IPv4 address above
};

enum class SourceUse : std::uint8_t { Sockets, Members, Rooms };

class SourceTable {
 public:
  std::size_t count(SourceKey key, SourceUse use) const;
  void add(SourceKey key, SourceUse use);
  void remove(SourceKey key, SourceUse use);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Hash {
    std::size_t operator()(SourceKey k) const noexcept {
      return std::hash<std::uint64_t>{}(k.value() * 0x9e3779b97f4a7c15u);
    }
  };
  using Counts = std::array<std::uint32_t, 3>;
  std::unordered_map<SourceKey, Counts, Hash> entries_;
};

}  // namespace parley::signal
