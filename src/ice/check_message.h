// The wire form of connectivity checks: Binding requests and answers with the attributes of RFC
// 8445 section 16.1 and the short-term credentials of RFC 8489 section 9.1. Reading allocates
// nothing; views are valid as long as the message's bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "crypto/hmac.h"
#include "ice/events.h"
#include "stun/message.h"

namespace parley::ice {

struct CheckFields {
  std::string_view username;  // "theirs:ours" as the sender sees it
  std::uint32_t priority = 0;
  Role role = Role::Controlled;
  std::uint64_t tieBreaker = 0;
  bool useCandidate = false;
};

// Sizes; 0 when the room is too small.
std::size_t writeCheck(Bytes room, const stun::TransactionId& id, const CheckFields& fields,
                       crypto::HmacKey& key);
std::size_t writeCheckSuccess(Bytes room, const stun::TransactionId& id, const Address& mapped,
                              crypto::HmacKey& key);
// Without a key it has no integrity (400 and 401: the other side's password is not known).
std::size_t writeCheckError(Bytes room, const stun::TransactionId& id, std::uint16_t code,
                            std::span<const stun::AttributeType> unknown, crypto::HmacKey* key);

// A request as it came in, its integrity not looked at yet.
struct IncomingCheck {
  stun::TransactionId id;
  std::string_view localUfrag;   // ours
  std::string_view remoteUfrag;  // the sender's
  std::optional<std::uint32_t> priority;
  std::optional<Role> role;  // that the sender claims
  std::uint64_t tieBreaker = 0;
  bool useCandidate = false;
};
// Nothing when USERNAME or an integrity is missing, or a value has the wrong form: 400.
std::optional<IncomingCheck> readCheck(const stun::Message& message);

// Comprehension-required attributes that a check may have.
bool isKnownInCheck(stun::AttributeType type);

}  // namespace parley::ice
