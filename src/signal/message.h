// The messages of docs/signalling.md: reading what clients send, writing what the server sends.
// Text only; what a message means is the hub's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "signal/ice_servers.h"
#include "signal/id.h"
#include "signal/rights.h"
#include "signal/room_directory.h"
#include "signal/signal_error.h"

namespace parley::signal {

inline constexpr std::size_t kMaxProofBytes = 512;
inline constexpr std::size_t kMaxEchoBytes = 64;

struct JoinMessage {
  std::string room;  // as sent; not checked
  std::string name;  // as sent; not checked
  std::uint64_t protocol = 1;
  std::optional<std::string> token;
  std::optional<std::string> resume;
  std::uint64_t ack = 0;
  std::optional<std::string> proof;
};
struct SignalMessage {
  std::optional<MemberId> to;  // nothing: not an id at all, so nobody's
  std::string_view data;       // the object as written; points into the message
};
struct LockMessage {
  bool locked = false;
};
struct LeaveMessage {};
struct PingMessage {
  std::string_view echo;  // `t` as written, or empty
};
struct AckMessage {};

struct ClientMessage {
  std::optional<std::uint64_t> seq;  // of sequenced types only
  std::optional<std::uint64_t> ack;
  std::variant<JoinMessage, SignalMessage, LockMessage, LeaveMessage, PingMessage, AckMessage> body;

  // Section 5.1.
  bool sequenced() const {
    return std::holds_alternative<SignalMessage>(body) || std::holds_alternative<LockMessage>(body);
  }
};

// What could not be read. If `sequenced` it uses up a number all the same.
struct BadMessage {
  SignalError code = SignalError::BadMessage;
  const char* what = "";
  bool sequenced = false;
  std::optional<std::uint64_t> seq;
};

Result<ClientMessage, BadMessage> parseClientMessage(std::string_view text);

// Number and acknowledgement of an outgoing message.
struct Envelope {
  std::uint64_t seq = 0;
  std::optional<std::uint64_t> ack;
};

enum class LeaveReason : std::uint8_t { Left, Timeout, Overflow };
std::string_view name(LeaveReason reason);

struct WelcomeMessage {
  MemberId self;
  std::string_view room;
  const std::vector<Seat>* seats = nullptr;  // all of the room, self among them
  bool locked = false;
  bool resumed = false;
  bool returned = false;
  ResumeKey resume;
  Duration resumeWithin{};
  std::string proof;
  std::uint64_t ack = 0;
  Rights rights;
  IceServerList ice;
  Duration pingEvery{};
  WallTime time{};
  std::size_t messageBytes = 0;
  std::size_t bufferBytes = 0;
  std::size_t members = 0;
};

std::string writeWelcome(const WelcomeMessage& m);
std::string writePeerJoined(const Envelope& e, const Seat& peer, bool returned);
std::string writePeerLeft(const Envelope& e, const MemberId& id, LeaveReason reason);
std::string writeSignal(const Envelope& e, const MemberId& from, std::string_view data);
std::string writeLock(const Envelope& e, bool locked, const MemberId& by);
std::string writeIceServers(const Envelope& e, const IceServerList& ice, std::string_view proof);
std::string writePong(std::string_view echo);
std::string writeAck(std::uint64_t ack);

struct ErrorMessage {
  SignalError code = SignalError::BadMessage;
  std::string_view message;  // empty: the code's own
  std::optional<std::uint64_t> ref;
  std::optional<Envelope> envelope;  // only if it is not fatal and to a member
  std::optional<Duration> retryAfter;
};
std::string writeError(const ErrorMessage& m);

}  // namespace parley::signal
