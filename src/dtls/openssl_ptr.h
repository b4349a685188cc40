// Owning pointers for OpenSSL's TLS types. Included by .cc files of this folder only.
#pragma once

#include <openssl/ssl.h>

#include "crypto/openssl_ptr.h"

namespace parley::dtls {

using SslCtxPtr = std::unique_ptr<SSL_CTX, crypto::OpenSslDeleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, crypto::OpenSslDeleter<SSL_free>>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, crypto::OpenSslDeleter<BIO_meth_free>>;

}  // namespace parley::dtls
