// Digests over OpenSSL, of bytes at once or as they come. MD5 stands here only because STUN's long-term key is made of it
// (RFC 8489 section 9.2.2); nothing else may use it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "base/bytes.h"

namespace parley::crypto {

using Md5Digest = std::array<std::uint8_t, 16>;
using Sha1Digest = std::array<std::uint8_t, 20>;
using Sha256Digest = std::array<std::uint8_t, 32>;

Md5Digest md5(ConstBytes data);
Sha1Digest sha1(ConstBytes data);
Sha256Digest sha256(ConstBytes data);

// SHA-256 of bytes that come one after another.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(ConstBytes data);
  // Of all so far; nothing may be added after it.
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Compares in a time that depends on the lengths only.
bool constantTimeEqual(ConstBytes a, ConstBytes b);

// Overwrites secrets in a way the compiler keeps.
void cleanse(Bytes secret);

}  // namespace parley::crypto
