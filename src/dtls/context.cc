#include "dtls/context.h"

#include "base/check.h"
#include "dtls/handshake.h"
#include "dtls/openssl_ptr.h"

namespace parley::dtls {
namespace {

// ECDSA first: our own certificates are that, and signing costs a tenth of RSA's.
constexpr const char* kCipherSuites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr const char* kSignatures =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";
// What a peer's certificate message may claim; OpenSSL keeps parts of up to ten messages that came
// too early, each of this size at most.
constexpr long kMaxCertificateBytes = 16 * 1024;
constexpr std::uint64_t kOptions = SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET |
                                   SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_NO_ENCRYPT_THEN_MAC | SSL_OP_CIPHER_SERVER_PREFERENCE;

}  // namespace

struct Context::Impl {
  SslCtxPtr ctx;
};

Context::Context() : impl_(std::make_unique<Impl>()) {
  impl_->ctx.reset(SSL_CTX_new(DTLS_method()));
  SSL_CTX* ctx = impl_->ctx.get();
  PARLEY_CHECK(ctx != nullptr);
  // 112 bits, whatever the machine's configuration file says.
  SSL_CTX_set_security_level(ctx, 2);
  // Records after the handshake are our own, and know DTLS 1.2.
  const bool ok = SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) == 1 &&
                  SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) == 1 &&
                  SSL_CTX_set_cipher_list(ctx, kCipherSuites) == 1 &&
                  SSL_CTX_set1_groups_list(ctx, kGroups) == 1 &&
                  SSL_CTX_set1_sigalgs_list(ctx, kSignatures) == 1;
  PARLEY_CHECK(ok);
  SSL_CTX_set_options(ctx, kOptions);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_cert_list(ctx, kMaxCertificateBytes);
  Handshake::prepare(ctx);
}

Context::~Context() = default;

void* Context::newSsl() const {
  return SSL_new(impl_->ctx.get());
}

}  // namespace parley::dtls
