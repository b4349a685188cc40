#include "crypto/fingerprint.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/check.h"
#include "crypto/digest.h"

namespace parley::crypto {
namespace {

struct Hash {
  FingerprintHash hash;
  std::string_view name;  // RFC 8122 section 5
  const char* openSslName;
  std::size_t size;
};

constexpr std::array<Hash, 5> kHashes = {{
    {FingerprintHash::Sha1, "sha-1", "SHA1", 20},
    {FingerprintHash::Sha224, "sha-224", "SHA224", 28},
    {FingerprintHash::Sha256, "sha-256", "SHA256", 32},
    {FingerprintHash::Sha384, "sha-384", "SHA384", 48},
    {FingerprintHash::Sha512, "sha-512", "SHA512", 64},
}};

const Hash& entry(FingerprintHash hash) {
  return kHashes[static_cast<std::size_t>(hash)];
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int digit(char c) {
  c = lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string_view name(FingerprintHash hash) {
  return entry(hash).name;
}

std::size_t size(FingerprintHash hash) {
  return entry(hash).size;
}

std::optional<FingerprintHash> parseFingerprintHash(std::string_view name) {
  for (const Hash& h : kHashes) {
    if (std::equal(name.begin(), name.end(), h.name.begin(), h.name.end(),
                   [](char a, char b) { return lower(a) == b; })) {
      return h.hash;
    }
  }
  return std::nullopt;
}

Fingerprint Fingerprint::of(FingerprintHash hash, ConstBytes der) {
  Fingerprint f(hash);
  std::size_t written = 0;
  const int ok = EVP_Q_digest(nullptr, entry(hash).openSslName, nullptr, der.data(), der.size(),
                              f.bytes_.data(), &written);
  PARLEY_CHECK(ok == 1 && written == entry(hash).size);
  return f;
}

std::optional<Fingerprint> Fingerprint::parse(std::string_view hashName, std::string_view hex) {
  const auto hash = parseFingerprintHash(hashName);
  if (!hash || hex.size() != size(*hash) * 3 - 1) return std::nullopt;
  Fingerprint f(*hash);
  for (std::size_t i = 0; i < size(*hash); ++i) {
    const int high = digit(hex[3 * i]);
    const int low = digit(hex[3 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    if (i != 0 && hex[3 * i - 1] != ':') return std::nullopt;
    f.bytes_[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return f;
}

std::string Fingerprint::text() const {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(size(hash_) * 3);
  for (const std::uint8_t b : bytes()) {
    if (!out.empty()) out += ':';
    out += kDigits[b >> 4];
    out += kDigits[b & 15];
  }
  return out;
}

bool Fingerprint::matches(ConstBytes der) const {
  return constantTimeEqual(of(hash_, der).bytes(), bytes());
}

}  // namespace parley::crypto
