#include "driver/tls_session.h"

#include <openssl/err.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "driver/byte_queue.h"
#include "driver/openssl_ptr.h"

namespace parley::driver {
namespace {

// Over write()'s own limit there is room for what OpenSSL adds by itself (alerts, tickets, answers
// to key updates). Beyond it reading stops until the owner has sent.
constexpr std::size_t kHardOutputLimit = 2 * TlsSession::kMaxOutput;
constexpr int kMaxWrite = 16 * 1024;  // one record (RFC 8446 section 5.1)

}  // namespace

struct TlsSession::Impl {
  std::shared_ptr<const TlsContext> context;
  ByteQueue in;
  ByteQueue out;
  bool eof = false;
  bool shutdownSent = false;
  State state = State::Handshake;
  std::optional<Error> error;
  SslPtr ssl;  // last: its BIO points at this object

  void handshake();
  void fail(const char* what, int sslError);

  static BIO_METHOD* method();
  static int bioRead(BIO* bio, char* data, std::size_t size, std::size_t* done);
  static int bioWrite(BIO* bio, const char* data, std::size_t size, std::size_t* done);
  static long bioCtrl(BIO* bio, int command, long, void*);
};

int TlsSession::Impl::bioRead(BIO* bio, char* data, std::size_t size, std::size_t* done) {
  auto& s = *static_cast<Impl*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const std::size_t n = std::min(size, s.in.size());
  if (n == 0) {
    if (!s.eof) BIO_set_retry_read(bio);
    *done = 0;
    return 0;
  }
  std::copy_n(s.in.pending().data(), n, reinterpret_cast<std::uint8_t*>(data));
  s.in.pop(n);
  *done = n;
  return 1;
}

int TlsSession::Impl::bioWrite(BIO* bio, const char* data, std::size_t size, std::size_t* done) {
  auto& s = *static_cast<Impl*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (s.out.size() >= kHardOutputLimit) {
    BIO_set_retry_write(bio);
    *done = 0;
    return 0;
  }
  s.out.push({reinterpret_cast<const std::uint8_t*>(data), size});
  *done = size;
  return 1;
}

long TlsSession::Impl::bioCtrl(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) {
    const auto& s = *static_cast<Impl*>(BIO_get_data(bio));
    return s.eof && s.in.size() == 0 ? 1 : 0;
  }
  return 0;
}

BIO_METHOD* TlsSession::Impl::method() {
  static BIO_METHOD* const instance = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "parley byte queues");
    PARLEY_CHECK(m != nullptr);
    BIO_meth_set_read_ex(m, bioRead);
    BIO_meth_set_write_ex(m, bioWrite);
    BIO_meth_set_ctrl(m, bioCtrl);
    return m;
  }();
  return instance;
}

void TlsSession::Impl::fail(const char* what, int sslError) {
  const unsigned long code = ERR_peek_last_error();
  const int reason = ERR_GET_REASON(code);
  const char* const words = ERR_reason_error_string(code);
  ERR_clear_error();
  state = State::Failed;
  const long verdict = SSL_get_verify_result(ssl.get());
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verdict != X509_V_OK) {
    error.emplace(ErrorCode::Unauthorized,
                  verdict == X509_V_ERR_APPLICATION_VERIFICATION
                      ? "the server's certificate is not the pinned one"
                      : X509_verify_cert_error_string(verdict),
                  static_cast<std::int32_t>(verdict));
    return;
  }
  if (words != nullptr) what = words;
  const bool cut = sslError == SSL_ERROR_SYSCALL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  error.emplace(cut ? ErrorCode::Closed : ErrorCode::Crypto,
                cut ? "TLS stream cut without close_notify" : what, cut ? 0 : reason);
}

void TlsSession::Impl::handshake() {
  ERR_clear_error();
  const int r = SSL_do_handshake(ssl.get());
  if (r == 1) {
    state = State::Open;
    return;
  }
  const int e = SSL_get_error(ssl.get(), r);
  if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) return;
  fail("TLS handshake", e);
}

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, std::string_view serverName)
    : impl_(std::make_unique<Impl>()) {
  impl_->ssl.reset(static_cast<SSL*>(context->newSession()));
  PARLEY_CHECK(impl_->ssl != nullptr);
  BIO* bio = BIO_new(Impl::method());
  PARLEY_CHECK(bio != nullptr);
  BIO_set_data(bio, impl_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(impl_->ssl.get(), bio, bio);
  impl_->context = std::move(context);
  if (impl_->context->isServer()) {
    SSL_set_accept_state(impl_->ssl.get());
    return;
  }
  SSL_set_connect_state(impl_->ssl.get());
  if (!serverName.empty()) {
    std::string name(serverName);
    // An address is looked for in the certificate but never sent (RFC 6066 section 3).
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(impl_->ssl.get()), name.c_str()) != 1) {
      SSL_ctrl(impl_->ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               name.data());
      SSL_set1_host(impl_->ssl.get(), name.c_str());
    }
    ERR_clear_error();
  }
  impl_->handshake();  // the ClientHello
}

TlsSession::~TlsSession() = default;
TlsSession::TlsSession(TlsSession&&) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&&) noexcept = default;

std::size_t TlsSession::feed(ConstBytes ciphertext) {
  Impl& s = *impl_;
  if (s.state == State::Failed || s.eof) return ciphertext.size();  // nobody will read it
  const std::size_t n = std::min(ciphertext.size(), kMaxInput - s.in.size());
  s.in.push(ciphertext.first(n));
  if (s.state == State::Handshake) s.handshake();
  return n;
}

void TlsSession::feedEof() {
  impl_->eof = true;
  if (impl_->state == State::Handshake) impl_->handshake();
}

std::size_t TlsSession::read(Bytes plaintext) {
  Impl& s = *impl_;
  if (s.state == State::Handshake) s.handshake();
  if (s.state != State::Open || plaintext.empty()) return 0;
  ERR_clear_error();
  std::size_t n = 0;
  const int r = SSL_read_ex(s.ssl.get(), plaintext.data(), plaintext.size(), &n);
  if (r == 1) return n;
  const int e = SSL_get_error(s.ssl.get(), r);
  if (e == SSL_ERROR_ZERO_RETURN) {
    s.state = State::PeerClosed;
  } else if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
    s.fail("TLS read", e);
  }
  return 0;
}

std::size_t TlsSession::write(ConstBytes plaintext) {
  Impl& s = *impl_;
  std::size_t taken = 0;
  while ((s.state == State::Open || s.state == State::PeerClosed) && !s.shutdownSent &&
         taken < plaintext.size() && s.out.size() < kMaxOutput) {
    const std::size_t n = std::min<std::size_t>(plaintext.size() - taken, kMaxWrite);
    ERR_clear_error();
    std::size_t done = 0;
    const int r = SSL_write_ex(s.ssl.get(), plaintext.data() + taken, n, &done);
    if (r != 1) {
      const int e = SSL_get_error(s.ssl.get(), r);
      if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) s.fail("TLS write", e);
      break;
    }
    taken += done;
  }
  return taken;
}

void TlsSession::shutdown() {
  Impl& s = *impl_;
  if (s.shutdownSent || (s.state != State::Open && s.state != State::PeerClosed)) return;
  s.shutdownSent = true;
  ERR_clear_error();
  SSL_shutdown(s.ssl.get());
  ERR_clear_error();
}

ConstBytes TlsSession::output() const {
  return impl_->out.pending();
}

void TlsSession::consumeOutput(std::size_t n) {
  PARLEY_CHECK(n <= impl_->out.size());
  impl_->out.pop(n);
}

void TlsSession::releaseBuffers() {
  impl_->in.release();
  impl_->out.release();
  SSL_free_buffers(impl_->ssl.get());  // refuses by itself while a record is half read or written
  ERR_clear_error();
}

std::size_t TlsSession::bufferedBytes() const {
  return impl_->in.capacity() + impl_->out.capacity();
}

TlsSession::State TlsSession::state() const {
  return impl_->state;
}

const Error& TlsSession::error() const {
  PARLEY_CHECK(impl_->error.has_value());
  return *impl_->error;
}

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->ssl.get(), &name, &size);
  return size == 0 ? std::string_view{} : asText({name, size});
}

std::string_view TlsSession::version() const {
  return SSL_get_version(impl_->ssl.get());
}

std::string_view TlsSession::serverName() const {
  const char* name = SSL_get_servername(impl_->ssl.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view{} : std::string_view{name};
}

}  // namespace parley::driver
