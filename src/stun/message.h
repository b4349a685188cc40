// A STUN message as it lies in a buffer: parse() checks the whole structure once, after that every
// accessor is safe. It neither owns nor copies the bytes, allocates nothing, and is valid as long
// as they are.
//
// What parse() checks (RFC 8489 sections 5, 14): the two zero bits, the magic cookie, that the
// length is a multiple of four and the message's own, every attribute with its padding inside,
// integrity attributes of the right size, FINGERPRINT last and its CRC right. RFC 3489 messages
// (no cookie) are not STUN here.
//
// What follows an integrity attribute is not covered by it: attributes() and find() do not show it
// (section 14.5). Of several attributes of a type the first counts (section 14).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hmac.h"
#include "stun/types.h"

namespace parley::stun {

struct Attribute {
  AttributeType type = 0;
  ConstBytes value;  // without padding
};

class AttributeIterator {
 public:
  using value_type = Attribute;
  using difference_type = std::ptrdiff_t;
  explicit AttributeIterator(ConstBytes rest) : rest_(rest) {}
  Attribute operator*() const {
    return {loadBe16(rest_.data()), rest_.subspan(4, loadBe16(rest_.data() + 2))};
  }
  AttributeIterator& operator++() {
    const std::size_t length = loadBe16(rest_.data() + 2);
    rest_ = rest_.subspan(4 + ((length + 3) & ~std::size_t{3}));
    return *this;
  }
  friend bool operator==(const AttributeIterator& a, const AttributeIterator& b) {
    return a.rest_.size() == b.rest_.size();
  }

 private:
  ConstBytes rest_;  // starts at an attribute that parse() found whole
};

class AttributeRange {
 public:
  explicit AttributeRange(ConstBytes bytes) : bytes_(bytes) {}
  AttributeIterator begin() const { return AttributeIterator(bytes_); }
  AttributeIterator end() const { return AttributeIterator(bytes_.last(0)); }

 private:
  ConstBytes bytes_;
};

enum class Integrity : std::uint8_t { None, Sha1, Sha256 };

class Message {
 public:
  // Whether the bytes could be STUN at all: the test of a demultiplexer, 4 ns.
  static bool looksLikeStun(ConstBytes bytes) {
    return bytes.size() >= kHeaderSize && bytes[0] < 0x40 &&
           loadBe32(bytes.data() + 4) == kMagicCookie;
  }
  static Result<Message> parse(ConstBytes bytes);

  std::uint16_t type() const { return loadBe16(bytes_.data()); }
  Method method() const { return methodOf(type()); }
  Class messageClass() const { return classOf(type()); }
  TransactionId transactionId() const;
  ConstBytes bytes() const { return bytes_; }

  AttributeRange attributes() const {
    return AttributeRange(bytes_.subspan(kHeaderSize, covered_ - kHeaderSize));
  }
  std::optional<ConstBytes> find(AttributeType type) const;
  bool has(AttributeType type) const { return find(type).has_value(); }

  bool hasFingerprint() const { return fingerprintAt_ != 0; }
  bool hasMessageIntegrity() const { return integrityAt_ != 0; }
  bool hasMessageIntegritySha256() const { return sha256At_ != 0; }
  // Which one a receiver checks: SHA-256 when it is there (RFC 8489 section 9.2.4).
  Integrity integrity() const {
    if (sha256At_ != 0) return Integrity::Sha256;
    return integrityAt_ != 0 ? Integrity::Sha1 : Integrity::None;
  }
  // Checks the attribute that goes with the key's algorithm; false when it is absent.
  bool verify(crypto::HmacKey& key) const;

  // Comprehension-required attributes for which `known` is false, each once; at most out.size().
  template <class Known>
  std::size_t unknownRequired(std::span<AttributeType> out, Known known) const {
    std::size_t n = 0;
    for (const Attribute a : attributes()) {
      if (!comprehensionRequired(a.type) || known(a.type) || n == out.size()) continue;
      bool seen = false;
      for (std::size_t i = 0; i < n; ++i)
        seen = seen || out[i] == a.type;
      if (!seen) out[n++] = a.type;
    }
    return n;
  }

 private:
  explicit Message(ConstBytes bytes) : bytes_(bytes) {}
  Status scan();
  Status note(AttributeType type, std::size_t at, std::size_t length);

  ConstBytes bytes_;
  // Offsets from the start of the message; 0 is absent. A message is at most 65,555 bytes long.
  std::uint32_t covered_ = 0;  // end of the attributes that count
  std::uint32_t integrityAt_ = 0;
  std::uint32_t sha256At_ = 0;
  std::uint32_t fingerprintAt_ = 0;
};

}  // namespace parley::stun
