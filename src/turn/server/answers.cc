#include "turn/server/answers.h"

#include <algorithm>

#include "stun/attributes.h"
#include "turn/server/authenticator.h"

namespace parley::turn {

void Answers::finish(const ReplyTo& to, stun::MessageWriter& w) {
  if (to.credential != nullptr) w.integrity(to.credential->hmac);
  if (to.fingerprint) w.fingerprint();
  const std::size_t size = w.finish();
  PARLEY_CHECK(size != 0);
  queue_.commit(to.client, size);
}

void Answers::error(const ReplyTo& to, std::uint16_t code, Time now,
                    std::span<const stun::AttributeType> unknown) {
  const bool forgeable = !to.proven && !isStream(to.client.transport);
  if (forgeable && !limiter_.allow(to.client.remote.ip(), now)) {
    ++counters_.limitedErrors;
    return;
  }
  Bytes room;
  if (!queue_.reserve(kMaxAnswer, room)) {
    ++counters_.droppedAnswers;
    return;
  }
  const auto counted = std::find(kErrorCodes.begin(), kErrorCodes.end(), code);
  if (counted != kErrorCodes.end()) {
    ++counters_.errors[static_cast<std::size_t>(counted - kErrorCodes.begin())];
  }
  stun::MessageWriter w(room, to.method, stun::Class::Error, to.transaction);
  // Words only for who is known to be there: they are no use to the victim of a reflection.
  w.errorCode(code, to.proven ? stun::reasonPhrase(code) : std::string_view());
  if (code == 401 || code == 438) {
    const NonceSource::Text nonce = nonces_.issue(to.client, now);
    w.text(stun::attr::kRealm, store_.realm());
    w.text(stun::attr::kNonce, std::string_view(nonce.data(), nonce.size()));
    w.attribute(stun::attr::kPasswordAlgorithms, Authenticator::passwordAlgorithms());
  }
  if (code == 420) w.unknownAttributes(unknown);
  finish(to, w);
}

}  // namespace parley::turn
