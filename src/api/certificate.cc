#include "parley/certificate.h"

#include "api/certificate_data.h"
#include "driver/clock.h"

namespace parley {
namespace {

constexpr std::chrono::hours kLongest{24 * 365};
// Clocks of the two sides differ; a certificate that is not valid yet would be refused.
constexpr std::chrono::hours kBackdated{24};

}  // namespace

Expected<Certificate> Certificate::generate(std::chrono::seconds lifetime) {
  if (lifetime <= std::chrono::seconds::zero())
    return RtcError{ErrorName::TypeError, "a certificate's lifetime must be positive"};
  if (lifetime > kLongest) lifetime = kLongest;
  const WallTime now = driver::readWallClock();
  auto identity =
      crypto::Identity::generate(crypto::KeyKind::EcdsaP256, now - kBackdated, now + lifetime);
  if (!identity) return RtcError{ErrorName::OperationError, identity.error().describe()};
  return api::CertificateData::wrap(std::move(*identity));
}

Expected<Certificate> Certificate::fromPem(std::string_view certificate,
                                           std::string_view privateKey) {
  auto identity =
      crypto::Identity::fromPem(std::string(certificate) + "\n" + std::string(privateKey));
  if (!identity) return RtcError{ErrorName::InvalidAccessError, identity.error().describe()};
  return api::CertificateData::wrap(std::move(*identity));
}

std::chrono::system_clock::time_point Certificate::expires() const {
  if (!data_) return {};
  return std::chrono::system_clock::time_point(
      std::chrono::seconds(unixSeconds(data_->identity.notAfter())));
}

std::vector<DtlsFingerprint> Certificate::getFingerprints() const {
  if (!data_) return {};
  const auto fingerprint = data_->identity.fingerprint();
  return {{std::string(crypto::name(fingerprint.hash())), fingerprint.text()}};
}

std::string Certificate::certificatePem() const {
  return data_ ? data_->identity.certificatePem() : std::string{};
}
std::string Certificate::privateKeyPem() const {
  return data_ ? data_->identity.privateKeyPem() : std::string{};
}

}  // namespace parley
