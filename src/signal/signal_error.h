// The error codes of docs/signalling.md section 11: name on the wire, whether the socket ends, and
// with which WebSocket close code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::signal {

enum class SignalError : std::uint8_t {
  BadRoom,
  BadName,
  UnsupportedProtocol,
  TokenRequired,
  BadToken,
  TokenExpired,
  WrongRoom,
  RoomFull,
  RoomLocked,
  NoSuchRoom,
  ResumeFailed,
  ServerFull,
  TooManySockets,
  TooManyMembers,
  TooManyRooms,
  JoinTimeout,
  Idle,
  BadJson,
  TooLarge,
  Binary,
  BadMessage,
  UnknownType,
  NotJoined,
  AlreadyJoined,
  NoSuchPeer,
  NotAllowed,
  BadSequence,
  RateLimited,
  Overflow,
  Replaced,
  Shutdown,
};
inline constexpr std::size_t kSignalErrors = 31;

struct SignalErrorInfo {
  std::string_view name;
  std::string_view message;  // English, for developers
  bool fatal;
  std::uint16_t close;  // 0 when not fatal
  bool refused;         // the command line exits with 4 (refused), else 1 (failed)
};

const SignalErrorInfo& info(SignalError code);
std::optional<SignalError> signalErrorFromName(std::string_view name);

}  // namespace parley::signal
