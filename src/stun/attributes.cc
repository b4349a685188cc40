#include "stun/attributes.h"

#include <array>
#include <cstring>

namespace parley::stun {
namespace {

constexpr std::uint8_t kFamilyV4 = 1;
constexpr std::uint8_t kFamilyV6 = 2;

// What an address is XORed with: the cookie, then the transaction id (RFC 8489 section 14.2).
std::array<std::uint8_t, 16> mask(const TransactionId& id) {
  std::array<std::uint8_t, 16> m{};
  storeBe32(m.data(), kMagicCookie);
  std::memcpy(m.data() + 4, id.bytes.data(), id.bytes.size());
  return m;
}

std::optional<Address> decode(ConstBytes value, const std::array<std::uint8_t, 16>& m,
                              std::uint16_t portMask) {
  if (value.size() != 8 && value.size() != 20) return std::nullopt;
  const bool v4 = value[1] == kFamilyV4;
  if (v4 ? value.size() != 8 : (value[1] != kFamilyV6 || value.size() != 20)) return std::nullopt;
  std::array<std::uint8_t, 16> ip{};
  for (std::size_t i = 0; i < value.size() - 4; ++i)
    ip[i] = value[i + 4] ^ m[i];
  const auto port = static_cast<std::uint16_t>(loadBe16(value.data() + 2) ^ portMask);
  const IpAddress address = v4 ? IpAddress::v4(loadBe32(ip.data())) : IpAddress::v6(ip);
  return Address{address, port};
}

std::size_t encode(Bytes out, const Address& address, const std::array<std::uint8_t, 16>& m,
                   std::uint16_t portMask) {
  const ConstBytes ip = address.ip().bytes();
  out[0] = 0;
  out[1] = address.ip().isV4() ? kFamilyV4 : kFamilyV6;
  storeBe16(out.data() + 2, static_cast<std::uint16_t>(address.port() ^ portMask));
  for (std::size_t i = 0; i < ip.size(); ++i)
    out[i + 4] = ip[i] ^ m[i];
  return 4 + ip.size();
}

constexpr std::uint16_t kPortMask = kMagicCookie >> 16;

}  // namespace

std::optional<Address> decodeAddress(ConstBytes value) {
  return decode(value, {}, 0);
}
std::optional<Address> decodeXorAddress(ConstBytes value, const TransactionId& id) {
  return decode(value, mask(id), kPortMask);
}
std::size_t encodeAddress(Bytes out, const Address& address) {
  return encode(out, address, {}, 0);
}
std::size_t encodeXorAddress(Bytes out, const Address& address, const TransactionId& id) {
  return encode(out, address, mask(id), kPortMask);
}

std::optional<RequestedFamily> decodeFamily(ConstBytes value) {
  if (value.size() != 4) return std::nullopt;
  if (value[0] == kFamilyV4) return RequestedFamily::V4;
  return value[0] == kFamilyV6 ? RequestedFamily::V6 : RequestedFamily::Unknown;
}

std::optional<ErrorValue> decodeErrorCode(ConstBytes value) {
  if (value.size() < 4) return std::nullopt;
  const unsigned hundreds = value[2] & 7u;  // RFC 8489 section 14.8: 3 to 6, then 0 to 99
  if (hundreds < 3 || hundreds > 6 || value[3] > 99) return std::nullopt;
  return ErrorValue{static_cast<std::uint16_t>(hundreds * 100 + value[3]),
                    asText(value.subspan(4))};
}

std::optional<std::uint32_t> decodeU32(ConstBytes value) {
  if (value.size() != 4) return std::nullopt;
  return loadBe32(value.data());
}
std::optional<std::uint64_t> decodeU64(ConstBytes value) {
  if (value.size() != 8) return std::nullopt;
  return loadBe64(value.data());
}
std::optional<std::uint16_t> decodeChannelNumber(ConstBytes value) {
  if (value.size() != 4) return std::nullopt;
  return loadBe16(value.data());
}
std::optional<std::uint8_t> decodeRequestedTransport(ConstBytes value) {
  if (value.size() != 4) return std::nullopt;
  return value[0];
}
std::optional<bool> decodeEvenPort(ConstBytes value) {
  if (value.size() != 1) return std::nullopt;
  return (value[0] & 0x80) != 0;
}

std::optional<std::uint16_t> decodePasswordAlgorithm(ConstBytes value) {
  if (value.size() != 4 || loadBe16(value.data() + 2) != 0) return std::nullopt;
  return loadBe16(value.data());
}

std::string_view reasonPhrase(std::uint16_t code) {
  switch (code) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 420:
      return "Unknown Attribute";
    case 437:
      return "Allocation Mismatch";
    case 438:
      return "Stale Nonce";
    case 440:
      return "Address Family not Supported";
    case 441:
      return "Wrong Credentials";
    case 442:
      return "Unsupported Transport Protocol";
    case 443:
      return "Peer Address Family Mismatch";
    case 486:
      return "Allocation Quota Reached";
    case 500:
      return "Server Error";
    case 508:
      return "Insufficient Capacity";
    default:
      return "";
  }
}

}  // namespace parley::stun
