// Client: a program's end of the signalling protocol (docs/signalling.md), one membership over as
// many sockets as it takes, without I/O: texts and time in, texts and events out. Numbers and keeps
// what is unacknowledged, resumes with nothing lost, comes back by proof after a restart of the
// server, and joins as somebody new when both are gone. It does not know what the messages between
// members mean.
//
// Whoever owns the socket opens and closes it as the events say, and drains the events after every
// call. A text longer than kMaxServerMessage ends the socket.
//
// Limits: limits.bufferBytes of unacknowledged messages, and as much again that waits unnumbered
// (kMaxWaitingBytes); when that is full too, the membership is given up (section 5.8).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/time.h"

namespace parley::signal {

struct ClientRequest {
  std::string room;
  std::string name;
  std::string token;  // empty: none
};

struct ClientIceServer {
  std::vector<std::string> urls;
  std::string username;
  std::string credential;
};

struct ClientPeer {
  std::string id;
  std::string name;
  std::uint64_t order = 0;
};

struct Welcomed {
  std::string self;
  std::string name;
  std::string room;
  std::uint64_t order = 0;
  bool resumed = false;
  bool returned = false;
  std::vector<ClientPeer> peers;
  bool locked = false;
  std::vector<std::string> rights;
  std::vector<ClientIceServer> iceServers;
  Duration resumeWithin{};
};

namespace client_event {
struct OpenSocket {};
struct CloseSocket {
  std::uint16_t code = 1000;
};
struct SendText {
  std::string text;
};
// `unsent`: to whom and what was dropped because the server restarted (section 7.6).
struct Joined {
  Welcomed welcome;
  std::vector<std::pair<std::string, std::string>> unsent;
};
struct PeerJoined {
  ClientPeer peer;
  bool returned = false;
};
struct PeerLeft {
  std::string id;
  std::string reason;
};
struct Signal {
  std::string from;
  std::string data;  // a JSON object
};
struct Locked {
  bool locked = false;
};
struct IceServers {
  std::vector<ClientIceServer> servers;
};
// An error that leaves the membership as it is.
struct Complaint {
  std::string code;
  std::string message;
};
// The socket is gone; the next attempt comes by itself.
struct Interrupted {
  std::uint16_t code = 0;
};
// Over for good: refused (with the server's code), left, or given up.
struct Ended {
  std::uint16_t closeCode = 0;
  std::string code;
  std::string message;
};
}  // namespace client_event

using ClientEvent =
    std::variant<client_event::OpenSocket, client_event::CloseSocket, client_event::SendText,
                 client_event::Joined, client_event::PeerJoined, client_event::PeerLeft,
                 client_event::Signal, client_event::Locked, client_event::IceServers,
                 client_event::Complaint, client_event::Interrupted, client_event::Ended>;

class Client {
 public:
  static constexpr std::size_t kMaxServerMessage = 262'144;
  static constexpr std::size_t kMaxWaitingBytes = 262'144;
  static constexpr Duration kConnectTimeout = 10s;
  static constexpr Duration kJoinTimeout = 10s;
  static constexpr Duration kPongTimeout = 10s;
  static constexpr Duration kAckDelay = 400ms;
  static constexpr std::size_t kAckMessages = 16;
  static constexpr std::size_t kAckBytes = 32'768;

  explicit Client(RandomSource& random) : random_(random) {}

  // Once; asks for the first socket.
  void start(ClientRequest request, Time now);
  // `data`: a JSON object. Kept and repeated until the server has it; dropped without a membership
  // and when it is longer than the server takes.
  void sendSignal(const std::string& to, std::string_view data, Time now);
  void sendLock(bool locked, Time now);
  void leave(Time now);

  void handleOpened(Time now);
  void handleText(std::string_view text, Time now);
  // The socket ended: by the other side, or because it could not be opened (1006).
  void handleClosed(std::uint16_t code, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const;
  std::optional<ClientEvent> pollEvent();

  bool joined() const { return phase_ == Phase::Joined; }
  bool idle() const { return phase_ == Phase::Idle; }
  bool canLock() const;

 private:
  enum class Phase : std::uint8_t { Idle, Connecting, Joining, Joined, Waiting };
  enum Timer : std::size_t { kAckTimer, kRetryTimer, kDeadlineTimer, kPingTimer, kTimers };
  struct Kept {
    std::uint64_t seq;
    std::string text;
    std::string to;  // empty: not a signal
    std::string data;
    std::size_t bytes;
  };
  struct Waiting {
    std::string body;  // fields without seq and ack
    std::string to;
    std::string data;
    std::size_t bytes;
  };
  struct Parsed;

  void connect(Time now);
  void join(bool comeBack, Time now);
  void closed(std::uint16_t code, Time now);
  void stop(std::uint16_t code, std::string why, std::string message);
  void abandon(Time now);
  Duration retryDelay(std::uint16_t code);
  void forgetMembership();
  void resetCounts();
  void clearTimers();
  void set(Timer timer, Time at) { timers_[timer] = at; }

  void welcomed(Parsed& message, Time now);
  bool count(const Parsed& message, std::size_t bytes, Time now);
  void dispatch(Parsed& message, Time now);
  void failed(Parsed& message, Time now);

  void post(std::string body, std::string to, std::string_view data, Time now);
  void number(Waiting entry, Time now);
  bool forget(std::uint64_t upTo);
  void sendWaiting(Time now);
  void giveUp(Time now);
  void write(std::string_view fields, Time now);  // an unnumbered message
  void wrote(Time now);
  template <class E>
  void emit(E event) {
    events_.emplace_back(std::move(event));
  }

  RandomSource& random_;
  Phase phase_ = Phase::Idle;
  bool started_ = false;
  ClientRequest request_;
  std::optional<Welcomed> welcome_;
  std::string resume_;
  std::string proof_;
  Duration pingEvery_ = 25s;
  std::size_t messageBytes_ = 65'536;
  std::size_t bufferBytes_ = 262'144;
  unsigned attempt_ = 0;
  std::string refusalCode_, refusalText_;
  Duration retryAfter_{};

  std::uint64_t lastSent_ = 0;
  std::deque<Kept> kept_;
  std::size_t keptBytes_ = 0;
  std::deque<Waiting> waiting_;
  std::size_t waitingBytes_ = 0;
  std::uint64_t lastReceived_ = 0;
  std::size_t unackedMessages_ = 0;
  std::size_t unackedBytes_ = 0;

  std::array<Time, kTimers> timers_{kNever, kNever, kNever, kNever};
  std::deque<ClientEvent> events_;
};

}  // namespace parley::signal
