#include "signal/json_scan.h"
#include "signal/message.h"
#include "signal/token.h"

namespace parley::signal {
namespace {

enum class Found : std::uint8_t { Absent, Good, Bad };

// A string field. Bad: not a string, or longer than `limit` bytes.
Found readString(const JsonObject& o, std::string_view name, std::size_t limit, std::string& out) {
  const JsonField* f = o.find(name);
  if (f == nullptr) return Found::Absent;
  if (f->kind != JsonKind::String) return Found::Bad;
  out = decodeJsonString(f->value);
  return out.size() <= limit ? Found::Good : Found::Bad;
}

Found readCount(const JsonObject& o, std::string_view name, std::optional<std::uint64_t>& out) {
  const JsonField* f = o.find(name);
  if (f == nullptr) return Found::Absent;
  out = parseJsonCount(f->value);
  return out ? Found::Good : Found::Bad;
}

// True unless the field is there and bad.
bool readOptional(const JsonObject& o, std::string_view name, std::size_t limit,
                  std::optional<std::string>& out) {
  std::string text;
  const Found found = readString(o, name, limit, text);
  if (found == Found::Good) out = std::move(text);
  return found != Found::Bad;
}

// Each reads the fields of one type and returns what is wrong, or null.
const char* readJoin(const JsonObject& o, const std::optional<std::uint64_t>& ack, JoinMessage& m) {
  // Longer ones are wrong anyway; the hub says what is wrong with them.
  constexpr std::size_t kAnyName = 1024;
  if (readString(o, "room", kAnyName, m.room) != Found::Good) return "join: room must be a string";
  if (readString(o, "name", kAnyName, m.name) != Found::Good) return "join: name must be a string";
  std::optional<std::uint64_t> protocol;
  if (readCount(o, "protocol", protocol) == Found::Bad) return "join: protocol must be a number";
  m.protocol = protocol.value_or(1);
  if (!readOptional(o, "token", kMaxTokenBytes, m.token))
    return "join: token must be a string of at most 4096 bytes";
  if (!readOptional(o, "resume", kMaxProofBytes, m.resume)) return "join: resume must be a string";
  if (!readOptional(o, "proof", kMaxProofBytes, m.proof))
    return "join: proof must be a string of at most 512 bytes";
  m.ack = ack.value_or(0);
  return nullptr;
}

const char* readSignal(const JsonObject& o, SignalMessage& m) {
  const JsonField* to = o.find("to");
  if (to == nullptr || to->kind != JsonKind::String) return "signal: to must be a string";
  const JsonField* data = o.find("data");
  if (data == nullptr || data->kind != JsonKind::Object) return "signal: data must be an object";
  const std::string_view plain = to->value.substr(1, to->value.size() - 2);
  m.to = plain.find('\\') == std::string_view::npos ? MemberId::parse(plain)
                                                    : MemberId::parse(decodeJsonString(to->value));
  m.data = data->value;
  return nullptr;
}

const char* readLock(const JsonObject& o, LockMessage& m) {
  const JsonField* f = o.find("locked");
  if (f == nullptr || f->kind != JsonKind::Boolean) return "lock: locked must be true or false";
  m.locked = f->value == "true";
  return nullptr;
}

const char* readPing(const JsonObject& o, PingMessage& m) {
  const JsonField* f = o.find("t");
  if (f == nullptr) return nullptr;
  // Sent back as written: so its length as written counts, with the quotes left out.
  const bool string = f->kind == JsonKind::String;
  if ((!string && f->kind != JsonKind::Number) ||
      f->value.size() > kMaxEchoBytes + (string ? 2u : 0u))
    return "ping: t must be a number or a short string";
  m.echo = f->value;
  return nullptr;
}

const char* readBody(std::string_view type, const JsonObject& o, ClientMessage& m) {
  if (type == "signal") return readSignal(o, m.body.emplace<SignalMessage>());
  if (type == "ping") return readPing(o, m.body.emplace<PingMessage>());
  if (type == "lock") return readLock(o, m.body.emplace<LockMessage>());
  if (type == "leave") {
    m.body.emplace<LeaveMessage>();
    return nullptr;
  }
  if (type == "join") return readJoin(o, m.ack, m.body.emplace<JoinMessage>());
  m.body.emplace<AckMessage>();
  return m.ack ? nullptr : "ack: ack must be a whole number";
}

bool known(std::string_view type) {
  return type == "signal" || type == "ping" || type == "ack" || type == "lock" || type == "leave" ||
         type == "join";
}

}  // namespace

Result<ClientMessage, BadMessage> parseClientMessage(std::string_view text) {
  const auto scanned = scanJsonObject(text);
  if (!scanned) return BadMessage{SignalError::BadJson, scanned.error(), false, {}};
  const JsonObject& o = *scanned;
  const JsonField* typeField = o.find("type");
  if (typeField == nullptr || typeField->kind != JsonKind::String)
    return BadMessage{SignalError::BadMessage, "type must be a string", false, {}};
  const std::string_view type = typeField->value.substr(1, typeField->value.size() - 2);
  if (!known(type)) return BadMessage{SignalError::UnknownType, "", false, {}};

  ClientMessage m;
  BadMessage bad;
  const bool sequenced = type == "signal" || type == "lock";
  if (sequenced) {
    const Found found = readCount(o, "seq", m.seq);
    bad.what = "seq must be a whole number from 1";
    if (found == Found::Bad || m.seq == 0u) return bad;
    bad.sequenced = true;
    bad.seq = m.seq;
  }
  bad.what = "ack must be a whole number";
  if (readCount(o, "ack", m.ack) == Found::Bad) return bad;
  bad.what = readBody(type, o, m);
  if (bad.what != nullptr) return bad;
  return m;
}

}  // namespace parley::signal
