// What happened on one connection, in the order in which it happened: candidates and whose they
// are, errors of servers by code, checks of pairs, nomination, consent, DTLS and SCTP. Bounded: the
// first half of its entries stays for good (how it began), the newest take turns in the other half.
//
// Kinds are those of docs/peer-messages.md section 5 where that has one; the others follow its
// style. An entry holds no text: candidates and server URLs are kept once in tables (at most
// kMaxCandidates each side, kMaxUrls), and entries name their place. Secrets never come in here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/path.h"

namespace parley::peer {

enum class LogKind : std::uint8_t {
  LinkAdded,
  LinkRemoved,
  AddressLearned,
  CandidateSent,
  CandidateReceived,
  CandidatesDone,
  CandidatesReceived,  // the other side's end of candidates
  CandidateError,
  PairChecking,
  PairSucceeded,
  PairFailed,
  PairNominated,
  PairSelected,
  ConsentLost,
  RoleConflict,
  IceState,
  DtlsState,
  SctpState,
  Connected,
  Disconnected,
  Restarting,
  Failed,
  Closed,
  RelayAllocated,
  RelayUsed,
  RelayNotNeeded,
  RelayRefused,
};
// "candidate-sent" and the like.
std::string_view name(LogKind kind);

// Steps of the page's course (docs/peer-messages.md section 5).
std::uint8_t stepOf(LogKind kind);

// One end of a pair, or a candidate, as far as people want to know it.
struct LoggedCandidate {
  enum class Type : std::uint8_t { Host, ServerReflexive, PeerReflexive, Relayed };
  Type type = Type::Host;
  Transport protocol = Transport::Udp;
  std::optional<Transport> relayProtocol{};  // how the TURN server is talked to; own ones only
  Address address{};
  std::string name{};     // of an mDNS candidate, in place of the address
  std::uint16_t url = 0;  // 1-based place in urls(); 0 is none
  friend bool operator==(const LoggedCandidate&, const LoggedCandidate&) = default;
};
std::string_view name(LoggedCandidate::Type type);

struct LogEntry {
  Time at{};
  LogKind kind{};
  std::uint8_t state = 0;   // of the machine that moved, by its own enum
  std::uint16_t local = 0;  // 1-based places in locals() and remotes(); 0 is none
  std::uint16_t remote = 0;
  std::uint16_t url = 0;    // 1-based place in urls()
  std::int32_t code = 0;    // STUN error code, DTLS alert, count, or how often
  const char* reason = "";  // a literal
};

class EventLog {
 public:
  static constexpr std::size_t kMaxCandidates = 100;
  static constexpr std::size_t kMaxUrls = 32;

  explicit EventLog(std::size_t capacity, Time start) : capacity_(capacity), start_(start) {}

  void add(LogEntry entry);
  // Their place, which entries name; 0 when the table is full.
  std::uint16_t local(const LoggedCandidate& candidate) { return intern(locals_, candidate); }
  std::uint16_t remote(const LoggedCandidate& candidate) { return intern(remotes_, candidate); }
  std::uint16_t url(std::string_view text);

  // In order; `visit(const LogEntry&)`.
  template <class Visit>
  void forEach(Visit&& visit) const {
    for (std::size_t i = 0; i < entries_.size(); ++i)
      visit(at(i));
  }
  std::size_t size() const { return entries_.size(); }
  // Entries that the newest pushed out.
  std::uint64_t forgotten() const { return forgotten_; }
  Time start() const { return start_; }

  const std::vector<LoggedCandidate>& locals() const { return locals_; }
  const std::vector<LoggedCandidate>& remotes() const { return remotes_; }
  const std::vector<std::string>& urls() const { return urls_; }

  // "   132 ms  pair-failed  host 192.168.1.5:4711 -> srflx 203.0.113.9:9  no answer"
  std::string describe(const LogEntry& entry) const;
  // All entries as the text of a JSON array of docs/peer-messages.md events without `v` and `type`
  // (`n` counted from 1, `at` in milliseconds since the start). Addresses only without `redact`.
  std::string toJson(bool redact) const;

 private:
  static std::uint16_t intern(std::vector<LoggedCandidate>& table, const LoggedCandidate& c);
  const LogEntry& at(std::size_t i) const;
  std::string endText(const LoggedCandidate& c) const;

  std::size_t capacity_;
  Time start_;
  std::vector<LogEntry> entries_;
  std::size_t oldest_ = 0;  // in the half that turns, from its beginning
  std::uint64_t forgotten_ = 0;
  std::vector<LoggedCandidate> locals_;
  std::vector<LoggedCandidate> remotes_;
  std::vector<std::string> urls_;
};

}  // namespace parley::peer
