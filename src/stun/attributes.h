// The values of STUN and TURN attributes, decoded from and encoded into bytes. A decoder returns
// nothing for a value of the wrong size or form. Addresses: RFC 8489 sections 14.1 and 14.2.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "net/address.h"
#include "stun/types.h"

namespace parley::stun {

inline constexpr std::size_t kMaxAddressValue = 20;

std::optional<Address> decodeAddress(ConstBytes value);
std::optional<Address> decodeXorAddress(ConstBytes value, const TransactionId& id);
// Write into `out` of at least kMaxAddressValue bytes; return how many (8 or 20).
std::size_t encodeAddress(Bytes out, const Address& address);
std::size_t encodeXorAddress(Bytes out, const Address& address, const TransactionId& id);

// RFC 8656 section 18.6: 1 is IPv4, 2 is IPv6. Error: a family we do not know.
enum class RequestedFamily : std::uint8_t { V4, V6, Unknown };
std::optional<RequestedFamily> decodeFamily(ConstBytes value);
constexpr std::uint8_t familyNumber(Family f) {
  return f == Family::V4 ? 1 : 2;
}

struct ErrorValue {
  std::uint16_t code = 0;
  std::string_view reason;
};
std::optional<ErrorValue> decodeErrorCode(ConstBytes value);

std::optional<std::uint32_t> decodeU32(ConstBytes value);
std::optional<std::uint64_t> decodeU64(ConstBytes value);
std::optional<std::uint16_t> decodeChannelNumber(ConstBytes value);      // RFC 8656 section 18.1
std::optional<std::uint8_t> decodeRequestedTransport(ConstBytes value);  // section 18.8
std::optional<bool> decodeEvenPort(ConstBytes value);                    // section 18.7: the R bit

// RFC 8489 section 14.12: the algorithm's number; its parameters must be empty (both known
// algorithms have none).
std::optional<std::uint16_t> decodePasswordAlgorithm(ConstBytes value);

// The reason phrases of the RFCs; "" for a code we do not send.
std::string_view reasonPhrase(std::uint16_t code);

}  // namespace parley::stun
