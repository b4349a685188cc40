// Who may use the relay: static users and REST credentials (a shared secret and user names of the
// form "expiry:userid"), and the keys their messages are checked with. Looking up is by name; no
// network, no time but the wall time an expiry is compared with.
//
// A Credential is what one Allocate was signed with, its HMAC prepared: the allocation keeps it and
// goes on under it after its expiry (docs/turn.md says how long).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "crypto/hmac.h"
#include "stun/long_term.h"
#include "turn/server/config.h"

namespace parley::turn {

enum class UserKind : std::uint8_t { Static, Rest };

struct Credential {
  Credential(std::string userName, UserKind userKind, const stun::LongTermKey& longTermKey,
             crypto::HmacAlgorithm algorithm)
      : name(std::move(userName)),
        kind(userKind),
        key(longTermKey),
        hmacAlgorithm(algorithm),
        hmac(algorithm, longTermKey.bytes()) {}

  // What the quota counts: the userid of a REST name, so that a fresh expiry is no fresh quota.
  std::string_view account() const;

  std::string name;
  UserKind kind;
  stun::LongTermKey key;
  crypto::HmacAlgorithm hmacAlgorithm;
  crypto::HmacKey hmac;
};
using CredentialPtr = std::shared_ptr<Credential>;

class CredentialStore {
 public:
  CredentialStore(std::string realm, Credentials credentials);

  void replace(Credentials credentials);

  // USERHASH can be served only where every name can be listed (RFC 8489 section 9.2.4), which
  // REST names cannot.
  bool offersUserhash() const { return credentials_.secrets.empty(); }
  // The name behind a hash; empty when there is none.
  std::string_view nameOf(ConstBytes userhash) const;

  // The credentials that could have signed for this name, one for each secret that a REST name may
  // stand under. Calls `good` until it says true and returns that one; null when none is.
  // `notExpiredAt`: refuse REST names that expired by then.
  template <class Good>
  CredentialPtr find(std::string_view name, stun::PasswordAlgorithm algorithm,
                     crypto::HmacAlgorithm hmac, std::optional<WallTime> notExpiredAt, Good good);

  // Whether a credential would still be given (its user or secret was not removed).
  bool stillGood(const Credential& credential) const;

  const std::string& realm() const { return realm_; }

 private:
  const std::string* passwordOf(std::string_view name) const;
  std::string restPassword(const std::string& secret, std::string_view name) const;

  std::string realm_;
  Credentials credentials_;
  std::map<std::string, std::string, std::less<>> users_;  // name to password, as configured
  std::map<crypto::Sha256Digest, std::string> hashes_;     // userhash to name
};

// The expiry in "expiry:userid" or "expiry" alone; nothing for other names.
std::optional<WallTime> restExpiry(std::string_view name);

template <class Good>
CredentialPtr CredentialStore::find(std::string_view name, stun::PasswordAlgorithm algorithm,
                                    crypto::HmacAlgorithm hmac,
                                    std::optional<WallTime> notExpiredAt, Good good) {
  const auto attempt = [&](UserKind kind, std::string_view password) -> CredentialPtr {
    const stun::LongTermKey key(algorithm, name, realm_, password);
    auto made = std::make_shared<Credential>(std::string(name), kind, key, hmac);
    return good(*made) ? made : nullptr;
  };
  if (const std::string* password = passwordOf(name)) return attempt(UserKind::Static, *password);
  const auto expiry = restExpiry(name);
  if (!expiry || (notExpiredAt && *expiry < *notExpiredAt)) return nullptr;
  for (const std::string& secret : credentials_.secrets) {
    if (auto made = attempt(UserKind::Rest, restPassword(secret, name))) return made;
  }
  return nullptr;
}

}  // namespace parley::turn
