// The fingerprint of a certificate as SDP carries it (RFC 8122): a hash of the DER encoding and
// the name of the hash. A value of fixed size. MD5 and MD2, which RFC 8122 lists, are refused: they
// prove nothing.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace parley::crypto {

enum class FingerprintHash : std::uint8_t { Sha1, Sha224, Sha256, Sha384, Sha512 };

std::string_view name(FingerprintHash hash);  // "sha-256"
// The name in any case of letters (RFC 8122 section 5); empty when it is not one of ours.
std::optional<FingerprintHash> parseFingerprintHash(std::string_view name);
std::size_t size(FingerprintHash hash);  // bytes

class Fingerprint {
 public:
  static Fingerprint of(FingerprintHash hash, ConstBytes der);
  // "sha-256" and "AB:CD:…"; digits of any case, but exactly as many as the hash has.
  static std::optional<Fingerprint> parse(std::string_view hashName, std::string_view hex);

  FingerprintHash hash() const { return hash_; }
  ConstBytes bytes() const { return ConstBytes(bytes_).first(size(hash_)); }
  std::string text() const;  // "AB:CD:…", upper case as RFC 8122 section 5 writes it
  // Whether this is the fingerprint of that certificate.
  bool matches(ConstBytes der) const;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;

 private:
  Fingerprint(FingerprintHash hash) : hash_(hash) {}

  FingerprintHash hash_;
  std::array<std::uint8_t, 64> bytes_{};
};

}  // namespace parley::crypto
