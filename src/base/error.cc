#include "base/error.h"

#include <system_error>

namespace parley {

const char* name(ErrorCode code) {
  switch (code) {
    case ErrorCode::Malformed:
      return "malformed";
    case ErrorCode::Unsupported:
      return "unsupported";
    case ErrorCode::Limit:
      return "limit reached";
    case ErrorCode::Unauthorized:
      return "unauthorized";
    case ErrorCode::Refused:
      return "refused";
    case ErrorCode::NotFound:
      return "not found";
    case ErrorCode::InUse:
      return "in use";
    case ErrorCode::TimedOut:
      return "timed out";
    case ErrorCode::Closed:
      return "closed";
    case ErrorCode::System:
      return "system error";
    case ErrorCode::Crypto:
      return "cryptographic failure";
    case ErrorCode::Invalid:
      return "invalid argument";
  }
  return "unknown";
}

std::string Error::describe() const {
  std::string text = what_;
  text += ": ";
  text += name(code_);
  if (detail_ != 0) {
    text += ' ';
    text += std::to_string(detail_);
  }
  if (code_ == ErrorCode::System && detail_ != 0) {
    text += " (" + std::generic_category().message(detail_) + ")";
  }
  return text;
}

}  // namespace parley
