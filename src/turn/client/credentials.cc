#include "turn/client/credentials.h"

#include "base/base64.h"
#include "stun/attributes.h"

namespace parley::turn::client {

namespace attr = stun::attr;

namespace {

// RFC 8489 section 9.2: the nonce cookie, then 24 bits of features in base64; bit 0 is the leftmost
// (section 18.1).
constexpr std::string_view kNonceCookie = "obMatJos2";
constexpr std::size_t kFeatureText = 4;
constexpr std::uint8_t kPasswordAlgorithmsBit = 0x80;
constexpr std::uint8_t kUsernameAnonymityBit = 0x40;

std::uint8_t securityFeatures(std::string_view nonce) {
  if (nonce.substr(0, kNonceCookie.size()) != kNonceCookie) return 0;
  const auto bits = base64Decode(nonce.substr(kNonceCookie.size(), kFeatureText));
  return bits && bits->size() == 3 ? bits->front() : std::uint8_t{0};
}

// The first of the server's list that we know (section 9.2.5), both of which have no parameters.
std::optional<stun::PasswordAlgorithm> firstKnown(ConstBytes list) {
  ByteReader r(list);
  while (r.remaining() != 0) {
    const std::uint16_t number = r.u16();
    const std::uint16_t parameters = r.u16();
    r.skip((parameters + std::size_t{3}) & ~std::size_t{3});
    if (!r.ok()) return std::nullopt;
    if (parameters != 0) continue;
    if (number == static_cast<std::uint16_t>(stun::PasswordAlgorithm::Md5))
      return stun::PasswordAlgorithm::Md5;
    if (number == static_cast<std::uint16_t>(stun::PasswordAlgorithm::Sha256))
      return stun::PasswordAlgorithm::Sha256;
  }
  return std::nullopt;
}

}  // namespace

Credentials::~Credentials() {
  crypto::cleanse({reinterpret_cast<std::uint8_t*>(password_.data()), password_.size()});
}

Credentials::Challenge Credentials::handleChallenge(const stun::Message& answer, std::uint16_t code,
                                                    bool wasSigned) {
  const auto nonce = answer.find(attr::kNonce);
  const auto realm = answer.find(attr::kRealm);
  const auto list = answer.find(attr::kPasswordAlgorithms);
  if (!nonce || nonce->empty() || nonce->size() > kMaxNonce) return Challenge::Malformed;
  // A 438 need not repeat the realm that the request named.
  if (realm ? realm->size() > kMaxRealm : !canSign()) return Challenge::Malformed;
  const std::uint8_t features = securityFeatures(asText(*nonce));
  if ((features & kPasswordAlgorithmsBit) != 0 && !list) return Challenge::Tampered;

  auto algorithm = std::optional(stun::PasswordAlgorithm::Md5);
  if (list) {
    algorithm = list->size() <= kMaxAlgorithmList ? firstKnown(*list) : std::nullopt;
    if (!algorithm) return Challenge::Unsupported;
  }
  const bool sameRealm = !realm || asText(*realm) == realm_;
  // Section 9.2.5: not again with what was refused. Another nonce alone changes nothing.
  if (code == 401 && wasSigned && sameRealm) return Challenge::Refused;

  nonce_ = asText(*nonce);
  hashesName_ = (features & kUsernameAnonymityBit) != 0;
  const bool sameKey =
      canSign() && sameRealm && *algorithm == algorithm_ && list.has_value() == !offered_.empty();
  if (list)
    offered_.assign(list->begin(), list->end());
  else
    offered_.clear();
  if (sameKey) return Challenge::Accepted;
  if (realm) realm_ = asText(*realm);
  algorithm_ = *algorithm;
  makeKey();
  return Challenge::Accepted;
}

void Credentials::makeKey() {
  const stun::LongTermKey key(algorithm_, username_, realm_, password_);
  // Section 9.2.5: who was offered algorithms signs with SHA-256, whatever the key is made with.
  key_.emplace(offered_.empty() ? crypto::HmacAlgorithm::Sha1 : crypto::HmacAlgorithm::Sha256,
               key.bytes());
}

void Credentials::sign(stun::MessageWriter& w) {
  if (hashesName_)
    w.attribute(attr::kUserhash, stun::userhash(username_, realm_));
  else
    w.text(attr::kUsername, username_);
  w.text(attr::kRealm, realm_);
  w.text(attr::kNonce, nonce_);
  if (!offered_.empty()) {
    w.attribute(attr::kPasswordAlgorithms, offered_);
    w.u32(attr::kPasswordAlgorithm, std::uint32_t{static_cast<std::uint16_t>(algorithm_)} << 16);
  }
  w.integrity(*key_);
}

bool Credentials::isGenuine(const stun::Message& answer) {
  const auto nonce = answer.find(attr::kNonce);
  if (nonce && (securityFeatures(asText(*nonce)) & kPasswordAlgorithmsBit) != 0 &&
      !answer.has(attr::kPasswordAlgorithms)) {
    return false;
  }
  return answer.verify(*key_);
}

}  // namespace parley::turn::client
