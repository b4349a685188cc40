// Writes a STUN message into the caller's bytes. Allocates nothing; what does not fit makes the
// whole message fail, which finish() says. Padding is zero (RFC 8489 section 14).
//
//   MessageWriter w(room, Method::Binding, Class::Success, id);
//   w.xorAddress(attr::kXorMappedAddress, client);
//   w.integrity(key);      // then at most SHA-256 integrity and the fingerprint may follow
//   w.fingerprint();
//   if (const std::size_t size = w.finish()) …
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "crypto/hmac.h"
#include "net/address.h"
#include "stun/types.h"

namespace parley::stun {

class MessageWriter {
 public:
  MessageWriter(Bytes out, Method method, Class c, const TransactionId& id)
      : MessageWriter(out, encodeType(method, c), id) {}
  MessageWriter(Bytes out, std::uint16_t type, const TransactionId& id);

  void attribute(AttributeType type, ConstBytes value);
  void text(AttributeType type, std::string_view value) { attribute(type, asBytes(value)); }
  void flag(AttributeType type) { attribute(type, {}); }
  void u32(AttributeType type, std::uint32_t value);
  void u64(AttributeType type, std::uint64_t value);
  void address(AttributeType type, const Address& address);
  void xorAddress(AttributeType type, const Address& address);
  void errorCode(std::uint16_t code, std::string_view reason);
  void unknownAttributes(std::span<const AttributeType> types);
  // ADDRESS-ERROR-CODE of RFC 8656 section 18.12.
  void addressErrorCode(Family family, std::uint16_t code, std::string_view reason);
  void requestedTransport(std::uint8_t protocol);
  void channelNumber(std::uint16_t number);
  void family(AttributeType type, Family family);

  // MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256, whichever the key's algorithm makes.
  void integrity(crypto::HmacKey& key);
  void fingerprint();

  // The size of the message; 0 when it did not fit.
  std::size_t finish();
  ConstBytes written() const { return writer_.written(); }

 private:
  void setLength(std::size_t attributesLength);

  Bytes out_;
  ByteWriter writer_;
  TransactionId id_;
};

}  // namespace parley::stun
