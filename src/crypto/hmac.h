// HMAC (RFC 2104) with SHA-1 and SHA-256, with the key's schedule made once: a TURN allocation or
// an ICE agent keeps its HmacKey and pays only for the message. Not thread-safe: one thread owns
// it.
#pragma once

#include <memory>

#include "crypto/digest.h"

namespace parley::crypto {

enum class HmacAlgorithm : std::uint8_t { Sha1, Sha256 };

class HmacKey {
 public:
  HmacKey(HmacAlgorithm algorithm, ConstBytes key);
  ~HmacKey();
  HmacKey(HmacKey&&) noexcept;
  HmacKey& operator=(HmacKey&&) noexcept;

  std::size_t size() const { return algorithm_ == HmacAlgorithm::Sha1 ? 20 : 32; }

  // Over the concatenation of the two parts. Writes size() bytes; out must hold them. Allocates
  // nothing after the first call.
  void sign(ConstBytes first, ConstBytes second, Bytes out);
  // tag may be a truncation of at least `minimum` bytes (RFC 8489 section 14.6: 16).
  bool verify(ConstBytes first, ConstBytes second, ConstBytes tag, std::size_t minimum = 0);

 private:
  struct Deleter {
    void operator()(void* context) const;
  };
  HmacAlgorithm algorithm_;
  std::unique_ptr<void, Deleter> context_;
};

Sha1Digest hmacSha1(ConstBytes key, ConstBytes data);
Sha256Digest hmacSha256(ConstBytes key, ConstBytes data);

}  // namespace parley::crypto
