#include "ice/check_message.h"

#include "stun/attributes.h"
#include "stun/message_writer.h"

namespace parley::ice {

using stun::Class;
using stun::MessageWriter;
using stun::Method;
namespace attr = stun::attr;

std::size_t writeCheck(Bytes room, const stun::TransactionId& id, const CheckFields& fields,
                       crypto::HmacKey& key) {
  MessageWriter w(room, Method::Binding, Class::Request, id);
  w.text(attr::kUsername, fields.username);
  w.u64(fields.role == Role::Controlling ? attr::kIceControlling : attr::kIceControlled,
        fields.tieBreaker);
  if (fields.useCandidate) w.flag(attr::kUseCandidate);
  w.u32(attr::kPriority, fields.priority);
  w.integrity(key);
  w.fingerprint();
  return w.finish();
}

std::size_t writeCheckSuccess(Bytes room, const stun::TransactionId& id, const Address& mapped,
                              crypto::HmacKey& key) {
  MessageWriter w(room, Method::Binding, Class::Success, id);
  w.xorAddress(attr::kXorMappedAddress, mapped);
  w.integrity(key);
  w.fingerprint();
  return w.finish();
}

std::size_t writeCheckError(Bytes room, const stun::TransactionId& id, std::uint16_t code,
                            std::span<const stun::AttributeType> unknown, crypto::HmacKey* key) {
  MessageWriter w(room, Method::Binding, Class::Error, id);
  w.errorCode(code, code == 487 ? "Role Conflict" : stun::reasonPhrase(code));
  if (!unknown.empty()) w.unknownAttributes(unknown);
  if (key != nullptr) w.integrity(*key);
  w.fingerprint();
  return w.finish();
}

std::optional<IncomingCheck> readCheck(const stun::Message& message) {
  if (message.integrity() == stun::Integrity::None) return std::nullopt;
  IncomingCheck check;
  std::string_view username;
  bool hasUsername = false;
  bool wellFormed = true;
  check.id = message.transactionId();
  // One pass: the attributes are few and their order is the sender's.
  for (const stun::Attribute a : message.attributes()) {
    switch (a.type) {
      case attr::kUsername:
        if (!hasUsername) username = asText(a.value);
        hasUsername = true;
        break;
      case attr::kPriority:
        check.priority = stun::decodeU32(a.value);
        wellFormed = wellFormed && check.priority.has_value();
        break;
      case attr::kIceControlling:
      case attr::kIceControlled: {
        const auto value = stun::decodeU64(a.value);
        wellFormed = wellFormed && value.has_value();
        check.role = a.type == attr::kIceControlling ? Role::Controlling : Role::Controlled;
        check.tieBreaker = value.value_or(0);
        break;
      }
      case attr::kUseCandidate:
        check.useCandidate = true;
        break;
      default:
        break;
    }
  }
  const std::size_t colon = username.find(':');
  if (!hasUsername || !wellFormed || colon == std::string_view::npos) return std::nullopt;
  check.localUfrag = username.substr(0, colon);
  check.remoteUfrag = username.substr(colon + 1);
  return check;
}

bool isKnownInCheck(stun::AttributeType type) {
  switch (type) {
    case attr::kUsername:
    case attr::kMessageIntegrity:
    case attr::kMessageIntegritySha256:
    case attr::kPriority:
    case attr::kUseCandidate:
    // From old TURN-aware stacks; harmless here.
    case attr::kRealm:
    case attr::kNonce:
      return true;
    default:
      return false;
  }
}

}  // namespace parley::ice
