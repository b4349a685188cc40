#include "turn/server/authenticator.h"

#include <algorithm>
#include <array>

#include "stun/attributes.h"

namespace parley::turn {
namespace {

constexpr std::array<std::uint8_t, 8> kPasswordAlgorithms = {0, 2, 0, 0, 0, 1, 0, 0};

}  // namespace

ConstBytes Authenticator::passwordAlgorithms() {
  return kPasswordAlgorithms;
}

std::optional<stun::PasswordAlgorithm> Authenticator::algorithmOf(
    const stun::Message& request) const {
  const auto list = request.find(stun::attr::kPasswordAlgorithms);
  const auto chosen = request.find(stun::attr::kPasswordAlgorithm);
  if (!list && !chosen) return stun::PasswordAlgorithm::Md5;
  if (!list || !chosen) return std::nullopt;
  const auto number = stun::decodePasswordAlgorithm(*chosen);
  const bool same = std::equal(list->begin(), list->end(), kPasswordAlgorithms.begin(),
                               kPasswordAlgorithms.end());
  // Section 9.2.5: who uses them signs with SHA-256 only.
  if (!number || !same || request.integrity() != stun::Integrity::Sha256) return std::nullopt;
  if (*number != 1 && *number != 2) return std::nullopt;
  return static_cast<stun::PasswordAlgorithm>(*number);
}

CredentialPtr Authenticator::find(const stun::Message& request, std::string_view name,
                                  stun::PasswordAlgorithm algorithm, const Allocation* existing,
                                  std::optional<WallTime> wallNow) {
  const auto hmac = request.integrity() == stun::Integrity::Sha256 ? crypto::HmacAlgorithm::Sha256
                                                                   : crypto::HmacAlgorithm::Sha1;
  if (existing != nullptr) {
    const CredentialPtr& kept = existing->credential;
    const bool fits =
        kept->name == name && kept->key.algorithm() == algorithm && kept->hmacAlgorithm == hmac;
    if (fits && !existing->revoked && request.verify(kept->hmac)) return kept;
  }
  std::optional<WallTime> expiry;
  if (request.method() == stun::Method::Allocate) expiry = wallNow.value_or(WallTime::max());
  return store_.find(name, algorithm, hmac, expiry,
                     [&](Credential& c) { return request.verify(c.hmac); });
}

AuthResult Authenticator::check(const stun::Message& request, const Path& client,
                                const Allocation* existing, std::optional<WallTime> wallNow,
                                Time now) {
  AuthResult result;
  result.code = 401;
  if (request.integrity() == stun::Integrity::None) return result;

  const auto username = request.find(stun::attr::kUsername);
  const auto hash = request.find(stun::attr::kUserhash);
  const auto realm = request.find(stun::attr::kRealm);
  const auto nonce = request.find(stun::attr::kNonce);
  if ((!username && !hash) || !realm || !nonce) {
    result.code = 400;
    return result;
  }
  result.proven = nonces_.isValid(*nonce, client, now);
  if (!result.proven) {
    result.code = 438;
    return result;
  }
  const auto algorithm = algorithmOf(request);
  if (!algorithm) {
    result.code = 400;
    return result;
  }
  const std::string_view name = username ? asText(*username) : store_.nameOf(*hash);
  if (name.empty() || name.size() > kMaxUsernameLength || asText(*realm) != store_.realm()) {
    return result;
  }
  result.credential = find(request, name, *algorithm, existing, wallNow);
  if (result.credential == nullptr) return result;
  // RFC 8656 section 5: an allocation is its maker's. An Allocate over it is a 437 in any case.
  const bool other = existing != nullptr && existing->credential->name != name;
  result.code = other && request.method() != stun::Method::Allocate ? 441 : 0;
  return result;
}

}  // namespace parley::turn
