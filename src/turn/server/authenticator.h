// The long-term credential check of a request, in the order of RFC 8489 section 9.2.4 but for one
// thing: the nonce is looked at before any key is derived, so that only who receives at its source
// address can make us compute.
#pragma once

#include <optional>

#include "stun/message.h"
#include "turn/server/allocation.h"
#include "turn/server/credential_store.h"
#include "turn/server/nonce.h"

namespace parley::turn {

struct AuthResult {
  std::uint16_t code = 0;    // 0: authenticated; else 400, 401, 438 or 441
  bool proven = false;       // the nonce was ours: the client receives at its address
  CredentialPtr credential;  // set when the message was signed with it, also with 441
};

class Authenticator {
 public:
  Authenticator(CredentialStore& store, NonceSource& nonces) : store_(store), nonces_(nonces) {}

  // `existing`: the allocation of this client, whose credential is kept prepared; may be null.
  // `wallNow`: for expiries, which count at Allocate only; nothing: not known, none is accepted.
  AuthResult check(const stun::Message& request, const Path& client, const Allocation* existing,
                   std::optional<WallTime> wallNow, Time now);

  // The value of PASSWORD-ALGORITHMS we send (RFC 8489 section 14.11): SHA-256 preferred, MD5.
  static ConstBytes passwordAlgorithms();

 private:
  std::optional<stun::PasswordAlgorithm> algorithmOf(const stun::Message& request) const;
  CredentialPtr find(const stun::Message& request, std::string_view name,
                     stun::PasswordAlgorithm algorithm, const Allocation* existing,
                     std::optional<WallTime> wallNow);

  CredentialStore& store_;
  NonceSource& nonces_;
};

}  // namespace parley::turn
