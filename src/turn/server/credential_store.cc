#include "turn/server/credential_store.h"

#include <utility>

#include "base/base64.h"

namespace parley::turn {

std::string_view Credential::account() const {
  const std::string_view whole(name);
  if (kind == UserKind::Static) return whole;
  const std::size_t colon = whole.find(':');
  const std::string_view userid =
      colon == std::string_view::npos ? std::string_view() : whole.substr(colon + 1);
  return userid.empty() ? whole : userid;
}

CredentialStore::CredentialStore(std::string realm, Credentials credentials)
    : realm_(std::move(realm)) {
  replace(std::move(credentials));
}

void CredentialStore::replace(Credentials credentials) {
  credentials_ = std::move(credentials);
  users_.clear();
  hashes_.clear();
  for (const StaticUser& user : credentials_.users) {
    users_[user.name] = user.password;
    hashes_[stun::userhash(user.name, realm_)] = user.name;
  }
}

std::string_view CredentialStore::nameOf(ConstBytes userhash) const {
  crypto::Sha256Digest digest{};
  if (!offersUserhash() || userhash.size() != digest.size()) return {};
  std::copy(userhash.begin(), userhash.end(), digest.begin());
  const auto found = hashes_.find(digest);
  return found == hashes_.end() ? std::string_view() : std::string_view(found->second);
}

const std::string* CredentialStore::passwordOf(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : &found->second;
}

std::string CredentialStore::restPassword(const std::string& secret, std::string_view name) const {
  return base64Encode(crypto::hmacSha1(asBytes(secret), asBytes(name)));
}

bool CredentialStore::stillGood(const Credential& credential) const {
  const auto same = [&](std::string_view password) {
    return stun::LongTermKey(credential.key.algorithm(), credential.name, realm_, password) ==
           credential.key;
  };
  if (const std::string* password = passwordOf(credential.name)) return same(*password);
  if (credential.kind == UserKind::Static) return false;
  for (const std::string& secret : credentials_.secrets) {
    if (same(restPassword(secret, credential.name))) return true;
  }
  return false;
}

std::optional<WallTime> restExpiry(std::string_view name) {
  const std::string_view digits = name.substr(0, name.find(':'));
  // Ten digits reach the year 2286; more would only be a way to overflow.
  if (digits.empty() || digits.size() > 10) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = seconds * 10 + (c - '0');
  }
  // Beyond what WallTime's nanoseconds can say (2262) is as good as its end.
  constexpr std::int64_t kMost = 9'223'372'035;
  return wallTimeFromUnixSeconds(seconds < kMost ? seconds : kMost);
}

}  // namespace parley::turn
