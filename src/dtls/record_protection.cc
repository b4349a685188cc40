#include "dtls/record_protection.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/check.h"
#include "crypto/digest.h"

namespace parley::dtls {
namespace {

EVP_CIPHER_CTX* context(void* p) {
  return static_cast<EVP_CIPHER_CTX*>(p);
}

// Looked up once: a fetch costs more than a record.
const EVP_CIPHER* algorithm(Aead aead) {
  static EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr);
  static EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  static EVP_CIPHER* const chaCha = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  if (aead == Aead::Aes128Gcm) return aes128;
  return aead == Aead::Aes256Gcm ? aes256 : chaCha;
}

// OpenSSL's own way with TLS records: the additional data first, then nonce, ciphertext and
// tag in one call, in place. `covered` is the record's body without the tag, and what the
// additional data's length field is made of.
bool setAdditionalData(EVP_CIPHER_CTX* c, const std::uint8_t* header, std::size_t covered) {
  // RFC 5246 section 6.2.3.3: sequence number (here with the epoch), type, version, length.
  std::array<std::uint8_t, 13> data{};
  std::memcpy(data.data(), header + 3, 8);
  std::memcpy(data.data() + 8, header, 3);
  storeBe16(data.data() + 11, static_cast<std::uint16_t>(covered));
  // By the parameter itself: the control would also ask for the tag's size, which we know.
  const OSSL_PARAM parameters[] = {
      {OSSL_CIPHER_PARAM_AEAD_TLS1_AAD, OSSL_PARAM_OCTET_STRING, data.data(), data.size(), 0},
      OSSL_PARAM_END};
  return EVP_CIPHER_CTX_set_params(c, parameters) == 1;
}

}  // namespace

TrafficKeys::~TrafficKeys() {
  crypto::cleanse(localKey);
  crypto::cleanse(remoteKey);
  crypto::cleanse(localIv);
  crypto::cleanse(remoteIv);
}

void RecordProtection::CipherDeleter::operator()(void* c) const {
  EVP_CIPHER_CTX_free(context(c));
}

RecordProtection::Cipher RecordProtection::makeCipher(Aead aead, ConstBytes key, ConstBytes iv,
                                                      std::uint64_t firstNonce, bool seals) {
  Cipher cipher(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* c = context(cipher.get());
  PARLEY_CHECK(c != nullptr && key.size() >= keySize(aead) && iv.size() == 12);
  bool ok = EVP_CipherInit_ex(c, algorithm(aead), nullptr, nullptr, nullptr, seals ? 1 : 0) == 1 &&
            EVP_CipherInit_ex(c, nullptr, nullptr, key.data(), nullptr, seals ? 1 : 0) == 1;
  std::array<std::uint8_t, 12> whole{};
  std::memcpy(whole.data(), iv.data(), whole.size());
  if (aead == Aead::ChaCha20Poly1305) {
    ok = ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IV_FIXED, 12, whole.data()) == 1;
  } else {
    // -1: the whole nonce is given, and counts up by one a record.
    storeBe64(whole.data() + 4, firstNonce);
    ok = ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_IV_FIXED, -1, whole.data()) == 1;
  }
  crypto::cleanse(whole);
  PARLEY_CHECK(ok);
  return cipher;
}

RecordProtection::RecordProtection(const TrafficKeys& keys, std::uint64_t firstSequence,
                                   std::uint64_t firstNonce)
    : aead_(keys.aead),
      sealing_(makeCipher(keys.aead, keys.localKey, keys.localIv, firstNonce, true)),
      opening_(makeCipher(keys.aead, keys.remoteKey, keys.remoteIv, 0, false)),
      nextSequence_(firstSequence) {}

std::size_t RecordProtection::seal(ContentType type, Bytes room, std::size_t length) {
  PARLEY_CHECK(room.size() >= length + overhead());
  if (nextSequence_ > kMaxSequence) return 0;
  const std::size_t covered = explicitNonceSize(aead_) + length;
  const std::size_t body = covered + kTagSize;
  std::uint8_t* header = room.data();
  writeRecordHeader(header, type, kProtectedEpoch, nextSequence_, body);
  EVP_CIPHER_CTX* c = context(sealing_.get());
  std::uint8_t* p = header + kRecordHeader;
  const bool ok =
      setAdditionalData(c, header, covered) && EVP_Cipher(c, p, p, static_cast<unsigned>(body)) > 0;
  PARLEY_CHECK(ok);  // with a good context only memory corruption gets here
  ++nextSequence_;
  return kRecordHeader + body;
}

std::optional<Bytes> RecordProtection::open(const RecordView& record) {
  const std::size_t body = record.whole.size() - kRecordHeader;
  if (record.epoch != kProtectedEpoch || record.whole.size() < overhead()) return std::nullopt;
  if (!received_.isFresh(record.sequence)) return std::nullopt;
  EVP_CIPHER_CTX* c = context(opening_.get());
  std::uint8_t* header = record.whole.data();
  std::uint8_t* p = header + kRecordHeader;
  if (!setAdditionalData(c, header, body) || EVP_Cipher(c, p, p, static_cast<unsigned>(body)) < 0) {
    return std::nullopt;
  }
  received_.accept(record.sequence);
  return record.whole.subspan(headroom(), record.whole.size() - overhead());
}

}  // namespace parley::dtls
