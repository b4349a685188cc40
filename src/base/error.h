// The error value of the core: small, trivially copyable, with a text for people.
//
// `what` is a string literal that names the operation ("bind relay port"); `detail` is a number
// that belongs to the code (an errno, a STUN error code, a limit). describe() puts them together.
#pragma once

#include <cstdint>
#include <string>

namespace parley {

enum class ErrorCode : std::uint8_t {
  Malformed,     // the bytes do not follow their grammar
  Unsupported,   // well-formed, but not something we do
  Limit,         // a named table or size limit is reached; detail is the limit
  Unauthorized,  // integrity, password, token or certificate does not hold
  Refused,       // understood and denied by policy
  NotFound,
  InUse,
  TimedOut,
  Closed,
  System,   // the operating system said no; detail is errno
  Crypto,   // the cryptographic library said no
  Invalid,  // the caller asked for something that has no meaning
};

const char* name(ErrorCode code);

class Error {
 public:
  constexpr Error(ErrorCode code, const char* what, std::int32_t detail = 0)
      : what_(what), detail_(detail), code_(code) {}

  constexpr ErrorCode code() const { return code_; }
  constexpr const char* what() const { return what_; }
  constexpr std::int32_t detail() const { return detail_; }
  // One line for people: "bind relay port: system error 98 (Address already in use)".
  std::string describe() const;

 private:
  const char* what_;
  std::int32_t detail_;
  ErrorCode code_;
};

}  // namespace parley
