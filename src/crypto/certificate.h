// X.509 certificates: making a self-signed one, and reading what a configuration check must say.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"

namespace parley::crypto {

struct PemCertificate {
  std::string certificate;
  std::string privateKey;  // secret: never logged, written with mode 0600
};

struct SelfSignedOptions {
  std::string commonName = "parley";
  std::vector<std::string> dnsNames;
  std::vector<IpAddress> ipAddresses;
  WallTime notBefore;
  WallTime notAfter;
};

// ECDSA P-256 with subjectAltName for every name and address.
Result<PemCertificate> makeSelfSigned(const SelfSignedOptions& options);

struct CertificateInfo {
  std::string subject;
  bool selfSigned = false;
  WallTime notBefore;
  WallTime notAfter;
  std::vector<std::string> dnsNames;
  std::vector<IpAddress> ipAddresses;
  std::string sha256Fingerprint;  // RFC 8122 form: "AB:CD:…"

  bool covers(std::string_view host) const;  // RFC 6125: exact, or one left-most wildcard label
};

// The first certificate of a PEM text.
Result<CertificateInfo> readCertificate(std::string_view pem);
// Whether the private key belongs to the first certificate.
bool keyMatches(std::string_view certificatePem, std::string_view keyPem);

}  // namespace parley::crypto
