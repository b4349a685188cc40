#include "stun/message_writer.h"

#include <array>

#include "base/crc32.h"
#include "stun/attributes.h"

namespace parley::stun {
namespace {

constexpr std::size_t kMaxValue = 0xFFFF;

std::array<std::uint8_t, 4> errorNumber(std::uint8_t first, std::uint16_t code) {
  return {first, 0, static_cast<std::uint8_t>(code / 100), static_cast<std::uint8_t>(code % 100)};
}

}  // namespace

MessageWriter::MessageWriter(Bytes out, std::uint16_t type, const TransactionId& id)
    : out_(out), writer_(out), id_(id) {
  writer_.u16(type);
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(id.bytes);
}

void MessageWriter::attribute(AttributeType type, ConstBytes value) {
  if (value.size() > kMaxValue) {
    writer_.reserve(writer_.remaining() + 1);  // fails the message
    return;
  }
  writer_.u16(type);
  writer_.u16(static_cast<std::uint16_t>(value.size()));
  writer_.bytes(value);
  writer_.zeros((4 - value.size() % 4) % 4);
}

void MessageWriter::u32(AttributeType type, std::uint32_t value) {
  std::array<std::uint8_t, 4> b{};
  storeBe32(b.data(), value);
  attribute(type, b);
}

void MessageWriter::u64(AttributeType type, std::uint64_t value) {
  std::array<std::uint8_t, 8> b{};
  storeBe64(b.data(), value);
  attribute(type, b);
}

void MessageWriter::address(AttributeType type, const Address& address) {
  std::array<std::uint8_t, kMaxAddressValue> b{};
  attribute(type, ConstBytes(b).first(encodeAddress(b, address)));
}

void MessageWriter::xorAddress(AttributeType type, const Address& address) {
  std::array<std::uint8_t, kMaxAddressValue> b{};
  attribute(type, ConstBytes(b).first(encodeXorAddress(b, address, id_)));
}

void MessageWriter::errorCode(std::uint16_t code, std::string_view reason) {
  const auto number = errorNumber(0, code);
  writer_.u16(attr::kErrorCode);
  writer_.u16(static_cast<std::uint16_t>(4 + reason.size()));
  writer_.bytes(number);
  writer_.bytes(asBytes(reason));
  writer_.zeros((4 - reason.size() % 4) % 4);
}

void MessageWriter::addressErrorCode(Family family, std::uint16_t code, std::string_view reason) {
  const auto number = errorNumber(familyNumber(family), code);
  writer_.u16(attr::kAddressErrorCode);
  writer_.u16(static_cast<std::uint16_t>(4 + reason.size()));
  writer_.bytes(number);
  writer_.bytes(asBytes(reason));
  writer_.zeros((4 - reason.size() % 4) % 4);
}

void MessageWriter::unknownAttributes(std::span<const AttributeType> types) {
  writer_.u16(attr::kUnknownAttributes);
  writer_.u16(static_cast<std::uint16_t>(types.size() * 2));
  for (const AttributeType t : types)
    writer_.u16(t);
  writer_.zeros(types.size() % 2 * 2);
}

void MessageWriter::requestedTransport(std::uint8_t protocol) {
  u32(attr::kRequestedTransport, std::uint32_t{protocol} << 24);
}

void MessageWriter::channelNumber(std::uint16_t number) {
  u32(attr::kChannelNumber, std::uint32_t{number} << 16);
}

void MessageWriter::family(AttributeType type, Family f) {
  u32(type, std::uint32_t{familyNumber(f)} << 24);
}

void MessageWriter::setLength(std::size_t attributesLength) {
  if (writer_.ok() && attributesLength <= kMaxValue) {
    storeBe16(out_.data() + 2, static_cast<std::uint16_t>(attributesLength));
  }
}

void MessageWriter::integrity(crypto::HmacKey& key) {
  const std::size_t covered = writer_.size();
  const bool sha256 = key.size() == 32;
  writer_.u16(sha256 ? attr::kMessageIntegritySha256 : attr::kMessageIntegrity);
  writer_.u16(static_cast<std::uint16_t>(key.size()));
  const Bytes tag = writer_.reserve(key.size());
  if (!writer_.ok()) return;
  // RFC 8489 section 14.5: the length already counts this attribute.
  setLength(writer_.size() - kHeaderSize);
  key.sign(ConstBytes(out_).first(covered), {}, tag);
}

void MessageWriter::fingerprint() {
  const std::size_t covered = writer_.size();
  setLength(covered + 8 - kHeaderSize);
  if (!writer_.ok()) return;
  u32(attr::kFingerprint, crc32(ConstBytes(out_).first(covered)) ^ 0x5354554E);
}

std::size_t MessageWriter::finish() {
  if (!writer_.ok() || writer_.size() - kHeaderSize > kMaxValue) return 0;
  setLength(writer_.size() - kHeaderSize);
  return writer_.size();
}

}  // namespace parley::stun
