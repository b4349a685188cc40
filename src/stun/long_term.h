// Keys of the long-term credential mechanism (RFC 8489 section 9.2.2) and the USERHASH of a name
// (section 14.4).
//
// Names, realms and passwords are taken byte for byte: OpaqueString (RFC 8265) leaves printable
// ASCII as it is, and whoever configures other characters gives them in NFC.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "crypto/digest.h"
#include "stun/types.h"

namespace parley::stun {

// The key HMACs are made with: 16 bytes for MD5, 32 for SHA-256.
class LongTermKey {
 public:
  LongTermKey(PasswordAlgorithm algorithm, std::string_view user, std::string_view realm,
              std::string_view password);
  PasswordAlgorithm algorithm() const { return algorithm_; }
  ConstBytes bytes() const {
    return ConstBytes(bytes_).first(algorithm_ == PasswordAlgorithm::Md5 ? 16 : 32);
  }
  friend bool operator==(const LongTermKey&, const LongTermKey&) = default;

 private:
  PasswordAlgorithm algorithm_;
  std::array<std::uint8_t, 32> bytes_{};
};

crypto::Sha256Digest userhash(std::string_view user, std::string_view realm);

}  // namespace parley::stun
