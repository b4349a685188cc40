// What all DTLS sessions share: one SSL_CTX with the versions, cipher suites, groups and limits
// that we offer. Certificates are set per session. Made once, kept as long as its sessions; several
// threads may make sessions of one Context.
//
// DTLS 1.2 with forward secrecy and AEAD only: what RFC 8827 section 6.5 demands
// (TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256), its RSA form, AES-256-GCM and ChaCha20-Poly1305. No
// session is ever resumed, no ticket given, no renegotiation answered, no compression.
#pragma once

#include <memory>

namespace parley::dtls {

class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void* newSsl() const;  // OpenSSL's SSL, owned by the caller

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::dtls
