// Sealing and opening the records of epoch 1 (RFC 6347 section 4.1.2) with the keys of a finished
// handshake: AES-GCM (RFC 5288) and ChaCha20-Poly1305 (RFC 7905) through EVP. Works in place,
// allocates nothing, has no clock. The keys are OpenSSL's to erase when this is destroyed.
//
// No nonce is used twice. ChaCha20 takes it from the sequence number, which only rises, and starts
// behind those of the handshake. AES-GCM has eight bytes of its own in each record; OpenSSL begins
// them at random, so we go on counting behind the last one it sent, and 2^48 records cannot come
// round to it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "dtls/record.h"
#include "dtls/replay_window.h"

namespace parley::dtls {

enum class Aead : std::uint8_t { Aes128Gcm, Aes256Gcm, ChaCha20Poly1305 };

constexpr std::size_t keySize(Aead a) {
  return a == Aead::Aes128Gcm ? 16 : 32;
}
// What the handshake gives of each nonce: the rest of AES-GCM's is in the record.
constexpr std::size_t fixedIvSize(Aead a) {
  return a == Aead::ChaCha20Poly1305 ? 12 : 4;
}
constexpr std::size_t explicitNonceSize(Aead a) {
  return a == Aead::ChaCha20Poly1305 ? 0 : 8;
}
inline constexpr std::size_t kTagSize = 16;
inline constexpr std::uint16_t kProtectedEpoch = 1;

// Secret; erases itself.
struct TrafficKeys {
  TrafficKeys() = default;
  TrafficKeys(const TrafficKeys&) = default;
  TrafficKeys& operator=(const TrafficKeys&) = default;
  ~TrafficKeys();

  Aead aead = Aead::Aes128Gcm;
  std::array<std::uint8_t, 32> localKey{};
  std::array<std::uint8_t, 32> remoteKey{};
  std::array<std::uint8_t, 12> localIv{};
  std::array<std::uint8_t, 12> remoteIv{};
};

class RecordProtection {
 public:
  // firstSequence and firstNonce: behind those already used with these keys. AES-GCM only takes
  // the nonce.
  RecordProtection(const TrafficKeys& keys, std::uint64_t firstSequence, std::uint64_t firstNonce);

  std::size_t headroom() const { return kRecordHeader + explicitNonceSize(aead_); }
  std::size_t overhead() const { return headroom() + kTagSize; }

  // room: headroom, `length` bytes of plaintext already there, room for the tag. Returns the length
  // of the record; 0 when the sequence numbers are used up.
  std::size_t seal(ContentType type, Bytes room, std::size_t length);
  // The plaintext, in place; empty optional for a replay or a forgery.
  std::optional<Bytes> open(const RecordView& record);

  std::uint64_t nextSequence() const { return nextSequence_; }

 private:
  struct CipherDeleter {
    void operator()(void* context) const;
  };
  using Cipher = std::unique_ptr<void, CipherDeleter>;

  static Cipher makeCipher(Aead aead, ConstBytes key, ConstBytes iv, std::uint64_t firstNonce,
                           bool seals);

  Aead aead_;
  Cipher sealing_;
  Cipher opening_;
  std::uint64_t nextSequence_;
  ReplayWindow received_;
};

}  // namespace parley::dtls
