#include "parley/error.h"

#include <cstdio>
#include <cstdlib>

#include "parley/data_channel.h"

namespace parley {

std::string RtcError::describe() const {
  std::string out{toString(name)};
  if (!message.empty()) out += ": " + message;
  if (!code.empty()) out += " (" + code + ")";
  if (sdpLineNumber) out += " (line " + std::to_string(*sdpLineNumber) + ")";
  return out;
}

namespace detail {
void badAccess(const RtcError* error) {
  const std::string what = error != nullptr ? error->describe() : "there is a value, not an error";
  std::fprintf(stderr, "parley: Expected asked for what it does not hold: %s\n", what.c_str());
  std::abort();
}
}  // namespace detail

RtcError SendResult::error() const {
  switch (status_) {
    case SendStatus::Full:
      return {ErrorName::OperationError, "the channel's buffer is full"};
    case SendStatus::NotOpen:
      return {ErrorName::InvalidStateError, "the channel is not open"};
    case SendStatus::TooLarge:
      return {ErrorName::TypeError, "the message is longer than the other side takes"};
    case SendStatus::Queued:
      break;
  }
  detail::badAccess(nullptr);
}

}  // namespace parley
