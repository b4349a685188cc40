// The numbers of STUN and its usages: methods, classes, attribute types and error codes, as the
// IANA registries have them. Values only.
#pragma once

#include <array>
#include <compare>
#include <cstdint>

namespace parley::stun {

inline constexpr std::size_t kHeaderSize = 20;
inline constexpr std::uint32_t kMagicCookie = 0x2112A442;  // RFC 8489 section 5

enum class Class : std::uint8_t { Request = 0, Indication = 1, Success = 2, Error = 3 };

// A method is 12 bits; these are the ones we know.
enum class Method : std::uint16_t {
  Binding = 0x001,   // RFC 8489
  Allocate = 0x003,  // RFC 8656 section 17
  Refresh = 0x004,
  Send = 0x006,
  Data = 0x007,
  CreatePermission = 0x008,
  ChannelBind = 0x009,
};

// RFC 8489 section 5: the class bits sit at 0x0100 and 0x0010 between the bits of the method.
constexpr std::uint16_t encodeType(Method method, Class c) {
  const auto m = static_cast<unsigned>(method);
  const auto k = static_cast<unsigned>(c);
  return static_cast<std::uint16_t>(((m & 0xF80) << 2) | ((m & 0x070) << 1) | (m & 0x00F) |
                                    ((k & 2) << 7) | ((k & 1) << 4));
}
constexpr Method methodOf(std::uint16_t type) {
  return static_cast<Method>(((type >> 2) & 0xF80) | ((type >> 1) & 0x070) | (type & 0x00F));
}
constexpr Class classOf(std::uint16_t type) {
  return static_cast<Class>(((type >> 7) & 2) | ((type >> 4) & 1));
}

struct TransactionId {
  std::array<std::uint8_t, 12> bytes{};
  friend constexpr auto operator<=>(const TransactionId&, const TransactionId&) = default;
};

using AttributeType = std::uint16_t;

namespace attr {
// RFC 8489 section 18.3
inline constexpr AttributeType kMappedAddress = 0x0001;
inline constexpr AttributeType kUsername = 0x0006;
inline constexpr AttributeType kMessageIntegrity = 0x0008;
inline constexpr AttributeType kErrorCode = 0x0009;
inline constexpr AttributeType kUnknownAttributes = 0x000A;
inline constexpr AttributeType kRealm = 0x0014;
inline constexpr AttributeType kNonce = 0x0015;
inline constexpr AttributeType kMessageIntegritySha256 = 0x001C;
inline constexpr AttributeType kPasswordAlgorithm = 0x001D;
inline constexpr AttributeType kUserhash = 0x001E;
inline constexpr AttributeType kXorMappedAddress = 0x0020;
inline constexpr AttributeType kPasswordAlgorithms = 0x8002;
inline constexpr AttributeType kAlternateDomain = 0x8003;
inline constexpr AttributeType kSoftware = 0x8022;
inline constexpr AttributeType kAlternateServer = 0x8023;
inline constexpr AttributeType kFingerprint = 0x8028;
// RFC 8656 section 18
inline constexpr AttributeType kChannelNumber = 0x000C;
inline constexpr AttributeType kLifetime = 0x000D;
inline constexpr AttributeType kXorPeerAddress = 0x0012;
inline constexpr AttributeType kData = 0x0013;
inline constexpr AttributeType kXorRelayedAddress = 0x0016;
inline constexpr AttributeType kRequestedAddressFamily = 0x0017;
inline constexpr AttributeType kEvenPort = 0x0018;
inline constexpr AttributeType kRequestedTransport = 0x0019;
inline constexpr AttributeType kDontFragment = 0x001A;
inline constexpr AttributeType kReservationToken = 0x0022;
inline constexpr AttributeType kAdditionalAddressFamily = 0x8000;
inline constexpr AttributeType kAddressErrorCode = 0x8001;
inline constexpr AttributeType kIcmp = 0x8004;
// RFC 5780 section 7
inline constexpr AttributeType kChangeRequest = 0x0003;
inline constexpr AttributeType kResponseOrigin = 0x802B;
inline constexpr AttributeType kOtherAddress = 0x802C;
// RFC 8445 section 16.1
inline constexpr AttributeType kPriority = 0x0024;
inline constexpr AttributeType kUseCandidate = 0x0025;
inline constexpr AttributeType kIceControlled = 0x8029;
inline constexpr AttributeType kIceControlling = 0x802A;
}  // namespace attr

// RFC 8489 section 14: what has the top bit clear must be understood or refused.
constexpr bool comprehensionRequired(AttributeType type) {
  return type < 0x8000;
}

// RFC 8489 section 18.5.
enum class PasswordAlgorithm : std::uint16_t { Md5 = 1, Sha256 = 2 };

// RFC 8656 section 18.8: an IP protocol number.
inline constexpr std::uint8_t kTransportUdp = 17;
inline constexpr std::uint8_t kTransportTcp = 6;

}  // namespace parley::stun
