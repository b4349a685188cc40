// What TLS sessions of one listener (or one kind of client) share: certificate, ALPN, versions.
//
// Shared by threads: sessions take the certificate that stands when they begin, and
// replaceCertificate() changes it for the sessions that begin later, without a restart. TLS 1.2 is
// the minimum (RFC 8996), renegotiation and compression are off.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace parley::driver {

struct TlsServerOptions {
  std::string certificateChainPem;  // leaf first
  std::string privateKeyPem;        // secret: never logged
  // In order of preference. Empty: what a client offers is ignored. Else a client that offers
  // protocols of which none is here is refused (RFC 7301 section 3.2).
  std::vector<std::string> alpn;
};

// SHA-256 of a certificate, or of its public key (SubjectPublicKeyInfo), in DER.
using TlsPin = std::array<std::uint8_t, 32>;
// "sha256:" or "sha256/" or nothing, then 64 hexadecimal digits (colons between them are skipped)
// or 44 characters of base64.
std::optional<TlsPin> parseTlsPin(std::string_view text);

struct TlsClientOptions {
  std::string trustedPem;  // certificates of authorities; empty: the system's
  bool verify = true;
  std::vector<std::string> alpn{};
  // Not empty: the server's certificate must be one of these, and nothing else counts: neither
  // authorities, nor its name, nor its dates. `verify` makes no difference then.
  std::vector<TlsPin> pins{};
};

class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> server(const TlsServerOptions& options);
  static Result<std::shared_ptr<TlsContext>> client(const TlsClientOptions& options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Servers only. On an error the old certificate stays.
  Status replaceCertificate(std::string_view chainPem, std::string_view privateKeyPem);

  bool isServer() const { return server_; }

 private:
  friend class TlsSession;
  TlsContext(bool server, const std::vector<std::string>& alpn);
  Result<void*> makeServerContext(std::string_view chainPem, std::string_view privateKeyPem) const;
  void* newSession() const;  // an SSL* with its own reference to the context of this moment

  const bool server_;
  static int checkPin(void* store, void* context);

  std::vector<TlsPin> pins_;            // immutable after the factory
  std::vector<std::uint8_t> alpnWire_;  // length-prefixed names; immutable after the factory
  mutable std::mutex mutex_;
  void* context_ = nullptr;  // SSL_CTX, guarded by mutex_
};

}  // namespace parley::driver
