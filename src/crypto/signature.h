// Signatures of JSON Web Tokens (RFC 7518): RS256 (RSASSA-PKCS1-v1_5, SHA-256) and ES256 (ECDSA
// P-256, SHA-256; the signature is r and s, 32 bytes each, not DER). Keys are PEM; a key works
// for its own algorithm only, so a token cannot choose how it is checked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace parley::crypto {

enum class SignatureAlgorithm : std::uint8_t { Rs256, Es256 };

class SignatureKey {
 public:
  // A public key ("BEGIN PUBLIC KEY"), a certificate, or a private key, which can also sign.
  // RSA keys under 2048 bits and curves other than P-256 are refused.
  static Result<SignatureKey> fromPem(std::string_view pem);

  SignatureAlgorithm algorithm() const { return algorithm_; }
  bool canSign() const { return private_; }

  bool verify(ConstBytes data, ConstBytes signature) const;
  Result<std::vector<std::uint8_t>> sign(ConstBytes data) const;

 private:
  SignatureKey(std::shared_ptr<void> key, SignatureAlgorithm algorithm, bool isPrivate)
      : key_(std::move(key)), algorithm_(algorithm), private_(isPrivate) {}

  std::shared_ptr<void> key_;  // EVP_PKEY, immutable
  SignatureAlgorithm algorithm_;
  bool private_;
};

}  // namespace parley::crypto
