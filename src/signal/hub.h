// The signalling server without its sockets: rooms, members, resume, limits (docs/signalling.md).
//
// Text and time go in, effects come out. A driver (server/http) owns the WebSockets and does this:
//
//   hub.handleOpened(id, sourceAddress, now);       // upgrade done; Host and Origin checked
//   already hub.handleText(id, text, now, wall);            // one text message
//   hub.handleBinary(id, now) / handleTooLarge(id, now) / handleAlive(id, now)   // pong came
//   hub.handleClosed(id, now);                      // exactly once for each opened, whoever closed
//   hub.handleTimeout(now, wall);                   // at nextTimeout(); early or late is harmless
//   while (auto effect = hub.pollEffect()) …        // after EACH of the calls above
//
// Ids of connections are the driver's choice; one must not be used again before handleClosed.
// After a CloseConnection effect the hub ignores what still arrives on that connection. The driver
// sends what was ordered before the close, then closes, and gives up after a few seconds.
//
// What the driver must bound itself: its queue of unsent text for a connection. Sequenced messages
// are bounded here (bufferBytes, then `overflow`), pongs and acks by the rate of the client; a
// driver that holds more than 1 MiB unsent should drop the socket: the member can resume.
//
// Memory: an idle member and its socket cost about 0.8 KiB here (measured). Limits and errors:
// HubConfig and signal_error.h.
// Not thread-safe: one thread owns a hub. No exceptions leave it.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "net/address.h"
#include "signal/connection.h"
#include "signal/deadlines.h"
#include "signal/hub_config.h"
#include "signal/ice_servers.h"
#include "signal/id.h"
#include "signal/member.h"
#include "signal/message.h"
#include "signal/proof.h"
#include "signal/room_directory.h"
#include "signal/signal_error.h"
#include "signal/source_table.h"
#include "signal/token.h"

namespace parley::signal {

// Send one text message.
struct SendText {
  ConnectionId connection;
  std::string text;
};
// Close with a WebSocket close code and reason; error messages were ordered before.
struct CloseConnection {
  ConnectionId connection;
  std::uint16_t code = 1000;
  std::string reason;  // the error code's name, at most 32 bytes
};
// lockDigests() has changed: keep it in the state directory for the next run.
struct LocksChanged {};

using Effect = std::variant<SendText, CloseConnection, LocksChanged>;

// Counters only rise; gauges are the numbers now. For /metrics.
struct HubStats {
  std::size_t connections = 0;
  std::size_t members = 0;
  std::size_t membersAway = 0;  // without a socket
  std::size_t rooms = 0;
  std::uint64_t joins = 0;
  std::uint64_t resumes = 0;
  std::uint64_t returns = 0;
  std::uint64_t relayed = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t overflows = 0;
  std::array<std::uint64_t, kSignalErrors> errors{};
};

class Hub {
 public:
  // `config` must pass validate(). `rooms` outlives the hub. `tokens` may be null: everybody may
  // join with all rights. `now` is the start of the run.
  Hub(HubConfig config, RandomSource& random, RoomDirectory& rooms, IceServerMinter minter,
      std::unique_ptr<TokenVerifier> tokens, Time now);
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  void handleOpened(ConnectionId id, const IpAddress& source, Time now);
  void handleText(ConnectionId id, std::string_view text, Time now, WallTime wall);
  void handleBinary(ConnectionId id, Time now);
  // A message longer than limits().messageBytes; the driver need not read it to its end.
  void handleTooLarge(ConnectionId id, Time now);
  // A WebSocket pong came.
  void handleAlive(ConnectionId id, Time now);
  void handleClosed(ConnectionId id, Time now);
  void handleTimeout(Time now, WallTime wall);
  Time nextTimeout() const;
  std::optional<Effect> pollEffect();

  // The server stops: every socket gets `shutdown` and is closed with 1001.
  void shutdown(Time now);

  // Keyed digests (hex) of the names of locked rooms, to be given to the next run's config.
  std::vector<std::string> lockDigests();

  const HubConfig& config() const { return config_; }
  HubStats stats() const;

 private:
  enum class Arrival : std::uint8_t { Fresh, Resumed, Returned };

  // Connections (hub.cc).
  Connection* live(ConnectionId id);
  void fail(Connection& c, SignalError code, std::string_view message, Time now,
            std::optional<Duration> retryAfter = std::nullopt);
  void close(Connection& c, std::uint16_t code, std::string_view reason, Time now);
  void complain(Connection& c, SignalError code, std::string_view message,
                std::optional<std::uint64_t> ref);
  void detach(Member& member, Time now);
  bool withinRate(Connection& c, std::size_t bytes, Time now);
  void schedule(Connection& c, Time at);
  void checkSilence(Connection& c, Time now);
  void dispatch(Connection& c, const ClientMessage& message, std::size_t bytes, Time now,
                WallTime wall);
  void handleBad(Connection& c, const BadMessage& bad, std::size_t bytes, Time now);
  bool inSequence(Connection& c, std::optional<std::uint64_t> seq, std::size_t bytes, Time now);
  bool takeAck(Connection& c, std::optional<std::uint64_t> ack, Time now);

  // Members (hub_members.cc).
  Member* find(const MemberId& id);
  void handleSignal(Member& from, const SignalMessage& m);
  void handleLock(Member& from, const LockMessage& m);
  void handleLeave(Connection& c, Time now);
  template <class Write>
  void deliver(Member& member, Write&& write);
  template <class Write>
  void tellOthers(std::string_view room, const MemberId& except, Write&& write);
  void complainTo(Member& member, SignalError code);
  void doom(Member& member, LeaveReason reason);
  void removeDoomed(Time now);
  void remove(Member& member, LeaveReason reason, Time now);
  void serveMember(Member& member, Time now, WallTime wall);
  void refreshIce(Member& member, Time now, WallTime wall);
  void wakeAt(Member& member, Time at);
  void sendAck(Member& member);

  // Coming in (hub_join.cc).
  void handleJoin(Connection& c, const JoinMessage& m, Time now, WallTime wall);
  void joinFresh(Connection& c, const JoinMessage& m, const std::string& room, std::string name,
                 Time now, WallTime wall);
  bool tryResume(Connection& c, const JoinMessage& m, const std::string& room, Time now,
                 WallTime wall);
  Member* findByKey(const std::string& room, const ResumeKey& key);
  bool tryReturn(Connection& c, const std::string& text, const std::string& room,
                 const std::string& name, Time now, WallTime wall);
  std::optional<SignalError> admit(const Connection& c, const std::string& room, Rights rights,
                                   bool returning);
  Member& seat(Connection& c, const std::string& room, std::string name, const MemberId& id,
               Rights rights, Time now);
  void attach(Member& member, Connection& c, Time now);
  void takeOver(Member& member, Connection& c, Time now);
  void welcome(Member& member, Arrival arrival, Time now, WallTime wall);
  void replay(Member& member);
  void announce(const Member& member, bool returned);
  const Seat& ownSeat(const Member& member) const;
  IceServerList mintIce(Member& member, Time now, WallTime wall);
  std::string makeProof(const Member& member, WallTime wall);
  void forgetLocks(Time now);

  HubConfig config_;
  RandomSource& random_;
  RoomDirectory& rooms_;
  IceServerMinter minter_;
  std::unique_ptr<TokenVerifier> tokens_;
  ProofMaker proofs_;
  Time started_;

  std::unordered_map<ConnectionId, std::unique_ptr<Connection>> connections_;
  std::unordered_map<MemberId, std::unique_ptr<Member>> members_;
  SourceTable sources_;
  Deadlines<ConnectionId> connectionDeadlines_;
  Deadlines<MemberId> memberDeadlines_;
  std::vector<std::pair<MemberId, LeaveReason>> doomed_;
  std::unordered_set<std::string> rememberedLocks_;  // digests of the run before
  std::unordered_set<MemberId> returned_;            // a proof works once a run
  std::deque<Effect> effects_;
  HubStats stats_;
  std::size_t attached_ = 0;  // members that have a socket
  bool stopping_ = false;
};

}  // namespace parley::signal
