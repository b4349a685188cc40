// RTCCertificate (webrtc-pc section 4.10.2): the certificate that a connection shows in DTLS.
// A cheap copyable handle; immutable, thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parley/error.h"

namespace parley {

namespace api {
struct CertificateData;
}

// RTCDtlsFingerprint (RFC 8122).
struct DtlsFingerprint {
  std::string algorithm;  // "sha-256"
  std::string value;      // "AB:CD:…"
  friend bool operator==(const DtlsFingerprint&, const DtlsFingerprint&) = default;
};

class Certificate {
 public:
  // No certificate; a connection makes its own.
  Certificate() = default;

  // Self-signed ECDSA on P-256, the W3C's default. At most 365 days (webrtc-pc section 4.10.2).
  static Expected<Certificate> generate(std::chrono::seconds lifetime = std::chrono::hours(24 *
                                                                                           30));
  // Certificate and its private key; for those that must outlive the process.
  static Expected<Certificate> fromPem(std::string_view certificate, std::string_view privateKey);

  explicit operator bool() const { return data_ != nullptr; }
  std::chrono::system_clock::time_point expires() const;
  std::vector<DtlsFingerprint> getFingerprints() const;
  std::string certificatePem() const;
  std::string privateKeyPem() const;  // secret

  friend bool operator==(const Certificate&, const Certificate&) = default;  // the same one

 private:
  friend struct api::CertificateData;
  explicit Certificate(std::shared_ptr<const api::CertificateData> data) : data_(std::move(data)) {}
  std::shared_ptr<const api::CertificateData> data_;
};

}  // namespace parley
