#include "cli/peer/party.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/utf8.h"
#include "cli/arguments.h"
#include "cli/peer/report_file.h"
#include "server/clock.h"
#include "signal/names.h"

namespace parley::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kHelloPatience = 5s;  // docs/peer-messages.md section 2
constexpr std::size_t kMaxText = 32'768;
constexpr std::size_t kMaxTextCharacters = 4'000;
constexpr std::size_t kMaxSeen = 1'000;
constexpr std::size_t kMaxUnanswered = 200;
constexpr std::string_view kChatProtocol = "parley.chat.1";

std::string defaultName() {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0) {
    if (const auto name = signal::cleanName(host)) return *name;
  }
  return "parley";
}

std::optional<std::string> readFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Of the server's ICE servers those that a forced relay may use.
bool isWanted(const std::string& url, const std::string& relay) {
  if (relay.empty()) return true;
  const bool tls = url.starts_with("turns:");
  const bool turn = tls || url.starts_with("turn:");
  const bool tcp = url.find("transport=tcp") != std::string::npos;
  if (relay == "any") return turn;
  if (relay == "tls") return tls;
  if (relay == "tcp") return turn && !tls && tcp;
  return turn && !tls && !tcp;
}

Json parseText(const Message& message) {
  if (!message.isText || message.data.size() > kMaxText) return nullptr;
  // The depth is the library's to bear: it parses without recursion.
  Json json = Json::parse(message.text(), nullptr, false);
  if (!json.is_object() || json.value("v", Json()) != 1) return nullptr;
  const auto type = json.find("type");
  return type != json.end() && type->is_string() ? json : Json(nullptr);
}

std::string stringOf(const Json& json, const char* name) {
  const auto it = json.find(name);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

std::size_t characters(std::string_view text) {
  std::size_t n = 0;
  for (const char c : text)
    n += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  return n;
}

}  // namespace

void PartyOptions::declare(Arguments& arguments) {
  arguments.option("name", "NAME", "How the others see you [this machine's name].", name);
  arguments.option("token", "TOKEN", "A room token, where the server wants one.", token);
  arguments.option("tls-ca", "FILE",
                   "Certificates of authorities to trust instead of the system's.", tlsCa);
  arguments.option("tls-pin", "SHA256", "The one server certificate to trust, by its fingerprint.",
                   tlsPin);
  arguments.option("relay", "HOW", "Only through a relay: any, udp, tcp or tls.", relay);
  arguments.flag("json", "One JSON object a line on standard output.", json);
  arguments.flag("verbose", "What the connections do, on standard error.", verbose);
}

std::optional<std::string> PartyOptions::problem() const {
  if (!relay.empty() && relay != "any" && relay != "udp" && relay != "tcp" && relay != "tls")
    return "--relay = " + relay + ": is no way; give any, udp, tcp or tls";
  if (!name.empty() && !signal::cleanName(name))
    return "--name = " + name + ": is not a name; give 1 to 64 printable characters";
  if (!tlsCa.empty() && !readFile(tlsCa))
    return "--tls-ca = " + tlsCa + ": cannot be read; give a file of PEM certificates";
  return std::nullopt;
}

void Party::Listener::handleChannel(Partner&, DataChannel channel) {
  channel.close();
}
void Party::Listener::handleText(Partner&, const std::string&) {}

Party::Party(MainLoop& loop, Output& output, Listener& listener, std::vector<std::string> features)
    : loop_(loop), output_(output), listener_(listener), features_(std::move(features)) {}

Party::~Party() {
  leave();
}

void Party::join(const RoomLink& link, const PartyOptions& options) {
  RoomOptions room;
  room.name = options.name.empty() ? defaultName() : *signal::cleanName(options.name);
  room.token = options.token;
  Configuration& c = room.configuration;
  c.executor = loop_.executor();
  if (!options.tlsCa.empty()) c.tls.caPem = readFile(options.tlsCa).value_or("");
  c.tls.pinSha256 = options.tlsPin.empty() ? link.pin : options.tlsPin;
  if (!options.relay.empty()) c.iceTransportPolicy = IceTransportPolicy::Relay;
  room.wanted = [relay = options.relay](const std::string& url) { return isWanted(url, relay); };
  if (options.verbose) {
    c.logLevel = LogLevel::Debug;
    c.log = [this](LogLevel, std::string_view line) {
      loop_.post([this, text = std::string(line)] { output_.words(text); });
    };
  }
  room_.emplace();
  room_->onmember([this](Member member) { meet(member); });
  room_->onmemberleft([this](const Member& member, LeaveReason) {
    const std::string id = member.id();
    Partner* partner = find(id);
    if (partner == nullptr) return;
    output_.event({{"event", "left"}, {"peer", id}});
    listener_.handleLeft(*partner);
    partners_.erase(id);
    unanswered_.erase(id);
  });
  room_->onerror([this](const RtcError& error) { refused(error); });
  room_->join(link.url, room).then([this](const Expected<void>& joined) {
    if (!joined) return refused(joined.error());
    output_.event({{"event", "joined"}, {"room", room_->room()}, {"self", room_->id()}});
    if (room_->members().empty()) output_.words("In the room; nobody else is here yet.");
  });
}

void Party::leave() {
  if (!room_) return;
  room_->leave();
  room_.reset();
}

void Party::refused(const RtcError& error) {
  if (loop_.stopping()) return;
  output_.event({{"event", "error"}, {"code", error.code}, {"message", error.message}});
  output_.problem(error.message);
  const bool refusal = error.name == ErrorName::NotAllowedError;
  const bool usage = error.name == ErrorName::SyntaxError;
  loop_.stop(refusal ? ExitCode::Refused : usage ? ExitCode::Usage : ExitCode::Failed);
}

Partner* Party::find(const std::string& id) {
  const auto it = partners_.find(id);
  return it == partners_.end() ? nullptr : it->second.get();
}

std::size_t Party::unanswered() const {
  std::size_t n = 0;
  for (const auto& [id, waiting] : unanswered_)
    n += waiting.size();
  return n;
}

std::vector<Partner*> Party::partners() {
  std::vector<Partner*> out;
  for (const auto& [id, partner] : partners_)
    out.push_back(partner.get());
  return out;
}

void Party::meet(Member member) {
  const std::string id = member.id();
  if (Partner* before = find(id)) listener_.handleLost(*before);
  auto& partner = partners_[id];
  partner = std::make_unique<Partner>();
  partner->member = member;
  partner->id = id;
  partner->name = member.name();
  partner->connection = member.connection();
  output_.event({{"event", "met"}, {"peer", id}, {"name", partner->name}});
  partner->connection.onconnectionstatechange(
      [this, id](PeerConnectionState state) { stateChanged(id, state); });
  partner->connection.ondatachannel([this, id](DataChannel c) { takeChannel(id, c); });
  if (member.newcomer()) {
    DataChannelInit init;
    init.protocol = kChatProtocol;
    if (auto chat = partner->connection.createDataChannel("chat", init)) takeChat(id, *chat);
  }
}

void Party::takeChannel(const std::string& id, DataChannel channel) {
  Partner* partner = find(id);
  if (partner == nullptr) return channel.close();
  if (channel.label() == "chat" && channel.protocol() == kChatProtocol)
    return takeChat(id, channel);
  // Pages tell each other there what they do; a program has no picture to draw of it.
  if (channel.label() == "events") return;
  listener_.handleChannel(*partner, channel);
}

void Party::takeChat(const std::string& id, DataChannel channel) {
  Partner* partner = find(id);
  partner->chat = channel;
  channel.onmessage([this, id](const Message& m) { chatMessage(id, m); });
  channel.onopen([this, id, channel]() mutable {
    Json hello = {{"v", 1}, {"type", "hello"}, {"agent", "parley/" PARLEY_VERSION}};
    hello["features"] = features_;
    channel.send(hello.dump()).ignore();
    for (const Unanswered& u : unanswered_[id])
      channel.send(u.message).ignore();
    loop_.after(kHelloPatience, [this, id] { greeted(id); });
  });
}

void Party::chatMessage(const std::string& id, const Message& message) {
  Partner* partner = find(id);
  const Json json = parseText(message);
  if (partner == nullptr || json.is_null()) return;
  const std::string type = stringOf(json, "type");
  if (type == "hello" && json.contains("features") && json["features"].is_array()) {
    for (const Json& f : json["features"])
      if (f.is_string() && partner->features.size() < 32) partner->features.insert(f);
    return greeted(id);
  }
  const std::string textId = stringOf(json, "id");
  if (type == "received") {
    std::erase_if(unanswered_[id], [&](const Unanswered& u) { return u.id == textId; });
    return;
  }
  if (type != "text" || textId.empty() || textId.size() > 32) return;
  partner->chat.send(Json{{"v", 1}, {"type", "received"}, {"id", textId}}.dump()).ignore();
  if (seen_.size() >= kMaxSeen) seen_.clear();
  if (!seen_.insert(id + "/" + textId).second) return;
  const std::string text = stringOf(json, "text");
  if (text.empty() || characters(text) > kMaxTextCharacters) return;
  listener_.handleText(*partner, text);
}

void Party::greeted(const std::string& id) {
  Partner* partner = find(id);
  if (partner == nullptr || partner->greeted) return;
  partner->greeted = true;
  becameReady(*partner);
}

void Party::becameReady(Partner& partner) {
  if (!partner.greeted || !partner.connected) return;
  refreshPath(partner);
  listener_.handleReady(partner);
}

void Party::stateChanged(const std::string& id, PeerConnectionState state) {
  Partner* partner = find(id);
  if (partner == nullptr) return;
  output_.event({{"event", "connection"}, {"peer", id}, {"state", toString(state)}});
  if (state == PeerConnectionState::Connected && !partner->connected) {
    partner->connected = true;
    becameReady(*partner);
  } else if (state == PeerConnectionState::Failed) {
    failed(*partner);
  }
}

void Party::failed(Partner& partner) {
  const std::string name = shown(partner.name);
  const bool never = !partner.connected;
  partner.connection.report().then([this, name, never](const Expected<ConnectionReport>& log) {
    output_.problem(never ? "no connection to " + name + " could be made"
                          : "the connection to " + name + " was lost");
    if (log) {
      const ReportFile report = writeReport(*log, name);
      for (const std::string& line : report.summary)
        output_.words("  " + line);
      if (!report.path.empty()) output_.words("  The whole report: " + report.path);
      output_.event({{"event", "failed"},
                     {"cause", log->cause},
                     {"report", report.path},
                     {"why", report.summary}});
    }
    if (never) loop_.stop(ExitCode::NoPath);
  });
}

void Party::refreshPath(Partner& partner) {
  partner.connection.getStats().then([this, id = partner.id](const Expected<StatsReport>& stats) {
    Partner* now = find(id);
    if (now == nullptr || !stats) return;
    const auto* transport = stats->first<TransportStats>();
    const Stats* pair =
        transport == nullptr ? nullptr : stats->find(transport->selectedCandidatePairId);
    if (pair == nullptr) return;
    const auto* p = std::get_if<IceCandidatePairStats>(&pair->value);
    const Stats* local = p == nullptr ? nullptr : stats->find(p->localCandidateId);
    const Stats* remote = p == nullptr ? nullptr : stats->find(p->remoteCandidateId);
    if (local == nullptr || remote == nullptr) return;
    const auto& ours = std::get<IceCandidateStats>(local->value).candidate;
    const auto& theirs = std::get<IceCandidateStats>(remote->value).candidate;
    const bool relayed =
        ours.type == IceCandidateType::Relay || theirs.type == IceCandidateType::Relay;
    std::string protocol = "UDP";
    if (ours.type == IceCandidateType::Relay && ours.relayProtocol)
      protocol = std::string(toString(*ours.relayProtocol));
    std::transform(protocol.begin(), protocol.end(), protocol.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    now->path = std::string(relayed ? "relayed" : "direct") + ", " + protocol;
    if (p->currentRoundTripTime) {
      const double ms = *p->currentRoundTripTime * 1000;
      char text[32];
      std::snprintf(text, sizeof text, ms < 10 ? ", %.1f ms" : ", %.0f ms", ms);
      now->path += text;
    }
  });
}

void Party::say(const std::string& text) {
  const std::string textId = std::to_string(++lastText_);
  const double at =
      static_cast<double>(server::wallNow().time_since_epoch().count() / 1'000) / 1'000.0;
  const Json message = {{"v", 1}, {"type", "text"}, {"id", textId}, {"at", at}, {"text", text}};
  const std::string line = message.dump(-1, ' ', false, Json::error_handler_t::replace);
  for (const auto& [id, partner] : partners_) {
    auto& waiting = unanswered_[id];
    if (waiting.size() >= kMaxUnanswered) waiting.erase(waiting.begin());
    waiting.push_back({textId, line});
    if (partner->chat) partner->chat.send(line).ignore();
  }
}

}  // namespace parley::cli
