// What TLS sessions of one listener (or one kind of client) share: certificate, ALPN, versions.
//
// Shared by threads: sessions take the certificate that stands when they begin, and
// replaceCertificate() changes it for the sessions that begin later, without a restart. TLS 1.2 is
// the minimum (RFC 8996), renegotiation and compression are off.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
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

struct TlsClientOptions {
  std::string trustedPem;  // certificates of authorities; empty: the system's
  bool verify = true;
  std::vector<std::string> alpn;
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
  std::vector<std::uint8_t> alpnWire_;  // length-prefixed names; immutable after the factory
  mutable std::mutex mutex_;
  void* context_ = nullptr;  // SSL_CTX, guarded by mutex_
};

}  // namespace parley::driver
