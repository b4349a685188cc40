#include "signal/json_scan.h"
#include "signal/message.h"

namespace parley::signal {
namespace {

// Appends fields to one object. Names are ours and need no escaping.
class ObjectWriter {
 public:
  ObjectWriter(std::string& out, std::string_view type) : out_(out) {
    out_.append("{\"type\":\"").append(type).push_back('"');
  }
  explicit ObjectWriter(std::string& out) : out_(out), first_(true) { out_.push_back('{'); }

  void raw(std::string_view name, std::string_view value) { key(name).append(value); }
  void string(std::string_view name, std::string_view value) { appendJsonString(value, key(name)); }
  void number(std::string_view name, std::uint64_t value) {
    key(name).append(std::to_string(value));
  }
  void boolean(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
  template <class Id>
  void id(std::string_view name, const Id& value) {
    std::string& out = key(name);
    out.push_back('"');
    value.appendTo(out);
    out.push_back('"');
  }
  void envelope(const Envelope& e) {
    number("seq", e.seq);
    if (e.ack) number("ack", *e.ack);
  }
  // The name and its colon; the caller appends the value.
  std::string& key(std::string_view name) {
    if (!first_) out_.push_back(',');
    first_ = false;
    return out_.append("\"").append(name).append("\":");
  }
  void end() { out_.push_back('}'); }

 private:
  std::string& out_;
  bool first_ = false;
};

std::uint64_t seconds(Duration d) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(d).count());
}

void appendPeer(const Seat& seat, std::string& out) {
  ObjectWriter w(out);
  w.id("id", seat.id);
  w.string("name", seat.name);
  w.number("order", seat.order);
  w.end();
}

void appendIce(const IceServerList& ice, ObjectWriter& w) {
  std::string& out = w.key("iceServers");
  out.push_back('[');
  for (const IceServer& server : ice.servers) {
    if (out.back() != '[') out.push_back(',');
    ObjectWriter entry(out);
    std::string& urls = entry.key("urls");
    urls.push_back('[');
    for (const std::string& url : server.urls) {
      if (urls.back() != '[') urls.push_back(',');
      appendJsonString(url, urls);
    }
    urls.push_back(']');
    if (!server.username.empty()) {
      entry.string("username", server.username);
      entry.string("credential", server.credential);
    }
    entry.end();
  }
  out.push_back(']');
  w.number("iceTtl", seconds(ice.ttl));
}

void appendRights(Rights rights, ObjectWriter& w) {
  std::string& out = w.key("rights");
  out.push_back('[');
  const auto put = [&](Right r, std::string_view name) {
    if (!rights.has(r)) return;
    if (out.back() != '[') out.push_back(',');
    appendJsonString(name, out);
  };
  put(Right::Create, "create");
  put(Right::Lock, "lock");
  put(Right::Relay, "relay");
  out.push_back(']');
}

void appendPeers(const WelcomeMessage& m, ObjectWriter& w) {
  std::string& out = w.key("peers");
  out.push_back('[');
  for (const Seat& seat : *m.seats) {
    if (seat.id == m.self) continue;
    if (out.back() != '[') out.push_back(',');
    appendPeer(seat, out);
  }
  out.push_back(']');
}

const Seat& ownSeat(const WelcomeMessage& m) {
  for (const Seat& seat : *m.seats) {
    if (seat.id == m.self) return seat;
  }
  PARLEY_CHECK(false);
}

}  // namespace

std::string_view name(LeaveReason reason) {
  switch (reason) {
    case LeaveReason::Left:
      return "left";
    case LeaveReason::Timeout:
      return "timeout";
    case LeaveReason::Overflow:
      return "overflow";
  }
  return "left";
}

std::string writeWelcome(const WelcomeMessage& m) {
  const Seat& own = ownSeat(m);
  std::string out;
  ObjectWriter w(out, "welcome");
  w.number("protocol", 1);
  w.id("self", m.self);
  w.string("name", own.name);
  w.string("room", m.room);
  w.number("order", own.order);
  w.boolean("resumed", m.resumed);
  w.boolean("returned", m.returned);
  w.id("resume", m.resume);
  w.number("resumeWithin", seconds(m.resumeWithin));
  w.string("proof", m.proof);
  w.number("ack", m.ack);
  appendPeers(m, w);
  w.boolean("locked", m.locked);
  appendRights(m.rights, w);
  appendIce(m.ice, w);
  w.number("pingEvery", seconds(m.pingEvery));
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(m.time.time_since_epoch()).count();
  w.number("time", millis < 0 ? 0 : static_cast<std::uint64_t>(millis));
  ObjectWriter limits(w.key("limits"));
  limits.number("messageBytes", m.messageBytes);
  limits.number("bufferBytes", m.bufferBytes);
  limits.number("members", m.members);
  limits.end();
  w.end();
  return out;
}

std::string writePeerJoined(const Envelope& e, const Seat& peer, bool returned) {
  std::string out;
  ObjectWriter w(out, "peer-joined");
  w.envelope(e);
  appendPeer(peer, w.key("peer"));
  w.boolean("returned", returned);
  w.end();
  return out;
}

std::string writePeerLeft(const Envelope& e, const MemberId& id, LeaveReason reason) {
  std::string out;
  ObjectWriter w(out, "peer-left");
  w.envelope(e);
  w.id("id", id);
  w.string("reason", name(reason));
  w.end();
  return out;
}

std::string writeSignal(const Envelope& e, const MemberId& from, std::string_view data) {
  std::string out;
  out.reserve(data.size() + 96);  // the frame: type, seq, ack, from
  ObjectWriter w(out, "signal");
  w.envelope(e);
  w.id("from", from);
  w.raw("data", data);
  w.end();
  return out;
}

std::string writeLock(const Envelope& e, bool locked, const MemberId& by) {
  std::string out;
  ObjectWriter w(out, "lock");
  w.envelope(e);
  w.boolean("locked", locked);
  w.id("by", by);
  w.end();
  return out;
}

std::string writeIceServers(const Envelope& e, const IceServerList& ice, std::string_view proof) {
  std::string out;
  ObjectWriter w(out, "ice-servers");
  w.envelope(e);
  appendIce(ice, w);
  w.string("proof", proof);
  w.end();
  return out;
}

std::string writePong(std::string_view echo) {
  std::string out;
  ObjectWriter w(out, "pong");
  if (!echo.empty()) w.raw("t", echo);
  w.end();
  return out;
}

std::string writeAck(std::uint64_t ack) {
  std::string out;
  ObjectWriter w(out, "ack");
  w.number("ack", ack);
  w.end();
  return out;
}

std::string writeError(const ErrorMessage& m) {
  std::string out;
  ObjectWriter w(out, "error");
  const SignalErrorInfo& i = info(m.code);
  if (m.envelope) w.envelope(*m.envelope);
  w.string("code", i.name);
  w.string("message", m.message.empty() ? i.message : m.message);
  w.boolean("fatal", i.fatal);
  if (m.ref) w.number("ref", *m.ref);
  if (m.retryAfter) {
    const auto millis = std::chrono::ceil<std::chrono::milliseconds>(*m.retryAfter).count();
    w.number("retryAfter", static_cast<std::uint64_t>(millis));
  }
  w.end();
  return out;
}

}  // namespace parley::signal
