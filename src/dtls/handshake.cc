#include "dtls/handshake.h"

#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/srtp.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "base/check.h"
#include "crypto/digest.h"
#include "dtls/openssl_ptr.h"
#include "dtls/session.h"

namespace parley::dtls {
namespace {

// OpenSSL keeps records of the next epoch, 17 KiB each, until it comes to it.
constexpr std::size_t kMaxProtectedRecords = 16;
constexpr Duration kLag = 15ms;  // OpenSSL takes a deadline that is this near as reached

const char* profileName(SrtpProfile p) {
  switch (p) {
    case SrtpProfile::Aes128CmSha1_80:
      return "SRTP_AES128_CM_SHA1_80";
    case SrtpProfile::AeadAes128Gcm:
      return "SRTP_AEAD_AES_128_GCM";
    case SrtpProfile::AeadAes256Gcm:
      return "SRTP_AEAD_AES_256_GCM";
    case SrtpProfile::None:
      break;
  }
  return "";
}

// OpenSSL refuses a profile named twice.
std::string profileList(const std::vector<SrtpProfile>& profiles) {
  std::string list;
  for (auto p = profiles.begin(); p != profiles.end(); ++p) {
    if (*p == SrtpProfile::None || std::find(profiles.begin(), p, *p) != p) continue;
    if (!list.empty()) list += ':';
    list += profileName(*p);
  }
  return list;
}

}  // namespace

struct Handshake::Impl {
  Status status = Status::Running;
  std::optional<Failed> failure;
  std::optional<AlertCode> alert;
  bool alertReceived = false;
  bool mismatch = false;
  std::vector<crypto::Fingerprint> fingerprints;
  bool isServer = false;
  std::size_t protectedRecords = 0;
  DatagramQueue output;
  std::size_t mtu = 0;
  bool flightBegun = false;  // what is written now belongs to what was written last
  // Incoming: the record that OpenSSL may read now.
  ConstBytes input;
  // What OpenSSL has sent, read from its records.
  std::uint64_t nextPlainSequence = 0;
  std::uint64_t nextSequence = 0;
  std::uint64_t lastNonce = 0;
  std::optional<std::array<std::uint8_t, 24>> finished;
  // The timer.
  timeval* openSslDeadline = nullptr;
  bool timerRuns = false;
  bool timerChanged = false;
  Duration firstInterval{};
  Duration interval{};
  Time deadline = kNever;
  std::uint32_t retransmissions = 0;
  SslPtr ssl;  // last: its BIO points at this object

  void step();
  void updateTimer(Time now);
  void fail(int result);
  void noteSent(ConstBytes datagram);
  void onTimer(timeval* deadline);
  bool verify(X509* certificate);
  bool deriveKeys(HandshakeResult& out);
  bool exportSrtp(SrtpKeys& out);

  static BIO_METHOD* method();
  static Impl& of(const SSL* ssl) { return *static_cast<Impl*>(SSL_get_app_data(ssl)); }
  static int bioRead(BIO* bio, char* data, std::size_t size, std::size_t* done);
  static int bioWrite(BIO* bio, const char* data, std::size_t size, std::size_t* done);
  static long bioCtrl(BIO* bio, int command, long number, void* pointer);
  static void onInfo(const SSL* ssl, int where, int value);
  static void onMessage(int sent, int version, int type, const void* data, std::size_t size,
                        SSL* ssl, void* arg);
  static int onVerify(X509_STORE_CTX* store, void* arg);
  static unsigned onTimerStart(SSL* ssl, unsigned microseconds);
};

int Handshake::Impl::bioRead(BIO* bio, char* data, std::size_t size, std::size_t* done) {
  auto& s = *static_cast<Impl*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *done = std::min(size, s.input.size());
  if (*done == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(data, s.input.data(), *done);
  s.input = {};  // a datagram is read once; what does not fit is lost
  return 1;
}

int Handshake::Impl::bioWrite(BIO* bio, const char* data, std::size_t size, std::size_t* done) {
  auto& s = *static_cast<Impl*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ConstBytes datagram(reinterpret_cast<const std::uint8_t*>(data), size);
  s.noteSent(datagram);
  // A flight that is sent again comes from OpenSSL message by message.
  if (!s.flightBegun || !s.output.append(datagram, s.mtu)) s.output.push(datagram);
  s.flightBegun = true;
  *done = size;
  return 1;
}

long Handshake::Impl::bioCtrl(BIO* bio, int command, long, void* pointer) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT) {
    static_cast<Impl*>(BIO_get_data(bio))->onTimer(static_cast<timeval*>(pointer));
  }
  return 0;
}

BIO_METHOD* Handshake::Impl::method() {
  static const BioMethodPtr instance = [] {
    BioMethodPtr m(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "parley datagrams"));
    PARLEY_CHECK(m != nullptr);
    BIO_meth_set_read_ex(m.get(), bioRead);
    BIO_meth_set_write_ex(m.get(), bioWrite);
    BIO_meth_set_ctrl(m.get(), bioCtrl);
    return m;
  }();
  return instance.get();
}

void Handshake::Impl::onTimer(timeval* time) {
  timerRuns = time->tv_sec != 0 || time->tv_usec != 0;
  timerChanged = true;
#if OPENSSL_VERSION_NUMBER < 0x30200000L
  openSslDeadline = time;
  if (timerRuns) *time = {INT32_MAX, 0};
#endif
}

// Asked when the timer of a new flight starts (with 0) and when it has fired (with the last
// answer). Below 3.2 what OpenSSL makes of the answer is overwritten.
unsigned Handshake::Impl::onTimerStart(SSL* ssl, unsigned last) {
  Impl& s = of(ssl);
  s.interval =
      last == 0 ? s.firstInterval : std::min<Duration>(s.interval * 2, Session::kMaxRetransmission);
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(s.interval).count();
  return static_cast<unsigned>(us);
}

void Handshake::Impl::updateTimer(Time now) {
  if (!timerChanged) return;
  timerChanged = false;
  deadline = timerRuns && status == Status::Running ? now + interval : kNever;
}

void Handshake::Impl::noteSent(ConstBytes datagram) {
  // OpenSSL's own records: well-formed.
  for (std::size_t at = 0; at + kRecordHeader <= datagram.size();) {
    const std::uint8_t* p = datagram.data() + at;
    const std::uint64_t sequence = loadBe64(p + 3) & kMaxSequence;
    const std::size_t body = loadBe16(p + 11);
    if (loadBe16(p + 3) == 0) {
      nextPlainSequence = sequence + 1;
    } else {
      nextSequence = sequence + 1;
      if (body >= 8 && datagram.size() - at >= kRecordHeader + 8) {
        lastNonce = loadBe64(p + kRecordHeader);
      }
    }
    at += kRecordHeader + body;
  }
}

void Handshake::Impl::onInfo(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0) return;
  Impl& s = of(ssl);
  const bool fatal = (value >> 8) == SSL3_AL_FATAL;
  const auto code = static_cast<AlertCode>(value & 0xff);
  if (!fatal && code != kCloseNotify) return;
  s.alert = code;
  s.alertReceived = (where & SSL_CB_READ) != 0;
}

void Handshake::Impl::onMessage(int sent, int, int type, const void* data, std::size_t size,
                                SSL* ssl, void*) {
  const auto* p = static_cast<const std::uint8_t*>(data);
  if (sent == 0 || type != SSL3_RT_HANDSHAKE || size != 24 || p[0] != kFinished) return;
  auto& message = of(ssl).finished.emplace();
  std::copy_n(p, message.size(), message.begin());
}

bool Handshake::Impl::verify(X509* certificate) {
  if (fingerprints.empty()) return true;  // compared when they come
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return false;
  const ConstBytes bytes(der, static_cast<std::size_t>(size));
  const bool known =
      std::any_of(fingerprints.begin(), fingerprints.end(),
                  [bytes](const crypto::Fingerprint& f) { return f.matches(bytes); });
  OPENSSL_free(der);
  mismatch = !known;
  return known;
}

int Handshake::Impl::onVerify(X509_STORE_CTX* store, void*) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (of(ssl).verify(X509_STORE_CTX_get0_cert(store))) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);  // sends "bad certificate"
  return 0;
}

void Handshake::prepare(void* sslCtx) {
  auto* ctx = static_cast<SSL_CTX*>(sslCtx);
  // Instead of OpenSSL's look at issuers and dates: who the peer is, its fingerprint alone says.
  SSL_CTX_set_cert_verify_callback(ctx, Impl::onVerify, nullptr);
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_info_callback(ctx, Impl::onInfo);
  SSL_CTX_set_msg_callback(ctx, Impl::onMessage);
}

Handshake::Handshake(const SessionConfig& config, Context& context)
    : impl_(std::make_unique<Impl>()) {
  impl_->mtu = config.mtu;
  impl_->isServer = config.role == Role::Server;
  impl_->fingerprints = config.remoteFingerprints;
  impl_->ssl.reset(static_cast<SSL*>(context.newSsl()));
  SSL* ssl = impl_->ssl.get();
  PARLEY_CHECK(ssl != nullptr);
  SSL_set_app_data(ssl, impl_.get());
  BIO* bio = BIO_new(Impl::method());
  PARLEY_CHECK(bio != nullptr);
  BIO_set_data(bio, impl_.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  const bool ok = SSL_use_certificate(ssl, static_cast<X509*>(config.identity.x509())) == 1 &&
                  SSL_use_PrivateKey(ssl, static_cast<EVP_PKEY*>(config.identity.key())) == 1;
  PARLEY_CHECK(ok);
  SSL_set_mtu(ssl, static_cast<long>(config.mtu));
  DTLS_set_timer_cb(ssl, Impl::onTimerStart);
  const std::string profiles = profileList(config.srtpProfiles);
  if (!profiles.empty()) PARLEY_CHECK(SSL_set_tlsext_use_srtp(ssl, profiles.c_str()) == 0);
  if (impl_->isServer) {
    SSL_set_accept_state(ssl);
  } else {
    SSL_set_connect_state(ssl);
  }
}

Handshake::~Handshake() = default;

void Handshake::Impl::fail(int result) {
  const int kind = SSL_get_error(ssl.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return;
  const unsigned long code = ERR_peek_last_error();
  const int reason = ERR_GET_REASON(code);
  const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
  status = Status::Failed;
  deadline = kNever;
  Error error{ErrorCode::Crypto, text != nullptr ? text : "DTLS handshake failed", reason};
  if (mismatch) {
    error = {ErrorCode::Unauthorized, kWrongFingerprint};
  } else if (alert && alertReceived) {
    error = {ErrorCode::Refused, "the peer ended the DTLS handshake"};
  } else if (reason == SSL_R_READ_TIMEOUT_EXPIRED) {
    error = {ErrorCode::TimedOut, "the peer does not answer the DTLS handshake"};
  }
  failure = Failed{error, alert, alertReceived};
  ERR_clear_error();
}

void Handshake::Impl::step() {
  if (status != Status::Running) return;
  ERR_clear_error();
  flightBegun = false;
  const int r = SSL_do_handshake(ssl.get());
  if (r == 1) {
    status = Status::Done;
    deadline = kNever;
  } else {
    fail(r);
  }
  input = {};
}

void Handshake::start(Time now, Duration firstRetransmission) {
  impl_->firstInterval = firstRetransmission;
  impl_->step();
  impl_->updateTimer(now);
}

void Handshake::setFingerprints(std::vector<crypto::Fingerprint> fingerprints) {
  impl_->fingerprints = std::move(fingerprints);
}

void Handshake::feed(ConstBytes record, Time now) {
  Impl& s = *impl_;
  if (loadBe16(record.data() + 3) != 0 && ++s.protectedRecords > kMaxProtectedRecords) return;
  s.input = record;
  s.step();
  s.updateTimer(now);
}

Time Handshake::nextTimeout() const {
  return impl_->deadline;
}

void Handshake::handleTimeout(Time now) {
  Impl& s = *impl_;
  if (s.status != Status::Running || now < s.deadline) return;
  ERR_clear_error();
  s.flightBegun = false;
  if (s.openSslDeadline != nullptr) *s.openSslDeadline = {1, 0};
  const auto r = static_cast<int>(DTLSv1_handle_timeout(s.ssl.get()));
  if (r < 0) {
    s.fail(r);
  } else if (r == 0) {
    s.deadline = now + kLag;  // only where OpenSSL's clock could not be set
  } else {
    ++s.retransmissions;
  }
  s.updateTimer(now);
}

Handshake::Status Handshake::status() const {
  return impl_->status;
}
const Failed& Handshake::failure() const {
  return *impl_->failure;
}
DatagramQueue& Handshake::output() {
  return impl_->output;
}
std::uint32_t Handshake::retransmissions() const {
  return impl_->retransmissions;
}

namespace {

// RFC 5246 section 5: PRF(secret, label, seed), with the hash of the cipher suite.
bool prf(const EVP_MD* hash, ConstBytes secret, std::string_view label, ConstBytes seed,
         Bytes out) {
  const std::unique_ptr<EVP_PKEY_CTX, crypto::OpenSslDeleter<EVP_PKEY_CTX_free>> c(
      EVP_PKEY_CTX_new_id(EVP_PKEY_TLS1_PRF, nullptr));
  std::size_t size = out.size();
  return c && EVP_PKEY_derive_init(c.get()) == 1 &&
         EVP_PKEY_CTX_set_tls1_prf_md(c.get(), hash) == 1 &&
         EVP_PKEY_CTX_set1_tls1_prf_secret(c.get(), secret.data(),
                                           static_cast<int>(secret.size())) == 1 &&
         EVP_PKEY_CTX_add1_tls1_prf_seed(c.get(),
                                         reinterpret_cast<const unsigned char*>(label.data()),
                                         static_cast<int>(label.size())) == 1 &&
         EVP_PKEY_CTX_add1_tls1_prf_seed(c.get(), seed.data(), static_cast<int>(seed.size())) ==
             1 &&
         EVP_PKEY_derive(c.get(), out.data(), &size) == 1 && size == out.size();
}

std::optional<Aead> aeadOf(const SSL_CIPHER* cipher) {
  switch (SSL_CIPHER_get_cipher_nid(cipher)) {
    case NID_aes_128_gcm:
      return Aead::Aes128Gcm;
    case NID_aes_256_gcm:
      return Aead::Aes256Gcm;
    case NID_chacha20_poly1305:
      return Aead::ChaCha20Poly1305;
    default:
      return std::nullopt;
  }
}

}  // namespace

bool Handshake::Impl::deriveKeys(HandshakeResult& out) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl.get());
  const auto aead = aeadOf(cipher);
  if (!aead) return false;
  std::array<std::uint8_t, 48> master{};
  std::array<std::uint8_t, 64> seed{};  // RFC 5246 section 6.3: server_random + client_random
  std::array<std::uint8_t, 2 * (32 + 12)> block{};
  const std::size_t size =
      SSL_SESSION_get_master_key(SSL_get_session(ssl.get()), master.data(), master.size());
  SSL_get_server_random(ssl.get(), seed.data(), 32);
  SSL_get_client_random(ssl.get(), seed.data() + 32, 32);
  const std::size_t key = keySize(*aead);
  const std::size_t iv = fixedIvSize(*aead);
  const bool ok =
      size == master.size() && prf(SSL_CIPHER_get_handshake_digest(cipher), master, "key expansion",
                                   seed, Bytes(block).first(2 * (key + iv)));
  if (ok) {
    // client key, server key, client iv, server iv
    const std::uint8_t* p = block.data();
    out.keys.aead = *aead;
    std::copy_n(p + (isServer ? key : 0), key, out.keys.localKey.begin());
    std::copy_n(p + (isServer ? 0 : key), key, out.keys.remoteKey.begin());
    std::copy_n(p + 2 * key + (isServer ? iv : 0), iv, out.keys.localIv.begin());
    std::copy_n(p + 2 * key + (isServer ? 0 : iv), iv, out.keys.remoteIv.begin());
  }
  crypto::cleanse(master);
  crypto::cleanse(block);
  return ok;
}

bool Handshake::Impl::exportSrtp(SrtpKeys& out) {
  const SRTP_PROTECTION_PROFILE* p = SSL_get_selected_srtp_profile(ssl.get());
  if (p == nullptr) return true;
  out.profile = static_cast<SrtpProfile>(p->id);
  out.keySize = out.profile == SrtpProfile::AeadAes256Gcm ? 32 : 16;
  out.saltSize = out.profile == SrtpProfile::Aes128CmSha1_80 ? 14 : 12;
  constexpr std::string_view kLabel = "EXTRACTOR-dtls_srtp";  // RFC 5764 section 4.2
  std::array<std::uint8_t, 2 * (32 + 14)> block{};
  const std::size_t key = out.keySize;
  const std::size_t salt = out.saltSize;
  const bool ok = SSL_export_keying_material(ssl.get(), block.data(), 2 * (key + salt),
                                             kLabel.data(), kLabel.size(), nullptr, 0, 0) == 1;
  const std::uint8_t* b = block.data();
  std::copy_n(b + (isServer ? key : 0), key, out.localKey.begin());
  std::copy_n(b + (isServer ? 0 : key), key, out.remoteKey.begin());
  std::copy_n(b + 2 * key + (isServer ? salt : 0), salt, out.localSalt.begin());
  std::copy_n(b + 2 * key + (isServer ? 0 : salt), salt, out.remoteSalt.begin());
  crypto::cleanse(block);
  return ok;
}

std::optional<HandshakeResult> Handshake::takeResult() {
  Impl& s = *impl_;
  PARLEY_CHECK(s.status == Status::Done);
  ERR_clear_error();
  const crypto::X509Ptr peer(SSL_get1_peer_certificate(s.ssl.get()));
  HandshakeResult out;
  unsigned char* der = nullptr;
  const int size = peer ? i2d_X509(peer.get(), &der) : 0;
  const bool ok = size > 0 && s.deriveKeys(out) && s.exportSrtp(out.srtp);
  if (size > 0) out.certificate.assign(der, der + size);
  OPENSSL_free(der);
  ERR_clear_error();
  if (!ok) return std::nullopt;
  out.nextSequence = s.nextSequence;
  out.nextNonce = s.lastNonce + 1;
  out.nextPlainSequence = s.nextPlainSequence;
  if (s.isServer) out.finalFinished = s.finished;
  out.cipherSuite = SSL_CIPHER_standard_name(SSL_get_current_cipher(s.ssl.get()));
  return out;
}

}  // namespace parley::dtls
