#include "crypto/certificate.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include "crypto/openssl_ptr.h"

namespace parley::crypto {
namespace {

using Asn1TimePtr = std::unique_ptr<ASN1_TIME, OpenSslDeleter<ASN1_TIME_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpenSslDeleter<GENERAL_NAMES_free>>;

std::string bioText(BIO* bio) {
  char* data = nullptr;
  const long n = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(n)};
}

bool addName(GENERAL_NAMES* names, int type, ConstBytes value) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_STRING* text = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
  if (name == nullptr || text == nullptr ||
      ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) != 1) {
    GENERAL_NAME_free(name);
    ASN1_STRING_free(text);
    return false;
  }
  GENERAL_NAME_set0_value(name, type, text);
  return sk_GENERAL_NAME_push(names, name) > 0;
}

bool setAltNames(X509* x, const SelfSignedOptions& options) {
  const NamesPtr names(GENERAL_NAMES_new());
  if (!names) return false;
  for (const std::string& dns : options.dnsNames) {
    if (!addName(names.get(), GEN_DNS, asBytes(dns))) return false;
  }
  for (const IpAddress& ip : options.ipAddresses) {
    if (!addName(names.get(), GEN_IPADD, ip.bytes())) return false;
  }
  if (sk_GENERAL_NAME_num(names.get()) == 0) return true;
  return X509_add1_ext_i2d(x, NID_subject_alt_name, names.get(), 0, 0) == 1;
}

bool setTime(ASN1_TIME* field, WallTime t) {
  return ASN1_TIME_set(field, static_cast<time_t>(unixSeconds(t))) != nullptr;
}

bool setSerial(X509* x) {
  std::array<unsigned char, 16> serial{};
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return false;
  serial[0] &= 0x7f;  // positive (RFC 5280 section 4.1.2.2)
  const std::unique_ptr<BIGNUM, OpenSslDeleter<BN_free>> n(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  return n && BN_to_ASN1_INTEGER(n.get(), X509_get_serialNumber(x)) != nullptr;
}

bool fill(X509* x, EVP_PKEY* key, const SelfSignedOptions& options) {
  X509_NAME* subject = X509_get_subject_name(x);
  const auto* cn = reinterpret_cast<const unsigned char*>(options.commonName.c_str());
  return X509_set_version(x, X509_VERSION_3) == 1 && setSerial(x) &&
         setTime(X509_getm_notBefore(x), options.notBefore) &&
         setTime(X509_getm_notAfter(x), options.notAfter) && X509_set_pubkey(x, key) == 1 &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, cn, -1, -1, 0) == 1 &&
         X509_set_issuer_name(x, subject) == 1 && setAltNames(x, options) &&
         X509_sign(x, key, EVP_sha256()) > 0;
}

WallTime wallTime(const ASN1_TIME* t) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(t, &tm) != 1) return {};
  return wallTimeFromUnixSeconds(static_cast<std::int64_t>(timegm(&tm)));
}

X509Ptr readX509(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509Ptr x(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return x;
}

std::string fingerprint(const X509* x) {
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  if (X509_digest(x, EVP_sha256(), digest.data(), &size) != 1) return {};
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char b : digest) {
    if (!out.empty()) out += ':';
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

void readAltNames(const X509* x, CertificateInfo& info) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* n = sk_GENERAL_NAME_value(names.get(), i);
    if (n->type == GEN_DNS) {
      const ConstBytes text(ASN1_STRING_get0_data(n->d.dNSName),
                            static_cast<std::size_t>(ASN1_STRING_length(n->d.dNSName)));
      info.dnsNames.emplace_back(asText(text));
    } else if (n->type == GEN_IPADD) {
      const unsigned char* b = ASN1_STRING_get0_data(n->d.iPAddress);
      const int size = ASN1_STRING_length(n->d.iPAddress);
      if (size == 4) info.ipAddresses.push_back(IpAddress::v4(b[0], b[1], b[2], b[3]));
      if (size == 16) {
        std::array<std::uint8_t, 16> v6{};
        std::copy_n(b, 16, v6.begin());
        info.ipAddresses.push_back(IpAddress::v6(v6));
      }
    }
  }
}

bool equalIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

Result<PemCertificate> makeSelfSigned(const SelfSignedOptions& options) {
  const PkeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr x(X509_new());
  if (!key || !x || !fill(x.get(), key.get(), options)) {
    ERR_clear_error();
    return Error{ErrorCode::Crypto, "make a self-signed certificate"};
  }
  const BioPtr certificate(BIO_new(BIO_s_mem()));
  const BioPtr secret(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate.get(), x.get()) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1) {
    return Error{ErrorCode::Crypto, "write a self-signed certificate"};
  }
  return PemCertificate{bioText(certificate.get()), bioText(secret.get())};
}

bool CertificateInfo::covers(std::string_view host) const {
  if (const auto ip = IpAddress::parse(host)) {
    return std::find(ipAddresses.begin(), ipAddresses.end(), *ip) != ipAddresses.end();
  }
  return std::any_of(dnsNames.begin(), dnsNames.end(), [host](const std::string& name) {
    if (!name.starts_with("*.")) return equalIgnoringCase(name, host);
    const std::size_t dot = host.find('.');
    return dot != std::string_view::npos && dot != 0 &&
           equalIgnoringCase(std::string_view(name).substr(1), host.substr(dot));
  });
}

Result<CertificateInfo> readCertificate(std::string_view pem) {
  const X509Ptr x = readX509(pem);
  if (!x) return Error{ErrorCode::Malformed, "read certificate: no PEM certificate"};
  CertificateInfo info;
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(x.get()), 0, XN_FLAG_ONELINE);
  info.subject = bioText(bio.get());
  info.selfSigned =
      X509_NAME_cmp(X509_get_subject_name(x.get()), X509_get_issuer_name(x.get())) == 0;
  info.notBefore = wallTime(X509_get0_notBefore(x.get()));
  info.notAfter = wallTime(X509_get0_notAfter(x.get()));
  info.sha256Fingerprint = fingerprint(x.get());
  readAltNames(x.get(), info);
  return info;
}

bool keyMatches(std::string_view certificatePem, std::string_view keyPem) {
  const X509Ptr x = readX509(certificatePem);
  const BioPtr bio(BIO_new_mem_buf(keyPem.data(), static_cast<int>(keyPem.size())));
  const auto noPassword = [](char*, int, int, void*) { return 0; };
  const PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, noPassword, nullptr));
  const bool ok = x && key && X509_check_private_key(x.get(), key.get()) == 1;
  ERR_clear_error();
  return ok;
}

}  // namespace parley::crypto
