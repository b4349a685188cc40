// EC_KEY is deprecated, see newEcKey().
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/identity.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>
#include <ctime>
#include <vector>

#include "crypto/openssl_ptr.h"

namespace parley::crypto {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr std::string_view kName = "WebRTC";

// A key of the new kind is put into a certificate by encoding it and reading it again, which looks
// for decoders: 200 of 276 us of a certificate. OpenSSL 3.2 remembers them; before that a key of
// the old kind goes the short way.
EVP_PKEY* newEcKey() {
#if OPENSSL_VERSION_NUMBER < 0x30200000L
  PkeyPtr key(EVP_PKEY_new());
  EC_KEY* ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
  const bool made = key && ec != nullptr && EC_KEY_generate_key(ec) == 1;
  if (!made || EVP_PKEY_assign_EC_KEY(key.get(), ec) != 1) {
    EC_KEY_free(ec);
    return nullptr;
  }
  return key.release();
#else
  return EVP_EC_gen("P-256");
#endif
}

bool setSerial(X509* x) {
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return false;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3f) | 0x40);  // positive, never shorter
  const std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>> n(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  return n && BN_to_ASN1_INTEGER(n.get(), X509_get_serialNumber(x)) != nullptr;
}

bool setTime(ASN1_TIME* field, WallTime t) {
  return ASN1_TIME_set(field, static_cast<time_t>(unixSeconds(t))) != nullptr;
}

bool fill(X509* x, EVP_PKEY* key, WallTime notBefore, WallTime notAfter) {
  X509_NAME* subject = X509_get_subject_name(x);
  const auto* cn = reinterpret_cast<const unsigned char*>(kName.data());
  return X509_set_version(x, X509_VERSION_3) == 1 && setSerial(x) &&
         setTime(X509_getm_notBefore(x), notBefore) && setTime(X509_getm_notAfter(x), notAfter) &&
         X509_set_pubkey(x, key) == 1 &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, cn,
                                    static_cast<int>(kName.size()), -1, 0) == 1 &&
         X509_set_issuer_name(x, subject) == 1 && X509_sign(x, key, EVP_sha256()) > 0;
}

WallTime wallTime(const ASN1_TIME* t) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(t, &tm) != 1) return {};
  return wallTimeFromUnixSeconds(static_cast<std::int64_t>(timegm(&tm)));
}

bool usable(EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) return EVP_PKEY_get_bits(key) >= kMinRsaBits;
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
  char group[64] = {};
  if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) return false;
  const int nid = OBJ_sn2nid(group);
  return nid == NID_X9_62_prime256v1 || nid == NID_secp384r1;
}

std::string bioText(BIO* bio) {
  char* data = nullptr;
  const long n = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(n)};
}

}  // namespace

struct Identity::Impl {
  X509Ptr x509;
  PkeyPtr key;
  std::vector<std::uint8_t> der;
};

Result<Identity> Identity::make(void* x509, void* key) {
  auto impl = std::make_shared<Impl>();
  impl->x509.reset(static_cast<X509*>(x509));
  impl->key.reset(static_cast<EVP_PKEY*>(key));
  const int size = i2d_X509(impl->x509.get(), nullptr);
  if (size <= 0) return Error{ErrorCode::Crypto, "encode a certificate"};
  impl->der.resize(static_cast<std::size_t>(size));
  unsigned char* out = impl->der.data();
  i2d_X509(impl->x509.get(), &out);
  return Identity(std::move(impl));
}

Result<Identity> Identity::generate(KeyKind kind, WallTime notBefore, WallTime notAfter) {
  PkeyPtr key(kind == KeyKind::EcdsaP256 ? newEcKey()
                                         : EVP_RSA_gen(static_cast<unsigned>(kMinRsaBits)));
  X509Ptr x(X509_new());
  if (!key || !x || !fill(x.get(), key.get(), notBefore, notAfter)) {
    ERR_clear_error();
    return Error{ErrorCode::Crypto, "make a self-signed certificate"};
  }
  return make(x.release(), key.release());
}

Result<Identity> Identity::fromPem(std::string_view pem) {
  const auto noPassword = [](char*, int, int, void*) { return 0; };
  const BioPtr first(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr x(PEM_read_bio_X509(first.get(), nullptr, noPassword, nullptr));
  const BioPtr second(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PkeyPtr key(PEM_read_bio_PrivateKey(second.get(), nullptr, noPassword, nullptr));
  const bool match = x && key && X509_check_private_key(x.get(), key.get()) == 1;
  ERR_clear_error();
  if (!x) return Error{ErrorCode::Malformed, "read an identity: no PEM certificate"};
  if (!key) return Error{ErrorCode::Malformed, "read an identity: no PEM key without password"};
  if (!match) {
    return Error{ErrorCode::Invalid, "read an identity: the key is not that of the certificate"};
  }
  if (!usable(key.get())) {
    return Error{ErrorCode::Unsupported,
                 "read an identity: neither RSA of 2048 bits nor EC on P-256 or P-384"};
  }
  return make(x.release(), key.release());
}

std::string Identity::certificatePem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), impl_->x509.get());
  return bioText(bio.get());
}

std::string Identity::privateKeyPem() const {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), impl_->key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return bioText(bio.get());
}

ConstBytes Identity::der() const {
  return impl_->der;
}

Fingerprint Identity::fingerprint(FingerprintHash hash) const {
  return Fingerprint::of(hash, impl_->der);
}

WallTime Identity::notBefore() const {
  return wallTime(X509_get0_notBefore(impl_->x509.get()));
}

WallTime Identity::notAfter() const {
  return wallTime(X509_get0_notAfter(impl_->x509.get()));
}

void* Identity::x509() const {
  return impl_->x509.get();
}

void* Identity::key() const {
  return impl_->key.get();
}

}  // namespace parley::crypto
