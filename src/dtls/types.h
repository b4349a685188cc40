// The plain values of DTLS that its users see.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/error.h"

namespace parley::dtls {

// RFC 8842 section 5.2: the active end sends the ClientHello.
enum class Role : std::uint8_t { Client, Server };

// RFC 5764 section 4.1.2 and RFC 7714 section 14.2, by their numbers on the wire.
enum class SrtpProfile : std::uint16_t {
  None = 0,
  Aes128CmSha1_80 = 0x0001,
  AeadAes128Gcm = 0x0007,
  AeadAes256Gcm = 0x0008,
};
std::string_view name(SrtpProfile profile);  // "SRTP_AES128_CM_HMAC_SHA1_80"

// The master keys and salts of the two directions (RFC 5764 section 4.2). Secret; erases itself.
struct SrtpKeys {
  SrtpKeys() = default;
  SrtpKeys(const SrtpKeys&) = default;
  SrtpKeys& operator=(const SrtpKeys&) = default;
  ~SrtpKeys() { erase(); }
  void erase();

  SrtpProfile profile = SrtpProfile::None;
  std::uint8_t keySize = 0;
  std::uint8_t saltSize = 0;
  std::array<std::uint8_t, 32> localKey{};
  std::array<std::uint8_t, 32> remoteKey{};
  std::array<std::uint8_t, 14> localSalt{};
  std::array<std::uint8_t, 14> remoteSalt{};
};

// An alert's description (RFC 5246 section 7.2) by its number on the wire.
using AlertCode = std::uint8_t;
inline constexpr AlertCode kCloseNotify = 0;
inline constexpr AlertCode kBadCertificate = 42;
// In words: "handshake failure"; "unknown alert" for numbers that have no name.
const char* name(AlertCode alert);

enum class State : std::uint8_t {
  New,         // before start()
  Connecting,  // handshake, or waiting for the fingerprints to compare
  Connected,
  Closed,  // by close() or the peer's close_notify
  Failed,
};

// The handshake is over and the peer's certificate is the one that was announced.
struct Connected {
  SrtpProfile srtp = SrtpProfile::None;
};
// Terminal. What `error` says is whole; the alert is there when one was sent or received.
struct Failed {
  Error error;
  std::optional<AlertCode> alert;
  bool alertReceived = false;
};
inline constexpr const char* kWrongFingerprint =
    "the peer's certificate has not the announced fingerprint";
// One line for people: "DTLS handshake: no shared cipher (our alert: handshake failure)".
std::string describe(const Failed& failure);
// The peer said close_notify. Terminal.
struct Closed {};

}  // namespace parley::dtls
