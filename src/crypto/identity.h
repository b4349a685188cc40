// A certificate with its private key: who a DTLS endpoint is. Immutable and shared by copies, so
// one identity serves any number of sessions on any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "crypto/fingerprint.h"

namespace parley::crypto {

// What W3C's generateCertificate must offer (webrtc-pc section 4.9): ECDSA on P-256, and
// RSASSA-PKCS1-v1_5 with 2048 bits.
enum class KeyKind : std::uint8_t { EcdsaP256, Rsa2048 };

class Identity {
 public:
  // Self-signed, with a random serial number and the name that every browser uses, so that the
  // certificate does not tell one endpoint from another.
  static Result<Identity> generate(KeyKind kind, WallTime notBefore, WallTime notAfter);
  // A certificate and its private key, in one text and any order. No password; RSA from 2048 bits,
  // EC on P-256 or P-384. Of several certificates the first counts: DTLS in WebRTC has no chain.
  static Result<Identity> fromPem(std::string_view pem);

  std::string certificatePem() const;
  std::string privateKeyPem() const;  // secret: never logged, written with mode 0600

  ConstBytes der() const;  // of the certificate
  Fingerprint fingerprint(FingerprintHash hash = FingerprintHash::Sha256) const;
  WallTime notBefore() const;
  WallTime notAfter() const;

  // For the DTLS layer: OpenSSL's X509 and EVP_PKEY.
  void* x509() const;
  void* key() const;

 private:
  struct Impl;
  explicit Identity(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
  static Result<Identity> make(void* x509, void* key);

  std::shared_ptr<const Impl> impl_;
};

}  // namespace parley::crypto
