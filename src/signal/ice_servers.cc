#include "signal/ice_servers.h"

#include "base/base64.h"
#include "crypto/hmac.h"

namespace parley::signal {

RestCredential mintRestCredential(std::string_view secret, std::string_view userId,
                                  WallTime expiry) {
  RestCredential out;
  out.username = std::to_string(unixSeconds(expiry)) + ":" + std::string(userId);
  out.credential = base64Encode(crypto::hmacSha1(asBytes(secret), asBytes(out.username)));
  return out;
}

}  // namespace parley::signal
