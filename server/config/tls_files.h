// The certificate of the server: the operator's, or a self-signed one that is made once, kept in
// the state directory and made anew when its names or its time no longer fit.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "server/config/load.h"
#include "server/config/state_dir.h"

namespace parley::server {

struct TlsMaterial {
  std::string certificatePem;
  Secret keyPem;
  crypto::CertificateInfo info;
  bool trusted = false;  // clients may be expected to trust it: not self-signed
};

struct CertificateNames {
  std::vector<std::string> dns;
  std::vector<IpAddress> ips;
};

inline constexpr Duration kSelfSignedLife = 800 * 24h;  // Apple's systems refuse more than 825 days
inline constexpr Duration kRenewBefore = 30 * 24h;

// tls-cert and tls-key: readable, a pair, and valid now.
Result<TlsMaterial, ConfigError> loadCertificate(const std::string& certFile,
                                                 const std::string& keyFile, WallTime now);
Result<TlsMaterial, ConfigError> selfSigned(const StateDir& state, const CertificateNames& names,
                                            WallTime now);

}  // namespace parley::server
