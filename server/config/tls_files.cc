#include "server/config/tls_files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "server/config/values.h"

namespace parley::server {
namespace {

constexpr std::size_t kMaxPem = 1024 * 1024;
constexpr std::string_view kFile = "self-signed.pem";  // certificate and key in one: never half new
constexpr std::string_view kKeyBegins = "-----BEGIN PRIVATE KEY-----";

std::string day(WallTime t) {
  const std::time_t seconds = static_cast<std::time_t>(unixSeconds(t));
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc);
  return text;
}

ConfigError unreadable(const char* key, const std::string& file) {
  return {key, file, "", "cannot be read: " + std::string(std::strerror(errno)),
          "check the path and that this user may read it"};
}

bool coversAll(const crypto::CertificateInfo& info, const CertificateNames& names) {
  const auto hasIp = [&](const IpAddress& ip) {
    return std::find(info.ipAddresses.begin(), info.ipAddresses.end(), ip) !=
           info.ipAddresses.end();
  };
  return std::all_of(names.dns.begin(), names.dns.end(),
                     [&](const std::string& name) { return info.covers(name); }) &&
         std::all_of(names.ips.begin(), names.ips.end(), hasIp);
}

std::optional<TlsMaterial> kept(const StateDir& state, const CertificateNames& names,
                                WallTime now) {
  const auto text = state.read(kFile);
  if (!text) return {};
  const std::size_t key = text->find(kKeyBegins);
  if (key == std::string::npos) return {};
  TlsMaterial out;
  out.certificatePem = text->substr(0, key);
  out.keyPem = Secret(text->substr(key));
  auto info = crypto::readCertificate(out.certificatePem);
  if (!info || !crypto::keyMatches(out.certificatePem, out.keyPem.reveal())) return {};
  if (info->notBefore > now || info->notAfter - kRenewBefore < now) return {};
  if (!coversAll(*info, names)) return {};
  out.info = std::move(*info);
  return out;
}

}  // namespace

Result<TlsMaterial, ConfigError> loadCertificate(const std::string& certFile,
                                                 const std::string& keyFile, WallTime now) {
  const auto certificate = readFile(certFile, kMaxPem);
  if (!certificate) return unreadable("tls-cert", certFile);
  const auto key = readFile(keyFile, kMaxPem);
  if (!key) return unreadable("tls-key", keyFile);
  const auto info = crypto::readCertificate(*certificate);
  if (!info) {
    return ConfigError{"tls-cert", certFile, "", "holds no certificate",
                       "give a PEM file that begins with BEGIN CERTIFICATE"};
  }
  if (!crypto::keyMatches(*certificate, *key)) {
    return ConfigError{"tls-key", keyFile, "", "does not belong to the certificate " + certFile,
                       "give the key that the first certificate of tls-cert was made with"};
  }
  if (info->notAfter < now) {
    return ConfigError{"tls-cert", certFile, "", "expired on " + day(info->notAfter),
                       "renew the certificate"};
  }
  if (info->notBefore > now) {
    return ConfigError{"tls-cert", certFile, "", "is valid only from " + day(info->notBefore),
                       "check the clock of this machine"};
  }
  return TlsMaterial{*certificate, Secret(*key), *info, !info->selfSigned};
}

Result<TlsMaterial, ConfigError> selfSigned(const StateDir& state, const CertificateNames& names,
                                            WallTime now) {
  if (auto old = kept(state, names, now)) return std::move(*old);
  crypto::SelfSignedOptions options;
  options.commonName = names.dns.empty() ? "parley" : names.dns.front();
  options.dnsNames = names.dns;
  options.ipAddresses = names.ips;
  options.notBefore = now - 24h;  // clients whose clock is behind
  options.notAfter = options.notBefore + kSelfSignedLife;
  const auto made = crypto::makeSelfSigned(options);
  if (!made) {
    return ConfigError{"tls-self-signed", "true", "", "failed: " + made.error().describe(),
                       "give tls-cert and tls-key instead"};
  }
  const auto info = crypto::readCertificate(made->certificate);
  if (!info) {
    return ConfigError{"tls-self-signed", "true", "", "failed: " + info.error().describe(),
                       "give tls-cert and tls-key instead"};
  }
  if (auto error = state.write(kFile, made->certificate + made->privateKey)) return *error;
  return TlsMaterial{made->certificate, Secret(made->privateKey), *info, false};
}

}  // namespace parley::server
