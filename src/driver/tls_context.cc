#include "driver/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/check.h"
#include "crypto/digest.h"
#include "driver/openssl_ptr.h"

namespace parley::driver {
namespace {

constexpr std::size_t kMaxAlpnName = 255;  // RFC 7301 section 3.1: one length byte

int noPassword(char*, int, int, void*) {
  return 0;  // an encrypted key is an error, not a question on the terminal
}

Error tlsError(const char* what) {
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  ERR_clear_error();
  return {ErrorCode::Crypto, what, reason};
}

SslCtxPtr newContext(bool server) {
  SslCtxPtr ctx(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
  if (!ctx) return ctx;
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Tickets resume a session without memory here.
  SSL_CTX_set_session_cache_mode(ctx.get(), SSL_SESS_CACHE_OFF);
  return ctx;
}

BioPtr pemBio(std::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Status useCertificate(SSL_CTX* ctx, std::string_view chainPem, std::string_view keyPem) {
  const BioPtr chain = pemBio(chainPem);
  const X509Ptr leaf(PEM_read_bio_X509(chain.get(), nullptr, noPassword, nullptr));
  if (!leaf || SSL_CTX_use_certificate(ctx, leaf.get()) != 1) {
    return tlsError("read the TLS certificate");
  }
  while (X509* next = PEM_read_bio_X509(chain.get(), nullptr, noPassword, nullptr)) {
    if (SSL_CTX_add0_chain_cert(ctx, next) != 1) {
      X509_free(next);
      return tlsError("read the TLS certificate chain");
    }
  }
  ERR_clear_error();  // the end of the text is reported as "no start line"
  const BioPtr keyText = pemBio(keyPem);
  const PkeyPtr key(PEM_read_bio_PrivateKey(keyText.get(), nullptr, noPassword, nullptr));
  if (!key) return tlsError("read the TLS private key");
  if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
    return tlsError("match the TLS private key with its certificate");
  }
  return Ok{};
}

int chooseAlpn(SSL*, const unsigned char** out, unsigned char* outLength, const unsigned char* in,
               unsigned inLength, void* arg) {
  const auto& ours = *static_cast<const std::vector<std::uint8_t>*>(arg);
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, outLength, ours.data(), static_cast<unsigned>(ours.size()), in,
                            inLength) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool trust(SSL_CTX* ctx, std::string_view pem) {
  if (pem.empty()) return SSL_CTX_set_default_verify_paths(ctx) == 1;
  const BioPtr bio = pemBio(pem);
  std::size_t count = 0;
  while (true) {
    const X509Ptr x(PEM_read_bio_X509(bio.get(), nullptr, noPassword, nullptr));
    if (!x) break;
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x.get()) != 1) return false;
    ++count;
  }
  ERR_clear_error();
  return count != 0;
}

}  // namespace

std::optional<TlsPin> parseTlsPin(std::string_view text) {
  for (const std::string_view prefix : {"sha256:", "sha256/", "sha-256:", "SHA256:"})
    if (text.starts_with(prefix)) {
      text.remove_prefix(prefix.size());
      break;
    }
  std::string digits(text);
  std::erase(digits, ':');
  auto bytes = digits.size() == 64 ? hexDecode(digits) : base64Decode(text);
  if (!bytes || bytes->size() != TlsPin{}.size()) return std::nullopt;
  TlsPin pin{};
  std::copy(bytes->begin(), bytes->end(), pin.begin());
  return pin;
}

TlsContext::TlsContext(bool server, const std::vector<std::string>& alpn) : server_(server) {
  for (const std::string& name : alpn) {
    PARLEY_CHECK(!name.empty() && name.size() <= kMaxAlpnName);
    alpnWire_.push_back(static_cast<std::uint8_t>(name.size()));
    alpnWire_.insert(alpnWire_.end(), name.begin(), name.end());
  }
}

TlsContext::~TlsContext() {
  SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

Result<void*> TlsContext::makeServerContext(std::string_view chainPem,
                                            std::string_view privateKeyPem) const {
  SslCtxPtr ctx = newContext(true);
  if (!ctx) return tlsError("make a TLS context");
  if (const Status s = useCertificate(ctx.get(), chainPem, privateKeyPem); !s) return s.error();
  if (!alpnWire_.empty()) {
    // Sessions hold this object, so the names outlive every use of them.
    SSL_CTX_set_alpn_select_cb(ctx.get(), chooseAlpn,
                               const_cast<std::vector<std::uint8_t>*>(&alpnWire_));
  }
  return static_cast<void*>(ctx.release());
}

Result<std::shared_ptr<TlsContext>> TlsContext::server(const TlsServerOptions& options) {
  std::shared_ptr<TlsContext> context(new TlsContext(true, options.alpn));
  const auto made = context->makeServerContext(options.certificateChainPem, options.privateKeyPem);
  if (!made) return made.error();
  context->context_ = made.value();
  return context;
}

Result<std::shared_ptr<TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  std::shared_ptr<TlsContext> context(new TlsContext(false, options.alpn));
  SslCtxPtr ctx = newContext(false);
  if (!ctx) return tlsError("make a TLS context");
  context->pins_ = options.pins;
  if (!options.pins.empty()) {
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    // Sessions hold this object, so it outlives every use.
    SSL_CTX_set_cert_verify_callback(
        ctx.get(), [](X509_STORE_CTX* store, void* self) { return checkPin(store, self); },
        context.get());
  } else if (!options.verify) {
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_NONE, nullptr);
  } else {
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER, nullptr);
    if (!trust(ctx.get(), options.trustedPem)) return tlsError("read the trusted certificates");
  }
  const auto& wire = context->alpnWire_;
  if (!wire.empty() &&
      SSL_CTX_set_alpn_protos(ctx.get(), wire.data(), static_cast<unsigned>(wire.size())) != 0) {
    return tlsError("set ALPN");
  }
  context->context_ = ctx.release();
  return context;
}

Status TlsContext::replaceCertificate(std::string_view chainPem, std::string_view privateKeyPem) {
  if (!server_) return Error{ErrorCode::Invalid, "replace the certificate of a TLS client"};
  const auto made = makeServerContext(chainPem, privateKeyPem);
  if (!made) return made.error();
  const std::lock_guard lock(mutex_);
  SSL_CTX_free(static_cast<SSL_CTX*>(std::exchange(context_, made.value())));
  return Ok{};
}

// In the place of OpenSSL's own verification.
int TlsContext::checkPin(void* store, void* context) {
  auto* const ctx = static_cast<X509_STORE_CTX*>(store);
  const auto& pins = static_cast<const TlsContext*>(context)->pins_;
  X509* const leaf = X509_STORE_CTX_get0_cert(ctx);
  const auto digestOf = [](int length, unsigned char* der) {
    TlsPin digest{};
    if (length > 0) digest = crypto::sha256({der, static_cast<std::size_t>(length)});
    OPENSSL_free(der);
    return digest;
  };
  if (leaf != nullptr) {
    unsigned char* der = nullptr;
    int length = i2d_X509(leaf, &der);
    const TlsPin certificate = digestOf(length, der);
    der = nullptr;
    length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &der);
    const TlsPin key = digestOf(length, der);
    for (const TlsPin& pin : pins)
      if (pin == certificate || pin == key) return 1;
  }
  X509_STORE_CTX_set_error(ctx, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void* TlsContext::newSession() const {
  const std::lock_guard lock(mutex_);
  return SSL_new(static_cast<SSL_CTX*>(context_));  // keeps its own reference to the context
}

}  // namespace parley::driver
