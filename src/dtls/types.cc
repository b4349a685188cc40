#include "dtls/types.h"

#include "crypto/digest.h"

namespace parley::dtls {
namespace {

struct AlertName {
  AlertCode code;
  const char* name;
};

// RFC 5246 section 7.2, RFC 6066 section 9, RFC 7301 section 3.2, RFC 8446 section 6.
constexpr AlertName kAlerts[] = {
    {0, "close notify"},
    {10, "unexpected message"},
    {20, "bad record MAC"},
    {21, "decryption failed"},
    {22, "record overflow"},
    {30, "decompression failure"},
    {40, "handshake failure"},
    {41, "no certificate"},
    {42, "bad certificate"},
    {43, "unsupported certificate"},
    {44, "certificate revoked"},
    {45, "certificate expired"},
    {46, "certificate unknown"},
    {47, "illegal parameter"},
    {48, "unknown CA"},
    {49, "access denied"},
    {50, "decode error"},
    {51, "decrypt error"},
    {60, "export restriction"},
    {70, "protocol version"},
    {71, "insufficient security"},
    {80, "internal error"},
    {86, "inappropriate fallback"},
    {90, "user cancelled"},
    {100, "no renegotiation"},
    {109, "missing extension"},
    {110, "unsupported extension"},
    {112, "unrecognised name"},
    {115, "unknown PSK identity"},
    {116, "certificate required"},
    {120, "no application protocol"},
};

}  // namespace

void SrtpKeys::erase() {
  crypto::cleanse(localKey);
  crypto::cleanse(remoteKey);
  crypto::cleanse(localSalt);
  crypto::cleanse(remoteSalt);
}

const char* name(AlertCode alert) {
  for (const AlertName& a : kAlerts) {
    if (a.code == alert) return a.name;
  }
  return "unknown alert";
}

std::string_view name(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::None:
      return "none";
    case SrtpProfile::Aes128CmSha1_80:
      return "SRTP_AES128_CM_HMAC_SHA1_80";
    case SrtpProfile::AeadAes128Gcm:
      return "SRTP_AEAD_AES_128_GCM";
    case SrtpProfile::AeadAes256Gcm:
      return "SRTP_AEAD_AES_256_GCM";
  }
  return "none";
}

std::string describe(const Failed& failure) {
  std::string text = failure.error.what();
  if (failure.alert) {
    text += failure.alertReceived ? " (the peer's alert: " : " (our alert: ";
    text += name(*failure.alert);
    text += ')';
  }
  return text;
}

}  // namespace parley::dtls
