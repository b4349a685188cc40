// IP addresses, transport addresses and prefixes as values. No name resolution, no system call.
//
// Text forms: RFC 5952 for IPv6 (lower case, longest run of zeros shortened), "1.2.3.4:80" and
// "[2001:db8::1]:80" for transport addresses. Zone identifiers are not represented: the driver
// keeps the interface.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace parley {

enum class Family : std::uint8_t { V4, V6 };

class IpAddress {
 public:
  constexpr IpAddress() = default;  // 0.0.0.0
  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    IpAddress ip;
    ip.bytes_ = {a, b, c, d};
    return ip;
  }
  static constexpr IpAddress v4(std::uint32_t hostOrder) {
    return v4(static_cast<std::uint8_t>(hostOrder >> 24),
              static_cast<std::uint8_t>(hostOrder >> 16), static_cast<std::uint8_t>(hostOrder >> 8),
              static_cast<std::uint8_t>(hostOrder));
  }
  static constexpr IpAddress v6(const std::array<std::uint8_t, 16>& bytes) {
    IpAddress ip;
    ip.bytes_ = bytes;
    ip.family_ = Family::V6;
    return ip;
  }
  static constexpr IpAddress any(Family f) {
    IpAddress ip;
    ip.family_ = f;
    return ip;
  }
  static IpAddress loopback(Family f);
  static std::optional<IpAddress> parse(std::string_view text);

  constexpr Family family() const { return family_; }
  constexpr bool isV4() const { return family_ == Family::V4; }
  // 4 or 16 bytes in network order.
  ConstBytes bytes() const { return {bytes_.data(), isV4() ? std::size_t{4} : std::size_t{16}}; }
  std::uint32_t v4HostOrder() const { return loadBe32(bytes_.data()); }

  bool isUnspecified() const;
  bool isLoopback() const;  // 127/8, ::1
  // The IPv4 address inside ::ffff:0:0/96 (RFC 4291 section 2.5.5.2), else itself.
  IpAddress unmapped() const;

  std::string toString() const;
  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
  // As two words: relayed packets are looked up by addresses, and a call of memcmp would cost more.
  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
    const auto x = std::bit_cast<std::array<std::uint64_t, 2>>(a.bytes_);
    const auto y = std::bit_cast<std::array<std::uint64_t, 2>>(b.bytes_);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0 && a.family_ == b.family_;
  }

 private:
  Family family_ = Family::V4;
  std::array<std::uint8_t, 16> bytes_{};  // unused bytes are zero, so that == is exact
};

// A transport address: IP and port.
class Address {
 public:
  constexpr Address() = default;
  constexpr Address(IpAddress ip, std::uint16_t port) : ip_(ip), port_(port) {}
  static std::optional<Address> parse(std::string_view text);

  constexpr const IpAddress& ip() const { return ip_; }
  constexpr std::uint16_t port() const { return port_; }
  constexpr Family family() const { return ip_.family(); }
  Address withPort(std::uint16_t port) const { return {ip_, port}; }

  std::string toString() const;
  friend constexpr auto operator<=>(const Address&, const Address&) = default;

 private:
  IpAddress ip_;
  std::uint16_t port_ = 0;
};

// An address prefix such as 10.0.0.0/8. Host bits are cleared.
class Prefix {
 public:
  constexpr Prefix() = default;
  Prefix(const IpAddress& ip, unsigned length);
  // "10.0.0.0/8", or an address alone for that one address.
  static std::optional<Prefix> parse(std::string_view text);

  bool contains(const IpAddress& ip) const;  // families must agree; no unmapping here
  const IpAddress& address() const { return ip_; }
  unsigned length() const { return length_; }
  std::string toString() const;
  friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  IpAddress ip_;
  unsigned length_ = 0;
};

// An address that carries its role in the type, so that a client, a peer and a relayed address
// cannot be mixed up.
template <class Tag>
struct TaggedAddress {
  Address address;
  friend constexpr auto operator<=>(const TaggedAddress&, const TaggedAddress&) = default;
};

std::size_t hashValue(const IpAddress& ip);
std::size_t hashValue(const Address& address);

}  // namespace parley

template <>
struct std::hash<parley::IpAddress> {
  std::size_t operator()(const parley::IpAddress& a) const noexcept { return parley::hashValue(a); }
};
template <>
struct std::hash<parley::Address> {
  std::size_t operator()(const parley::Address& a) const noexcept { return parley::hashValue(a); }
};
template <class Tag>
struct std::hash<parley::TaggedAddress<Tag>> {
  std::size_t operator()(const parley::TaggedAddress<Tag>& a) const noexcept {
    return parley::hashValue(a.address);
  }
};
