#include "crypto/signature.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <climits>

#include "crypto/openssl_ptr.h"

namespace parley::crypto {
namespace {

constexpr std::size_t kEs256Half = 32;  // RFC 7518 section 3.4
constexpr int kMinRsaBits = 2048;       // RFC 7518 section 3.3

PkeyPtr readAny(std::string_view pem, bool& isPrivate) {
  const auto open = [&] {
    return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  };
  // A password callback that answers nothing: never prompt on a terminal.
  const auto noPassword = [](char*, int, int, void*) { return 0; };
  isPrivate = true;
  PkeyPtr key(PEM_read_bio_PrivateKey(open().get(), nullptr, noPassword, nullptr));
  if (key) return key;
  isPrivate = false;
  key.reset(PEM_read_bio_PUBKEY(open().get(), nullptr, noPassword, nullptr));
  if (key) return key;
  const X509Ptr certificate(PEM_read_bio_X509(open().get(), nullptr, noPassword, nullptr));
  if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  return key;
}

std::vector<std::uint8_t> derToRaw(ConstBytes der) {
  const unsigned char* p = der.data();
  const EcdsaSigPtr sig(d2i_ECDSA_SIG(nullptr, &p, static_cast<long>(der.size())));
  std::vector<std::uint8_t> raw(2 * kEs256Half);
  if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig.get()), raw.data(), kEs256Half) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(sig.get()), raw.data() + kEs256Half, kEs256Half) < 0) {
    return {};
  }
  return raw;
}

std::vector<std::uint8_t> rawToDer(ConstBytes raw) {
  if (raw.size() != 2 * kEs256Half) return {};
  const EcdsaSigPtr sig(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(raw.data(), kEs256Half, nullptr);
  BIGNUM* s = BN_bin2bn(raw.data() + kEs256Half, kEs256Half, nullptr);
  if (!sig || ECDSA_SIG_set0(sig.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* out = nullptr;
  const int n = i2d_ECDSA_SIG(sig.get(), &out);
  if (n <= 0) return {};
  std::vector<std::uint8_t> der(out, out + n);
  OPENSSL_free(out);
  return der;
}

EVP_PKEY* pkey(const std::shared_ptr<void>& key) {
  return static_cast<EVP_PKEY*>(key.get());
}

}  // namespace

Result<SignatureKey> SignatureKey::fromPem(std::string_view pem) {
  if (pem.size() > INT_MAX) return Error{ErrorCode::Limit, "read key"};
  bool isPrivate = false;
  PkeyPtr key = readAny(pem, isPrivate);
  ERR_clear_error();
  if (!key)
    return Error{ErrorCode::Malformed, "read key: no PEM key or certificate without password"};
  const int type = EVP_PKEY_get_base_id(key.get());
  SignatureAlgorithm algorithm = SignatureAlgorithm::Rs256;
  if (type == EVP_PKEY_EC) {
    char group[64] = {};
    if (EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr) != 1 ||
        OBJ_sn2nid(group) != NID_X9_62_prime256v1) {
      return Error{ErrorCode::Unsupported, "read key: an EC key must be on the curve P-256"};
    }
    algorithm = SignatureAlgorithm::Es256;
  } else if (type != EVP_PKEY_RSA) {
    return Error{ErrorCode::Unsupported, "read key: neither RSA nor EC"};
  } else if (EVP_PKEY_get_bits(key.get()) < kMinRsaBits) {
    return Error{ErrorCode::Unsupported, "read key: an RSA key must have 2048 bits or more",
                 EVP_PKEY_get_bits(key.get())};
  }
  std::shared_ptr<void> shared(key.release(),
                               [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); });
  return SignatureKey(std::move(shared), algorithm, isPrivate);
}

bool SignatureKey::verify(ConstBytes data, ConstBytes signature) const {
  std::vector<std::uint8_t> der;
  if (algorithm_ == SignatureAlgorithm::Es256) {
    der = rawToDer(signature);
    if (der.empty()) return false;
    signature = der;
  }
  const MdCtxPtr context(EVP_MD_CTX_new());
  const bool ok =
      context &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey(key_)) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), data.data(),
                       data.size()) == 1;
  ERR_clear_error();
  return ok;
}

Result<std::vector<std::uint8_t>> SignatureKey::sign(ConstBytes data) const {
  if (!private_) return Error{ErrorCode::Invalid, "sign with a public key"};
  const MdCtxPtr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, pkey(key_)) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data.data(), data.size()) != 1) {
    return Error{ErrorCode::Crypto, "sign"};
  }
  std::vector<std::uint8_t> out(size);
  if (EVP_DigestSign(context.get(), out.data(), &size, data.data(), data.size()) != 1) {
    return Error{ErrorCode::Crypto, "sign"};
  }
  out.resize(size);
  if (algorithm_ == SignatureAlgorithm::Es256) out = derToRaw(out);
  if (out.empty()) return Error{ErrorCode::Crypto, "sign"};
  return out;
}

}  // namespace parley::crypto
