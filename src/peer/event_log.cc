#include "peer/event_log.h"

#include <algorithm>

#include "peer/events.h"

namespace parley::peer {
namespace {

struct KindName {
  LogKind kind;
  std::string_view name;
  std::uint8_t step;
};

// Steps: 1 Address, 4 Candidates, 5 Talk, 6 Relay, 0 none of them.
constexpr KindName kKinds[] = {
    {LogKind::LinkAdded, "link-added", 0},
    {LogKind::LinkRemoved, "link-removed", 0},
    {LogKind::AddressLearned, "address-learned", 1},
    {LogKind::CandidateSent, "candidate-sent", 4},
    {LogKind::CandidateReceived, "candidate-received", 4},
    {LogKind::CandidatesDone, "candidates-done", 4},
    {LogKind::CandidatesReceived, "candidates-received", 4},
    {LogKind::CandidateError, "candidate-error", 4},
    {LogKind::PairChecking, "pair-checking", 5},
    {LogKind::PairSucceeded, "pair-succeeded", 5},
    {LogKind::PairFailed, "pair-failed", 5},
    {LogKind::PairNominated, "pair-nominated", 5},
    {LogKind::PairSelected, "pair-selected", 5},
    {LogKind::ConsentLost, "consent-lost", 5},
    {LogKind::RoleConflict, "role-conflict", 5},
    {LogKind::IceState, "ice-state", 5},
    {LogKind::DtlsState, "dtls-state", 5},
    {LogKind::SctpState, "sctp-state", 5},
    {LogKind::Connected, "connected", 5},
    {LogKind::Disconnected, "disconnected", 5},
    {LogKind::Restarting, "restarting", 5},
    {LogKind::Failed, "failed", 5},
    {LogKind::Closed, "closed", 5},
    {LogKind::RelayAllocated, "relay-allocated", 6},
    {LogKind::RelayUsed, "relay-used", 6},
    {LogKind::RelayNotNeeded, "relay-not-needed", 6},
    {LogKind::RelayRefused, "relay-refused", 6},
};

std::string_view transportName(Transport t) {
  switch (t) {
    case Transport::Udp:
      return "udp";
    case Transport::Tcp:
      return "tcp";
    case Transport::Tls:
      return "tls";
    case Transport::Dtls:
      return "dtls";
  }
  return "udp";
}

// The state's name by the machine that the kind is about; empty for the others.
std::string_view stateName(const LogEntry& e) {
  switch (e.kind) {
    case LogKind::IceState:
      return name(static_cast<IceState>(e.state));
    case LogKind::DtlsState:
      return name(static_cast<DtlsState>(e.state));
    case LogKind::SctpState:
      return name(static_cast<SctpState>(e.state));
    default:
      return {};
  }
}

void appendQuoted(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (u < 0x20 || u == 0x7F) {
      out += "\\u00";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void appendField(std::string& out, std::string_view key, std::string_view value) {
  if (out.back() != '{') out += ',';
  appendQuoted(out, key);
  out += ':';
  appendQuoted(out, value);
}

void appendEnd(std::string& out, const LoggedCandidate& c, bool redact) {
  appendField(out, "kind", name(c.type));
  appendField(out, "protocol", transportName(c.protocol));
  if (c.relayProtocol) appendField(out, "relayProtocol", transportName(*c.relayProtocol));
  if (!redact) appendField(out, "address", c.name.empty() ? c.address.toString() : c.name);
}

double milliseconds(Duration d) {
  return static_cast<double>(d.count()) / 1e6;
}

}  // namespace

std::string_view name(LogKind kind) {
  for (const KindName& k : kKinds)
    if (k.kind == kind) return k.name;
  return "";
}

std::uint8_t stepOf(LogKind kind) {
  for (const KindName& k : kKinds)
    if (k.kind == kind) return k.step;
  return 0;
}

std::string_view name(LoggedCandidate::Type type) {
  switch (type) {
    case LoggedCandidate::Type::Host:
      return "host";
    case LoggedCandidate::Type::ServerReflexive:
      return "srflx";
    case LoggedCandidate::Type::PeerReflexive:
      return "prflx";
    case LoggedCandidate::Type::Relayed:
      return "relay";
  }
  return "host";
}

void EventLog::add(LogEntry entry) {
  const std::size_t kept = capacity_ / 2;
  if (entries_.size() < capacity_) {
    entries_.push_back(entry);
    return;
  }
  if (capacity_ == 0) return;
  ++forgotten_;
  entries_[kept + oldest_] = entry;
  oldest_ = (oldest_ + 1) % (capacity_ - kept);
}

const LogEntry& EventLog::at(std::size_t i) const {
  const std::size_t kept = capacity_ / 2;
  if (i < kept || entries_.size() < capacity_) return entries_[i];
  return entries_[kept + (i - kept + oldest_) % (capacity_ - kept)];
}

std::uint16_t EventLog::intern(std::vector<LoggedCandidate>& table, const LoggedCandidate& c) {
  const auto it = std::find(table.begin(), table.end(), c);
  if (it != table.end()) return static_cast<std::uint16_t>(it - table.begin() + 1);
  if (table.size() >= kMaxCandidates) return 0;
  table.push_back(c);
  return static_cast<std::uint16_t>(table.size());
}

std::uint16_t EventLog::url(std::string_view text) {
  const auto it = std::find(urls_.begin(), urls_.end(), text);
  if (it != urls_.end()) return static_cast<std::uint16_t>(it - urls_.begin() + 1);
  if (urls_.size() >= kMaxUrls || text.empty()) return 0;
  urls_.emplace_back(text);
  return static_cast<std::uint16_t>(urls_.size());
}

std::string EventLog::endText(const LoggedCandidate& c) const {
  std::string out{name(c.type)};
  if (c.protocol != Transport::Udp) (out += '/') += transportName(c.protocol);
  if (c.relayProtocol) ((out += '(') += transportName(*c.relayProtocol)) += ')';
  (out += ' ') += c.name.empty() ? c.address.toString() : c.name;
  return out;
}

std::string EventLog::describe(const LogEntry& e) const {
  std::string out = std::to_string(static_cast<std::int64_t>(milliseconds(e.at - start_)));
  out.insert(0, out.size() < 7 ? 7 - out.size() : 0, ' ');
  (out += " ms  ") += name(e.kind);
  if (const std::string_view s = stateName(e); !s.empty()) (out += ' ') += s;
  if (e.local != 0) (out += "  ") += endText(locals_[e.local - 1u]);
  if (e.remote != 0) (out += e.local != 0 ? " -> " : "  ") += endText(remotes_[e.remote - 1u]);
  if (e.url != 0) (out += "  ") += urls_[e.url - 1u];
  if (e.code != 0) (out += "  ") += std::to_string(e.code);
  if (*e.reason != '\0') (out += "  ") += e.reason;
  return out;
}

std::string EventLog::toJson(bool redact) const {
  std::string out = "[";
  std::size_t n = 0;
  forEach([&](const LogEntry& e) {
    if (++n > 1) out += ',';
    out += "\n{\"n\":" + std::to_string(n) +
           ",\"at\":" + std::to_string(milliseconds(e.at - start_)) +
           ",\"step\":" + std::to_string(stepOf(e.kind)) + ',';
    out += "\"kind\":";
    appendQuoted(out, name(e.kind));
    out += ",\"detail\":{";
    // One candidate: its fields; a pair: two objects.
    if (e.local != 0 && e.remote != 0) {
      out += "\"local\":{";
      appendEnd(out, locals_[e.local - 1u], redact);
      out += "},\"remote\":{";
      appendEnd(out, remotes_[e.remote - 1u], redact);
      out += '}';
    } else if (e.local != 0 || e.remote != 0) {
      appendEnd(out, e.local != 0 ? locals_[e.local - 1u] : remotes_[e.remote - 1u], redact);
    }
    if (const std::string_view s = stateName(e); !s.empty()) appendField(out, "state", s);
    if (e.url != 0 && !redact) appendField(out, "url", urls_[e.url - 1u]);
    if (e.code != 0) {
      if (out.back() != '{') out += ',';
      out +=
          (e.kind == LogKind::CandidatesDone ? "\"count\":" : "\"code\":") + std::to_string(e.code);
    }
    if (*e.reason != '\0') appendField(out, "reason", e.reason);
    out += "}}";
  });
  return out + "]";
}

}  // namespace parley::peer
