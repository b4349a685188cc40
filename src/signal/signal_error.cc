#include "signal/signal_error.h"

#include <array>

namespace parley::signal {
namespace {

constexpr std::uint16_t kAtFault = 4400;
constexpr std::uint16_t kToken = 4401;
constexpr std::uint16_t kRefused = 4403;
constexpr std::uint16_t kSilent = 4408;
constexpr std::uint16_t kReplaced = 4409;
constexpr std::uint16_t kOverflow = 4413;
constexpr std::uint16_t kTooMuch = 4429;

// In the order of SignalError.
constexpr std::array<SignalErrorInfo, kSignalErrors> kTable{{
    {"bad-room", "the room must be 1 to 64 letters a-z, digits or hyphens", true, kAtFault, true},
    {"bad-name", "the name must be 1 to 64 characters without control characters", true, kAtFault,
     true},
    {"unsupported-protocol", "this server speaks protocol 1", true, kAtFault, false},
    {"token-required", "this server wants a room token", true, kToken, true},
    {"bad-token", "the token does not hold", true, kToken, true},
    {"token-expired", "the token has expired", true, kToken, true},
    {"wrong-room", "the token is for another room", true, kRefused, true},
    {"room-full", "the room is full", true, kRefused, true},
    {"room-locked", "the room is locked", true, kRefused, true},
    {"no-such-room", "nobody is in this room, and this token may not open it", true, kRefused,
     true},
    {"resume-failed", "this membership is over; join without resume and proof", false, 0, false},
    {"server-full", "the server holds as many as it can", true, kTooMuch, false},
    {"too-many-sockets", "too many sockets from your address", true, kTooMuch, true},
    {"too-many-members", "too many members from your address", true, kTooMuch, true},
    {"too-many-rooms", "too many rooms were opened from your address", true, kTooMuch, true},
    {"join-timeout", "no join came", true, kSilent, false},
    {"idle", "nothing was heard from you for too long", true, kSilent, false},
    {"bad-json", "not a JSON object as the protocol wants it", true, kAtFault, false},
    {"too-large", "the message is too large", true, 1009, false},
    {"binary", "binary messages are not understood", true, 1003, false},
    {"bad-message", "a field is missing or of the wrong type", false, 0, false},
    {"unknown-type", "no message of this type is known", false, 0, false},
    {"not-joined", "join first", false, 0, false},
    {"already-joined", "this socket has joined already", false, 0, false},
    {"no-such-peer", "there is no such other member in this room", false, 0, false},
    {"not-allowed", "you have no right to that", false, 0, true},
    {"bad-sequence", "seq or ack does not follow", true, kAtFault, false},
    {"rate-limited", "too many messages or bytes", true, kTooMuch, false},
    {"overflow", "too much waited for you unacknowledged", true, kOverflow, false},
    {"replaced", "this membership goes on over another socket", true, kReplaced, false},
    {"shutdown", "the server stops; come back with the proof", true, 1001, false},
}};

}  // namespace

const SignalErrorInfo& info(SignalError code) {
  return kTable[static_cast<std::size_t>(code)];
}

std::optional<SignalError> signalErrorFromName(std::string_view name) {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (kTable[i].name == name) return static_cast<SignalError>(i);
  }
  return std::nullopt;
}

}  // namespace parley::signal
