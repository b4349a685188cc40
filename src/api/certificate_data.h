// What a public Certificate holds.
#pragma once

#include <memory>

#include "crypto/identity.h"
#include "parley/certificate.h"

namespace parley::api {

struct CertificateData {
  crypto::Identity identity;

  static Certificate wrap(crypto::Identity identity) {
    return Certificate(
        std::make_shared<const CertificateData>(CertificateData{std::move(identity)}));
  }
  // Null for a Certificate that is none.
  static const crypto::Identity* of(const Certificate& certificate) {
    return certificate.data_ ? &certificate.data_->identity : nullptr;
  }
};

}  // namespace parley::api
