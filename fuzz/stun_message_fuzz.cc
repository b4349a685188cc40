// Any bytes as a STUN message. What parses must be walked within its bounds, and written again by
// attributes it must parse to the same; writing that once more changes no byte.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/check.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/message_writer.h"

namespace {

using namespace parley;
using namespace parley::stun;

bool inside(ConstBytes outer, ConstBytes inner) {
  return inner.data() >= outer.data() && inner.data() + inner.size() <= outer.data() + outer.size();
}

// Every decoder on every value: none may read beyond it.
void decodeAll(ConstBytes value, const TransactionId& id) {
  std::uint8_t room[kMaxAddressValue];
  if (const auto a = decodeXorAddress(value, id)) {
    PARLEY_CHECK(encodeXorAddress(room, *a, id) == value.size());
    PARLEY_CHECK(decodeXorAddress(Bytes(room).first(value.size()), id) == a);
  }
  if (const auto a = decodeAddress(value)) {
    PARLEY_CHECK(encodeAddress(room, *a) == value.size());
  }
  if (const auto e = decodeErrorCode(value)) {
    PARLEY_CHECK(e->code >= 300 && e->code <= 699 && inside(value, asBytes(e->reason)));
  }
  (void)decodeFamily(value);
  (void)decodeU32(value);
  (void)decodeU64(value);
  (void)decodeChannelNumber(value);
  (void)decodeRequestedTransport(value);
  (void)decodeEvenPort(value);
  (void)decodePasswordAlgorithm(value);
}

std::vector<std::uint8_t> rewrite(const Message& m) {
  std::vector<std::uint8_t> out(m.bytes().size() + 64);
  MessageWriter w(out, m.type(), m.transactionId());
  for (const Attribute a : m.attributes())
    w.attribute(a.type, a.value);
  if (m.hasFingerprint()) w.fingerprint();
  out.resize(w.finish());
  return out;
}

void compare(const Message& a, const Message& b) {
  PARLEY_CHECK(a.type() == b.type() && a.transactionId() == b.transactionId());
  PARLEY_CHECK(a.hasFingerprint() == b.hasFingerprint());
  auto other = b.attributes().begin();
  for (const Attribute one : a.attributes()) {
    PARLEY_CHECK(!(other == b.attributes().end()));
    const Attribute two = *other;
    PARLEY_CHECK(one.type == two.type && asText(one.value) == asText(two.value));
    ++other;
  }
  PARLEY_CHECK(other == b.attributes().end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ConstBytes bytes(data, size);
  const auto message = Message::parse(bytes);
  if (!message) return 0;
  for (const Attribute a : message->attributes()) {
    PARLEY_CHECK(inside(bytes, a.value));
    PARLEY_CHECK(message->has(a.type));
    decodeAll(a.value, message->transactionId());
  }
  AttributeType unknown[4];
  PARLEY_CHECK(message->unknownRequired(unknown, [](AttributeType) { return false; }) <= 4);
  static crypto::HmacKey sha1(crypto::HmacAlgorithm::Sha1, asBytes("key"));
  static crypto::HmacKey sha256(crypto::HmacAlgorithm::Sha256, asBytes("key"));
  PARLEY_CHECK(!message->verify(sha1) || message->hasMessageIntegrity());
  PARLEY_CHECK(!message->verify(sha256) || message->hasMessageIntegritySha256());

  const auto canonical = rewrite(*message);
  const auto again = Message::parse(canonical);
  PARLEY_CHECK(again.ok());
  compare(*message, *again);
  PARLEY_CHECK(rewrite(*again) == canonical);
  return 0;
}
