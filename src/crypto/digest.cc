#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/check.h"
#include "crypto/openssl_ptr.h"

namespace parley::crypto {
namespace {

template <class Digest>
Digest digest(const char* algorithm, ConstBytes data) {
  Digest out{};
  std::size_t size = 0;
  const int ok =
      EVP_Q_digest(nullptr, algorithm, nullptr, data.data(), data.size(), out.data(), &size);
  PARLEY_CHECK(ok == 1 && size == out.size());
  return out;
}

}  // namespace

Md5Digest md5(ConstBytes data) {
  return digest<Md5Digest>("MD5", data);
}
Sha1Digest sha1(ConstBytes data) {
  return digest<Sha1Digest>("SHA1", data);
}
Sha256Digest sha256(ConstBytes data) {
  return digest<Sha256Digest>("SHA256", data);
}

struct Sha256::State {
  MdCtxPtr context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  PARLEY_CHECK(state_->context && EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr));
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ConstBytes data) {
  PARLEY_CHECK(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1);
}
Sha256Digest Sha256::finish() {
  Sha256Digest out{};
  unsigned size = 0;
  PARLEY_CHECK(EVP_DigestFinal_ex(state_->context.get(), out.data(), &size) == 1 &&
               size == out.size());
  return out;
}

bool constantTimeEqual(ConstBytes a, ConstBytes b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void cleanse(Bytes secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace parley::crypto
