#include "net/address.h"

#include <algorithm>
#include <charconv>

namespace parley {
namespace {

// The whole of `text` as a decimal number up to max, without sign or leading zeros.
std::optional<unsigned> parseDecimal(std::string_view text, unsigned max) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  unsigned v = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (ec != std::errc{} || end != text.data() + text.size() || v > max) return std::nullopt;
  return v;
}

std::optional<std::array<std::uint8_t, 4>> parseV4(std::string_view text) {
  std::array<std::uint8_t, 4> b{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return std::nullopt;
    const auto v = parseDecimal(text.substr(0, dot), 255);
    if (!v) return std::nullopt;
    b[i] = static_cast<std::uint8_t>(*v);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return b;
}

// RFC 4291 section 2.2: groups of up to four hexadecimal digits, one "::", and at choice a
// dotted IPv4 address in the place of the last two groups.
std::optional<std::array<std::uint8_t, 16>> parseV6(std::string_view text) {
  std::array<std::uint16_t, 8> groups{};
  std::size_t count = 0;
  std::optional<std::size_t> gap;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (count == 8) return std::nullopt;
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
      const auto v4 = parseV4(group);
      if (!v4 || count > 6) return std::nullopt;
      groups[count++] = loadBe16(v4->data());
      groups[count++] = loadBe16(v4->data() + 2);
      break;
    }
    if (group.empty() || group.size() > 4) return std::nullopt;
    const auto [end, ec] =
        std::from_chars(group.data(), group.data() + group.size(), groups[count], 16);
    if (ec != std::errc{} || end != group.data() + group.size()) return std::nullopt;
    ++count;
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.starts_with(':')) {
      if (gap) return std::nullopt;
      gap = count;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return std::nullopt;
    }
  }
  if (gap ? count > 7 : count != 8) return std::nullopt;
  std::array<std::uint8_t, 16> b{};
  const std::size_t head = gap.value_or(8);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i < head ? i : 8 - (count - i);
    storeBe16(b.data() + 2 * at, groups[i]);
  }
  return b;
}

void appendHex(std::string& out, unsigned v) {
  std::array<char, 8> buf{};
  const auto r = std::to_chars(buf.data(), buf.data() + buf.size(), v, 16);
  out.append(buf.data(), r.ptr);
}

std::string v6Text(ConstBytes b) {
  std::array<std::uint16_t, 8> g{};
  for (std::size_t i = 0; i < 8; ++i)
    g[i] = loadBe16(b.data() + 2 * i);
  // RFC 5952 section 4.2: shorten the longest run of at least two zero groups, the first of equals.
  std::size_t best = 8;
  std::size_t bestLength = 1;
  for (std::size_t i = 0; i < 8;) {
    std::size_t j = i;
    while (j < 8 && g[j] == 0)
      ++j;
    if (j - i > bestLength) {
      best = i;
      bestLength = j - i;
    }
    i = j + 1;
  }
  std::string out;
  for (std::size_t i = 0; i < 8;) {
    if (i == best) {
      out += "::";
      i += bestLength;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    appendHex(out, g[i]);
    ++i;
  }
  return out;
}

std::size_t mix(std::uint64_t h) {
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  h ^= h >> 32;
  return h;
}

}  // namespace

IpAddress IpAddress::loopback(Family f) {
  if (f == Family::V4) return v4(127, 0, 0, 1);
  return v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    const auto b = parseV4(text);
    if (!b) return std::nullopt;
    return v4((*b)[0], (*b)[1], (*b)[2], (*b)[3]);
  }
  const auto b = parseV6(text);
  if (!b) return std::nullopt;
  return v6(*b);
}

bool IpAddress::isUnspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::isLoopback() const {
  return isV4() ? bytes_[0] == 127 : *this == loopback(Family::V6);
}

IpAddress IpAddress::unmapped() const {
  static constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0,    0,
                                                           0, 0, 0, 0, 0xff, 0xff};
  if (isV4() || !std::equal(kMapped.begin(), kMapped.end(), bytes_.begin())) return *this;
  return v4(bytes_[12], bytes_[13], bytes_[14], bytes_[15]);
}

std::string IpAddress::toString() const {
  if (!isV4()) return v6Text(bytes());
  std::string out;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i != 0) out += '.';
    out += std::to_string(bytes_[i]);
  }
  return out;
}

std::optional<Address> Address::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto ip = IpAddress::parse(host);
  const auto port = parseDecimal(text.substr(colon + 1), 65535);
  if (!ip || !port || ip->isV4() == bracketed) return std::nullopt;
  return Address{*ip, static_cast<std::uint16_t>(*port)};
}

std::string Address::toString() const {
  const std::string host = ip_.isV4() ? ip_.toString() : "[" + ip_.toString() + "]";
  return host + ":" + std::to_string(port_);
}

Prefix::Prefix(const IpAddress& ip, unsigned length) : length_(length) {
  std::array<std::uint8_t, 16> b{};
  const ConstBytes from = ip.bytes();
  if (length_ > from.size() * 8) length_ = static_cast<unsigned>(from.size()) * 8;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const unsigned keep =
        length_ > 8 * i ? std::min(8u, length_ - static_cast<unsigned>(8 * i)) : 0;
    b[i] = static_cast<std::uint8_t>(from[i] & (0xff00u >> keep));
  }
  ip_ = ip.isV4() ? IpAddress::v4(b[0], b[1], b[2], b[3]) : IpAddress::v6(b);
}

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto ip = IpAddress::parse(text.substr(0, slash));
  if (!ip) return std::nullopt;
  const unsigned max = ip->isV4() ? 32 : 128;
  if (slash == std::string_view::npos) return Prefix{*ip, max};
  const auto length = parseDecimal(text.substr(slash + 1), max);
  if (!length) return std::nullopt;
  return Prefix{*ip, *length};
}

bool Prefix::contains(const IpAddress& ip) const {
  if (ip.family() != ip_.family()) return false;
  const ConstBytes a = ip_.bytes();
  const ConstBytes b = ip.bytes();
  const std::size_t whole = length_ / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin()))
    return false;
  const unsigned rest = length_ % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

std::string Prefix::toString() const {
  return ip_.toString() + "/" + std::to_string(length_);
}

std::size_t hashValue(const IpAddress& ip) {
  const ConstBytes b = ip.bytes();
  if (ip.isV4()) return mix(loadBe32(b.data()));
  return mix(loadBe64(b.data()) ^ (loadBe64(b.data() + 8) * 0x9e3779b97f4a7c15u) ^ 1);
}

std::size_t hashValue(const Address& address) {
  return mix(hashValue(address.ip()) + address.port() * 0x9e3779b97f4a7c15u);
}

}  // namespace parley
