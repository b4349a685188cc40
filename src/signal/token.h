// Room tokens: JSON Web Tokens (RFC 7519, RFC 7515 compact form), signed HS256, RS256 or ES256.
//
// The algorithm is fixed by the key, never by the token (RFC 8725 section 3.1); `none` does not
// exist. `aud` and `exp` are required, 60 s of skew are allowed. docs/signalling.md section 10.
// Tokens and secrets are never part of an error or a log.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/signature.h"
#include "signal/rights.h"
#include "signal/signal_error.h"

namespace parley::signal {

inline constexpr std::size_t kMaxTokenBytes = 4096;
inline constexpr std::string_view kDefaultAudience = "parley";

// One key with its one algorithm.
class TokenKey {
 public:
  // HS256; at least 32 bytes (RFC 7518 section 3.2).
  static Result<TokenKey> hs256(ConstBytes secret, std::string keyId = "");
  // RS256 or ES256, by the kind of the PEM key. A private key can mint, too.
  static Result<TokenKey> pem(std::string_view pem, std::string keyId = "");

  const std::string& keyId() const { return keyId_; }
  std::string_view algorithm() const;  // as in the header's `alg`
  bool canMint() const;

  bool verify(ConstBytes data, ConstBytes signature) const;
  Result<std::vector<std::uint8_t>> sign(ConstBytes data) const;

 private:
  using Secret = std::vector<std::uint8_t>;
  TokenKey(std::variant<Secret, crypto::SignatureKey> key, std::string keyId)
      : key_(std::move(key)), keyId_(std::move(keyId)) {}

  std::variant<Secret, crypto::SignatureKey> key_;
  std::string keyId_;
};

struct TokenClaims {
  std::string audience{kDefaultAudience};
  std::string room;                 // folded to lower case, or "*"
  std::optional<std::string> name;  // replaces the name in `join`
  Rights rights = Rights::all();
  WallTime expiry{};
  std::optional<WallTime> notBefore;
};

class TokenVerifier {
 public:
  TokenVerifier(std::vector<TokenKey> keys, std::string audience = std::string(kDefaultAudience));

  // The claims of a token that may be used for `room` now, or why not: BadToken, TokenExpired,
  // WrongRoom.
  Result<TokenClaims, SignalError> verify(std::string_view token, std::string_view room,
                                          WallTime now) const;

 private:
  Result<std::string, SignalError> verifiedPayload(std::string_view token) const;
  bool signedByOneOf(std::string_view algorithm, const std::optional<std::string>& keyId,
                     ConstBytes data, ConstBytes signature) const;

  std::vector<TokenKey> keys_;
  std::string audience_;
};

// A signed token. Claims are written as they are; room and name must be allowed ones.
Result<std::string> mintToken(const TokenKey& key, const TokenClaims& claims, WallTime now);

}  // namespace parley::signal
