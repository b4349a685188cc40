// The inside of Server: owns the parts and carries out requests. One file a matter: server_core.cc
// (verbs, timers, ends), requests.cc (dispatch, Refresh, CreatePermission, ChannelBind),
// allocate.cc (Allocate and the binding of relay sockets).
#pragma once

#include <deque>
#include <map>
#include <set>

#include "turn/server/allocation_table.h"
#include "turn/server/answers.h"
#include "turn/server/authenticator.h"
#include "turn/server/quota.h"
#include "turn/server/router.h"
#include "turn/server/server.h"

namespace parley::turn {

class Server::Core {
 public:
  Core(Config config, RandomSource& random, RelayRegistry* registry);

  Router& router() { return router_; }
  void handleDatagrams(const Train& in, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const;
  More pollTransmit(TransmitBatch& out) { return queue_.flush(out, counters_.droppedAnswers); }
  std::optional<Event> pollEvent();
  void handleClosed(const Path& client, Time now);
  void handleRelayBound(RelayId relay, const Result<LinkId>& bound, Time now);
  void setWallTime(WallTime wall, Time now);
  void setCredentials(Credentials credentials, Time now);
  void setPeerRules(PeerRules rules);
  void closeAll();

  // A relay socket of ours, carrying an allocation or not yet.
  bool isRelayLink(LinkId link) const {
    return table_.byRelay(link) != nullptr || idleLinks_.count(link) != 0;
  }
  std::size_t allocationCount() const { return table_.size(); }
  const Counters& counters() const { return counters_; }

 private:
  // A request being carried out.
  struct Request {
    const stun::Message& message;
    ReplyTo reply;
    Time now;
    Allocation* allocation = nullptr;  // of this client, live or binding
  };
  // An Allocate that waits for its sockets, one at a time.
  struct Pending {
    enum class Step : std::uint8_t { First, Reserved, Additional };
    AllocationId allocation;
    ReplyTo reply;
    Step step = Step::First;
    int attempts = 0;
    RelayAddress first;
    std::optional<RelayAddress> additional;
    bool even = false;
    bool reserve = false;
    std::optional<RelaySocket> reserved;  // bound for RESERVATION-TOKEN
    Address asked;                        // what the driver was told to bind
  };
  // A bound port that waits for the client to come back with its token.
  struct Reservation {
    std::uint64_t token = 0;
    std::string user;
    RelaySocket socket;
    Time expires{};
  };
  static constexpr std::size_t kMaxReservations = 256;
  // A driver that never answers a BindRelay must not hold allocations for ever.
  static constexpr Duration kBindTimeout = 10s;

  // requests.cc
  void handleControl(ConstBytes datagram, const Path& client, Time now);
  void handleBinding(Request& request);
  void handleTurnRequest(Request& request);
  bool refuseUnknown(Request& request);
  void handleRefresh(Request& request);
  void handleCreatePermission(Request& request);
  void handleChannelBind(Request& request);
  std::uint16_t judgePeer(const Allocation& allocation, const Address& peer, bool portCounts) const;
  bool hasRoomFor(Allocation& allocation, std::span<const Address> peers, Time now) const;
  void permit(Allocation& allocation, const IpAddress& ip, Time now);
  void refuse(const Request& request, std::uint16_t code, const char* why = nullptr);
  std::optional<Duration> lifetimeOf(const stun::Message& message) const;
  Duration grant(const Allocation& allocation, Duration asked, Time now) const;

  // allocate.cc
  void handleAllocate(Request& request);
  struct Plan;
  std::uint16_t plan(const Request& request, Plan& plan) const;
  void allocate(Request& request, const Plan& plan);
  const RelayAddress* chooseRelay(Family family, const IpAddress& spokenTo) const;
  void askForSocket(Pending pending, Time now);
  void socketBound(Pending pending, LinkId link, Time now);
  void socketFailed(Pending pending, const Error& error, Time now);
  void finishAllocate(Pending& pending, Time now);
  void failAllocate(Pending& pending, Time now);
  void answerAllocate(const Allocation& allocation, const ReplyTo& to);
  std::uint64_t reserve(const RelaySocket& socket, const std::string& user, Time now);
  std::deque<Reservation>::iterator findReservation(std::uint64_t token, const std::string& user);

  // server_core.cc
  void forward(const Verdict& verdict, const Train& in);
  void sweep(Allocation& allocation, Time now);
  void reschedule(Allocation& allocation);
  void dropRelay(Allocation& allocation, std::uint8_t index);
  void end(Allocation& allocation, EndReason reason);
  void countAllocation(const Allocation& allocation, int by);
  void makeLive(Allocation& allocation, RelaySocket& socket);
  void closeLink(LinkId link);
  void news(Event event);
  void reportBinding(const Allocation& allocation, Channel& channel, bool added);
  std::optional<WallTime> wallNow(Time now) const;
  const UserLimits& limitsOf(UserKind kind) const {
    return kind == UserKind::Static ? config_.staticUserLimits : config_.restUserLimits;
  }

  Config config_;
  RandomSource& random_;
  LocalRelayRegistry ownRegistry_;
  RelayRegistry& registry_;
  KeyedHash hash_;
  Counters counters_;
  PeerPolicy policy_;
  AllocationTable table_;
  CredentialStore store_;
  NonceSource nonces_;
  Authenticator authenticator_;
  ErrorLimiter limiter_;
  OutQueue queue_;
  Answers answers_;
  Router router_;
  Quota quota_;

  std::map<RelayId, Pending> pending_;    // bounded by the allocations that bind
  std::deque<Reservation> reservations_;  // in the order of their expiry
  std::set<LinkId> idleLinks_;            // sockets bound that carry no allocation yet
  std::uint64_t lastRelayId_ = 0;
  std::deque<Event> orders_;      // BindRelay, CloseRelay: bounded by sockets
  std::deque<Event> news_;        // at most kMaxQueuedNews
  std::optional<WallTime> wall_;  // at wallAt_
  Time wallAt_{};
};

}  // namespace parley::turn
