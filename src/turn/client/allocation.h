// One allocation at a TURN server (RFC 8656), the client's side: makes it, keeps it, its
// permissions and its channels alive ahead of time, wraps what goes to peers and unwraps what comes
// from them, and releases it. A machine of five verbs (net/engine.h) and handlePathEvent().
//
// The path is one to the server: a UDP socket, or a stream that is open; from a stream each Train
// is one message, as turn::StreamFramer cuts them. Names are resolved, streams opened and TLS
// verified by others. After Failed, Redirected or Closed it is over: input is ignored; who wants
// another allocation makes another one (Failed says how, redirected() with which settings).
//
// Relayed bytes are not copied, and no packet allocates:
//   out  write the payload at room[headroom(peer)], leaving kTailroom behind it; send the first
//        finish(room, length, peer) bytes of room. A channel when there is one (4 bytes), else a
//        Send indication (36 or 48). Two answers of headroom() hold until the next other call.
//   in   unwrap(message) gives peer and payload inside the message, or nothing: then it belongs to
//        handleDatagrams().
// Peers that carry more than STUN are given a channel by themselves (config.bindsChannels).
//
// Only the server's genuine answers count (RFC 8489 section 9.2.5); an error without integrity is
// remembered and told if nothing better comes. Tables: kMaxPermissions, kMaxChannels; at most
// kMaxRequests transactions are under way, the rest waits its turn.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "net/engine.h"
#include "stun/client/transaction.h"
#include "turn/client/credentials.h"
#include "turn/client/failure.h"
#include "turn/client/peer_tables.h"

namespace parley::turn::client {

inline constexpr std::size_t kMaxRequests = 8;
inline constexpr std::size_t kMaxRedirects = 5;       // RFC 8489 section 10 bounds only loops
inline constexpr std::uint8_t kMaxChallenges = 4;     // of one request
inline constexpr std::size_t kPeersPerRequest = 8;    // permissions asked for at once
inline constexpr std::size_t kMaxRequestSize = 2560;  // the longest name, realm and nonce fit
inline constexpr std::size_t kTailroom = 3;           // padding behind a payload
inline constexpr std::size_t kMaxEvents = 512;        // PeerUnreachable beyond them is dropped

struct AllocationConfig {
  std::string username{};
  std::string password{};
  Family family = Family::V4;  // of the relayed address
  Duration lifetime{};         // asked for; zero: the server's choice (600 s)
  bool bindsChannels = true;
  stun::RetransmitConfig retransmit{};
  // Servers that sent us on to this one, oldest first: being sent back to one of them, or farther
  // than kMaxRedirects, is a failure.
  std::vector<Address> redirectedFrom{};
};

struct Allocated {
  Address relayed;
  Address mapped;  // our own address as the server sees it: a server-reflexive candidate over UDP
  Duration lifetime;
};
// RFC 8489 section 10: the same transport, the same credentials.
struct Redirected {
  Address server;
  std::string domain;  // for the certificate of a TLS server; empty: as before
};
struct PermissionGranted {
  IpAddress peer;
};
// Packets to and from this peer are dropped by the server. code 0: no answer.
struct PermissionFailed {
  IpAddress peer;
  std::uint16_t code = 0;
  std::string reason;
};
struct ChannelBound {
  Address peer;
};
// RFC 8656 section 11.5: the server got this ICMP message for what it sent to the peer.
struct PeerUnreachable {
  Address peer;
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t data = 0;  // ICMP's: the MTU for "packet too big"
};
struct Closed {};  // as release() asked

struct Unwrapped {
  Address peer;
  Bytes payload;
};

class Allocation {
 public:
  using Event = std::variant<Allocated, Failed, Redirected, PermissionGranted, PermissionFailed,
                             ChannelBound, PeerUnreachable, Closed>;
  enum class State : std::uint8_t { Idle, Allocating, Live, Releasing, Done };

  Allocation(const Path& server, AllocationConfig config, RandomSource& random);

  void start(Time now);
  // Refresh with lifetime 0; Closed comes when the server answered, or did not for some seconds.
  void release(Time now);

  // Before the allocation is there too: asked for as soon as it is. Twice is once. Limit when the
  // table is full, Invalid for a peer of the other address family.
  Status addPermission(const Address& peer, Time now);
  // Lets it lapse.
  void removePermission(const Address& peer);
  // A channel for this peer now, whatever it carries. Limit when all numbers are taken.
  Status bindChannel(const Address& peer, Time now);

  std::size_t headroom(const Address& peer) const;
  std::size_t finish(Bytes room, std::size_t payloadLength, const Address& peer);
  std::optional<Unwrapped> unwrap(Bytes message);

  void handleDatagrams(const Train& in, Time now);
  void handlePathEvent(const Path& path, PathEvent event, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const { return nextTimeout_; }
  More pollTransmit(TransmitBatch& out, Time now);
  std::optional<Event> pollEvent();

  State state() const { return state_; }
  const Path& server() const { return path_; }
  // Only while Live.
  const Address& relayed() const { return relayed_; }
  bool hasPermission(const IpAddress& peer);
  bool hasChannel(const Address& peer) const { return channels_.bound(peer) != nullptr; }
  std::optional<Duration> roundTrip() const { return roundTrip_; }
  // The settings for the server that Redirected names.
  const AllocationConfig& redirected() const { return config_; }

 private:
  enum class Kind : std::uint8_t { None, Allocate, Refresh, Permit, Bind };
  struct Request {
    Kind kind = Kind::None;
    stun::ClientTransaction transaction;
    bool due = false;       // to be written
    bool isSigned = false;  // the last writing of it
    std::uint8_t challenges = 0;
    bool forged = false;             // an answer came whose integrity does not hold
    std::uint16_t unsignedCode = 0;  // an error without integrity came
    std::uint16_t channel = 0;       // its place in the table, of Bind
    bool releases = false;           // a Refresh with lifetime 0
  };
  static constexpr RequestIndex kMainRequest = 0;  // Allocate and Refresh; the rest is for peers

  bool over() const { return state_ == State::Done; }
  void begin(RequestIndex index, Kind kind);
  void restart(RequestIndex index);
  void drop(RequestIndex index);
  void askForPeers(Time now);
  bool askForPermissions(RequestIndex index);
  bool askForChannel(RequestIndex index);
  void bindHeavyPeer(Time now);

  std::size_t writeRequest(RequestIndex index, Bytes room);
  stun::RetransmitConfig retransmit() const;

  void handleMessage(Bytes bytes, Time now);
  void handleIcmp(const stun::Message& indication);
  void handleAnswer(const stun::Message& answer, RequestIndex index, Time now);
  void handleError(const stun::Message& answer, RequestIndex index, Time now);
  void handleChallenge(const stun::Message& answer, RequestIndex index, std::uint16_t code,
                       std::string_view phrase, Time now);
  void handleRedirect(const stun::Message& answer);
  void handleRefused(RequestIndex index, std::uint16_t code, std::string_view phrase, Time now);
  void handleNoAnswer(RequestIndex index, Time now);
  void allocated(const stun::Message& answer, Time sentAt);
  void refreshed(const stun::Message& answer, Time sentAt);
  void setLifetime(Duration lifetime, Time from);
  void permitted(RequestIndex index, Time sentAt);
  void permissionsRefused(RequestIndex index, std::uint16_t code, std::string_view phrase,
                          Time now);
  void takePermission(Permission& p, Time sentAt);
  void note(Event event);
  void channelBound(RequestIndex index, Time sentAt);
  void channelRefused(RequestIndex index, std::uint16_t code, Time now);

  void fail(std::uint16_t code, std::string reason, Remedy remedy);
  void end(Event event);
  void schedule();

  Path path_;
  AllocationConfig config_;
  RandomSource& random_;
  Credentials credentials_;
  State state_ = State::Idle;
  bool releaseWanted_ = false;

  Address relayed_;
  Time refreshAt_ = kNever;
  Time expiresAt_ = kNever;
  std::uint8_t icmpErrors_ = 0;
  std::optional<Duration> roundTrip_;

  std::array<Request, kMaxRequests> requests_;
  PermissionTable permissions_;
  ChannelTable channels_;
  std::optional<Address> heavyPeer_;  // carries data without a channel
  std::array<std::uint8_t, 12> indicationId_{};
  Time nextTimeout_ = kNever;
  std::deque<Event> events_;
};

static_assert(Engine<Allocation>);

}  // namespace parley::turn::client
