#include "stun/message.h"

#include <array>
#include <cstring>

#include "base/crc32.h"

namespace parley::stun {
namespace {

constexpr std::uint32_t kFingerprintXor = 0x5354554E;  // RFC 8489 section 14.7
constexpr std::size_t kMinSha256Tag = 16;              // section 14.6

Error malformed(const char* what) {
  return {ErrorCode::Malformed, what};
}

}  // namespace

Result<Message> Message::parse(ConstBytes bytes) {
  if (!looksLikeStun(bytes)) return malformed("STUN header");
  const std::size_t length = loadBe16(bytes.data() + 2);
  if (length % 4 != 0 || length != bytes.size() - kHeaderSize) return malformed("STUN length");
  Message message(bytes);
  const Status scanned = message.scan();
  if (!scanned) return scanned.error();
  return message;
}

Status Message::scan() {
  std::size_t at = kHeaderSize;
  while (at < bytes_.size()) {
    // Both the length and the offset are multiples of four, so a header is always there.
    const AttributeType type = loadBe16(bytes_.data() + at);
    const std::size_t length = loadBe16(bytes_.data() + at + 2);
    const std::size_t padded = (length + 3) & ~std::size_t{3};
    if (padded > bytes_.size() - at - 4) return malformed("STUN attribute bounds");
    if (const Status s = note(type, at, length); !s) return s;
    at += 4 + padded;
  }
  if (covered_ == 0) covered_ = static_cast<std::uint32_t>(bytes_.size());
  return Ok{};
}

Status Message::note(AttributeType type, std::size_t at, std::size_t length) {
  const auto offset = static_cast<std::uint32_t>(at);
  switch (type) {
    case attr::kMessageIntegrity:
      if (length != 20) return malformed("MESSAGE-INTEGRITY size");
      // Behind MESSAGE-INTEGRITY-SHA256 it is to be ignored (RFC 8489 section 14.6).
      if (integrityAt_ == 0 && sha256At_ == 0) integrityAt_ = offset;
      break;
    case attr::kMessageIntegritySha256:
      if (length < kMinSha256Tag || length > 32 || length % 4 != 0) {
        return malformed("MESSAGE-INTEGRITY-SHA256 size");
      }
      if (sha256At_ == 0) sha256At_ = offset;
      break;
    case attr::kFingerprint: {
      // Section 14.7: the last attribute, four bytes.
      if (length != 4 || at + 8 != bytes_.size()) return malformed("FINGERPRINT position");
      const std::uint32_t crc = crc32(bytes_.first(at)) ^ kFingerprintXor;
      if (crc != loadBe32(bytes_.data() + at + 4)) return malformed("FINGERPRINT");
      fingerprintAt_ = offset;
      break;
    }
    default:
      return Ok{};
  }
  if (covered_ == 0) covered_ = offset;
  return Ok{};
}

TransactionId Message::transactionId() const {
  TransactionId id;
  std::memcpy(id.bytes.data(), bytes_.data() + 8, id.bytes.size());
  return id;
}

std::optional<ConstBytes> Message::find(AttributeType type) const {
  for (const Attribute a : attributes()) {
    if (a.type == type) return a.value;
  }
  return std::nullopt;
}

bool Message::verify(crypto::HmacKey& key) const {
  const bool sha256 = key.size() == 32;
  const std::size_t at = sha256 ? sha256At_ : integrityAt_;
  if (at == 0) return false;
  const std::size_t tagLength = loadBe16(bytes_.data() + at + 2);
  // Section 14.5: the length in the header counts up to and with the integrity attribute.
  std::array<std::uint8_t, kHeaderSize> header{};
  std::memcpy(header.data(), bytes_.data(), kHeaderSize);
  storeBe16(header.data() + 2, static_cast<std::uint16_t>(at + 4 + tagLength - kHeaderSize));
  return key.verify(header, bytes_.subspan(kHeaderSize, at - kHeaderSize),
                    bytes_.subspan(at + 4, tagLength), sha256 ? kMinSha256Tag : 0);
}

}  // namespace parley::stun
