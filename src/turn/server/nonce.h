// Stateless nonces (RFC 8489 section 9.2): the time of issue and a tag over it and the client's
// address, under a key of ours. A valid one proves that the client receives at that address, so
// answers to it amplify nothing. Nothing is remembered.
//
// Text: the nonce cookie "obMatJos2" with the security features (section 9.2, 18.1), then
// base64url of 4 bytes of seconds and 16 bytes of HMAC-SHA256.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/hmac.h"
#include "net/path.h"

namespace parley::turn {

class NonceSource {
 public:
  static constexpr std::size_t kSize = 13 + 27;
  using Text = std::array<char, kSize>;

  // usernameAnonymity: whether USERHASH is offered (feature bit 1).
  NonceSource(ConstBytes key, bool usernameAnonymity);

  void setUsernameAnonymity(bool offered);
  Text issue(const Path& client, Time now);
  // Issued by us to this client no longer ago than kNonceLifetime.
  bool isValid(ConstBytes nonce, const Path& client, Time now);

 private:
  std::array<std::uint8_t, 16> tag(std::uint32_t seconds, const Path& client);

  crypto::HmacKey key_;
  std::array<char, 13> cookie_{};
};

}  // namespace parley::turn
