#include "signal/client/server_message.h"

#include <nlohmann/json.hpp>

namespace parley::signal {
namespace {

using Json = nlohmann::json;

// Reads the fields of one object; any that is not as it must be spoils it.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  std::string text(const char* name) {
    const Json* v = find(name, true);
    if (v == nullptr || !v->is_string()) return bad<std::string>();
    return v->get<std::string>();
  }
  std::string optionalText(const char* name) {
    return find(name, false) == nullptr ? std::string{} : text(name);
  }
  std::uint64_t number(const char* name) {
    const Json* v = find(name, true);
    if (v == nullptr || !v->is_number_unsigned()) return bad<std::uint64_t>();
    return v->get<std::uint64_t>();
  }
  std::optional<std::uint64_t> optionalNumber(const char* name) {
    if (find(name, false) == nullptr) return std::nullopt;
    return number(name);
  }
  bool boolean(const char* name) {
    const Json* v = find(name, true);
    if (v == nullptr || !v->is_boolean()) return bad<bool>();
    return v->get<bool>();
  }
  // The elements of an array, none if it is not one.
  const Json& array(const char* name) {
    static const Json none = Json::array();
    const Json* v = find(name, true);
    if (v != nullptr && v->is_array()) return *v;
    ok_ = false;
    return none;
  }
  const Json* object(const char* name) {
    const Json* v = find(name, true);
    if (v != nullptr && v->is_object()) return v;
    ok_ = false;
    return nullptr;
  }
  bool ok() const { return ok_; }
  void spoil() { ok_ = false; }

 private:
  template <class T>
  T bad() {
    ok_ = false;
    return T{};
  }
  const Json* find(const char* name, bool required) {
    const auto it = json_.find(name);
    if (it != json_.end()) return &*it;
    if (required) ok_ = false;
    return nullptr;
  }
  const Json& json_;
  bool ok_ = true;
};

constexpr std::size_t kMaxServers = 32;
constexpr std::size_t kMaxPeers = 1024;
constexpr std::uint64_t kMaxSeconds = 7 * 24 * 3600;

Duration secondsOf(std::uint64_t n) {
  return std::chrono::seconds(std::min(n, kMaxSeconds));
}

bool readPeer(const Json& json, ClientPeer& out) {
  if (!json.is_object()) return false;
  Fields f(json);
  out = {f.text("id"), f.text("name"), f.number("order")};
  return f.ok();
}

std::vector<ClientIceServer> readServers(Fields& f) {
  std::vector<ClientIceServer> out;
  for (const Json& server : f.array("iceServers")) {
    if (!server.is_object() || out.size() == kMaxServers) break;
    Fields s(server);
    ClientIceServer one;
    const auto urls = server.find("urls");
    if (urls == server.end()) continue;
    if (urls->is_string()) one.urls.push_back(urls->get<std::string>());
    if (urls->is_array())
      for (const Json& url : *urls)
        if (url.is_string()) one.urls.push_back(url.get<std::string>());
    one.username = s.optionalText("username");
    one.credential = s.optionalText("credential");
    if (s.ok() && !one.urls.empty()) out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

static bool readWelcome(Fields& f, Welcomed& w) {
  w.self = f.text("self");
  w.name = f.text("name");
  w.room = f.text("room");
  w.order = f.number("order");
  w.resumed = f.boolean("resumed");
  w.returned = f.boolean("returned");
  w.locked = f.boolean("locked");
  w.resumeWithin = secondsOf(f.number("resumeWithin"));
  w.iceServers = readServers(f);
  for (const Json& right : f.array("rights"))
    if (right.is_string() && w.rights.size() < 16) w.rights.push_back(right.get<std::string>());
  for (const Json& peer : f.array("peers")) {
    ClientPeer one;
    if (w.peers.size() == kMaxPeers || !readPeer(peer, one)) return false;
    w.peers.push_back(std::move(one));
  }
  return f.ok();
}

std::optional<Client::Parsed> Client::Parsed::read(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Fields f(json);
  Parsed out;
  const std::string type = f.text("type");
  out.seq = f.optionalNumber("seq");
  out.ack = f.optionalNumber("ack");
  if (!f.ok()) return std::nullopt;
  if (type == "welcome") {
    out.type = Type::Welcome;
    if (!readWelcome(f, out.welcome)) return std::nullopt;
    out.resume = f.text("resume");
    out.proof = f.text("proof");
    out.pingEvery = secondsOf(f.number("pingEvery"));
    if (const Json* limits = f.object("limits")) {
      Fields l(*limits);
      out.messageBytes = l.number("messageBytes");
      out.bufferBytes = l.number("bufferBytes");
      if (!l.ok()) f.spoil();
    }
    if (!out.ack) f.spoil();
  } else if (type == "peer-joined") {
    out.type = Type::PeerJoined;
    const Json* peer = f.object("peer");
    if (peer == nullptr || !readPeer(*peer, out.peer)) f.spoil();
    out.returned = f.boolean("returned");
  } else if (type == "peer-left") {
    out.type = Type::PeerLeft;
    out.id = f.text("id");
    out.text = f.text("reason");
  } else if (type == "signal") {
    out.type = Type::Signal;
    out.id = f.text("from");
    if (const Json* data = f.object("data")) out.text = data->dump();
  } else if (type == "lock") {
    out.type = Type::Lock;
    out.locked = f.boolean("locked");
  } else if (type == "ice-servers") {
    out.type = Type::IceServers;
    out.iceServers = readServers(f);
    out.proof = f.optionalText("proof");
  } else if (type == "error") {
    out.type = Type::Error;
    out.code = f.text("code");
    out.text = f.text("message");
    out.fatal = f.boolean("fatal");
    if (const auto ms = f.optionalNumber("retryAfter"))
      out.retryAfter = std::chrono::milliseconds(std::min<std::uint64_t>(*ms, 3'600'000));
  }
  // A message that is spoiled still counts, if it is numbered.
  if (!f.ok()) {
    if (!out.seq) return std::nullopt;
    out.type = Type::Other;
  }
  return out;
}

}  // namespace parley::signal
