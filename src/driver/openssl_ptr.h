// Owning pointers for OpenSSL's TLS types. Included by .cc files of this folder only.
#pragma once

#include <openssl/ssl.h>

#include "crypto/openssl_ptr.h"

namespace parley::driver {

using crypto::BioPtr;
using crypto::PkeyPtr;
using crypto::X509Ptr;
using SslCtxPtr = std::unique_ptr<SSL_CTX, crypto::OpenSslDeleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, crypto::OpenSslDeleter<SSL_free>>;

}  // namespace parley::driver
