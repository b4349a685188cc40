#include "crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>

#include "base/check.h"

namespace parley::crypto {
namespace {

EVP_MAC* hmacMethod() {
  static EVP_MAC* const method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  return method;
}

EVP_MAC_CTX* context(void* p) {
  return static_cast<EVP_MAC_CTX*>(p);
}

}  // namespace

void HmacKey::Deleter::operator()(void* c) const {
  EVP_MAC_CTX_free(context(c));
}

HmacKey::HmacKey(HmacAlgorithm algorithm, ConstBytes key)
    : algorithm_(algorithm), context_(EVP_MAC_CTX_new(hmacMethod())) {
  PARLEY_CHECK(context_ != nullptr);
  char sha1Name[] = "SHA1";
  char sha256Name[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                       algorithm == HmacAlgorithm::Sha1 ? sha1Name : sha256Name, 0),
      OSSL_PARAM_construct_end()};
  // OpenSSL takes a null key for "keep the last one": an empty key needs an address.
  static constexpr std::uint8_t kNoBytes = 0;
  const std::uint8_t* data = key.empty() ? &kNoBytes : key.data();
  PARLEY_CHECK(EVP_MAC_init(context(context_.get()), data, key.size(), params) == 1);
}

HmacKey::~HmacKey() = default;
HmacKey::HmacKey(HmacKey&&) noexcept = default;
HmacKey& HmacKey::operator=(HmacKey&&) noexcept = default;

void HmacKey::sign(ConstBytes first, ConstBytes second, Bytes out) {
  PARLEY_CHECK(out.size() >= size());
  EVP_MAC_CTX* c = context(context_.get());
  std::size_t written = 0;
  const bool ok = EVP_MAC_init(c, nullptr, 0, nullptr) == 1 &&
                  EVP_MAC_update(c, first.data(), first.size()) == 1 &&
                  EVP_MAC_update(c, second.data(), second.size()) == 1 &&
                  EVP_MAC_final(c, out.data(), &written, out.size()) == 1;
  PARLEY_CHECK(ok && written == size());
}

bool HmacKey::verify(ConstBytes first, ConstBytes second, ConstBytes tag, std::size_t minimum) {
  if (tag.size() > size() || tag.size() < (minimum == 0 ? size() : minimum)) return false;
  std::array<std::uint8_t, 32> expected{};
  sign(first, second, expected);
  return constantTimeEqual(ConstBytes(expected).first(tag.size()), tag);
}

Sha1Digest hmacSha1(ConstBytes key, ConstBytes data) {
  Sha1Digest out{};
  HmacKey(HmacAlgorithm::Sha1, key).sign(data, {}, out);
  return out;
}

Sha256Digest hmacSha256(ConstBytes key, ConstBytes data) {
  Sha256Digest out{};
  HmacKey(HmacAlgorithm::Sha256, key).sign(data, {}, out);
  return out;
}

}  // namespace parley::crypto
