// The other side as OpenSSL alone does it: DTLS on memory BIOs, SSL_read and SSL_write, nothing of
// ours. Its real clock never matters: nothing is lost on the way to it.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "crypto/openssl_ptr.h"
#include "dtls_harness.h"

namespace parley::dtls::test {

class OpenSslPeer {
 public:
  OpenSslPeer(Role role, const crypto::Identity& identity, const char* cipherSuites)
      : ctx_(SSL_CTX_new(DTLS_method())) {
    SSL_CTX_set_cipher_list(ctx_.get(), cipherSuites);
    SSL_CTX_use_certificate(ctx_.get(), static_cast<X509*>(identity.x509()));
    SSL_CTX_use_PrivateKey(ctx_.get(), static_cast<EVP_PKEY*>(identity.key()));
    SSL_CTX_set_verify(ctx_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       [](int, X509_STORE_CTX*) { return 1; });
    SSL_CTX_set_tlsext_use_srtp(ctx_.get(), "SRTP_AEAD_AES_128_GCM");
    ssl_.reset(SSL_new(ctx_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in_, -1);
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_options(ssl_.get(), SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(ssl_.get(), 1200);
    if (role == Role::Client) {
      SSL_set_connect_state(ssl_.get());
    } else {
      SSL_set_accept_state(ssl_.get());
    }
  }

  SSL* ssl() { return ssl_.get(); }
  bool step() { return SSL_do_handshake(ssl_.get()) == 1; }
  // Everything it wants to send; several datagrams may be one here, which DTLS allows.
  Octets output() {
    char* data = nullptr;
    const long n = BIO_get_mem_data(out_, &data);
    Octets bytes(data, data + n);
    (void)BIO_reset(out_);
    return bytes;
  }
  void input(const Octets& datagram) {
    BIO_write(in_, datagram.data(), static_cast<int>(datagram.size()));
  }
  // What one datagram brings, empty if nothing.
  std::string read(const Octets& datagram) {
    input(datagram);
    std::string text(20'000, '\0');
    const int n = SSL_read(ssl_.get(), text.data(), static_cast<int>(text.size()));
    error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), n);
    ERR_clear_error();
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }
  Octets write(const std::string& text) {
    EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
    return output();
  }

  int error = SSL_ERROR_NONE;  // of the last read()

 private:
  std::unique_ptr<SSL_CTX, crypto::OpenSslDeleter<SSL_CTX_free>> ctx_;
  std::unique_ptr<SSL, crypto::OpenSslDeleter<SSL_free>> ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

}  // namespace parley::dtls::test
