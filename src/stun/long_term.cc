#include "stun/long_term.h"

#include <algorithm>
#include <string>

namespace parley::stun {

LongTermKey::LongTermKey(PasswordAlgorithm algorithm, std::string_view user, std::string_view realm,
                         std::string_view password)
    : algorithm_(algorithm) {
  std::string joined;
  joined.reserve(user.size() + realm.size() + password.size() + 2);
  joined.append(user).append(1, ':').append(realm).append(1, ':').append(password);
  if (algorithm == PasswordAlgorithm::Md5) {
    const auto digest = crypto::md5(asBytes(joined));
    std::copy(digest.begin(), digest.end(), bytes_.begin());
  } else {
    bytes_ = crypto::sha256(asBytes(joined));
  }
  crypto::cleanse({reinterpret_cast<std::uint8_t*>(joined.data()), joined.size()});
}

crypto::Sha256Digest userhash(std::string_view user, std::string_view realm) {
  std::string joined(user);
  joined.append(1, ':').append(realm);
  return crypto::sha256(asBytes(joined));
}

}  // namespace parley::stun
