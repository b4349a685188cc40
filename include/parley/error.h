// Errors of the public API: the W3C's names as values. Nothing here throws but Expected::value().
//
//   if (auto offer = pc.createOffer()) use(*offer); else report(offer.error().describe());
//   SessionDescription offer = pc.createOffer().value();   // who prefers an exception
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace parley {

// The names of DOMException and of ECMAScript's errors that WebRTC 1.0 uses.
enum class ErrorName : std::uint8_t {
  InvalidStateError,
  InvalidAccessError,
  InvalidModificationError,
  OperationError,
  SyntaxError,
  TypeError,
  RangeError,
  NotSupportedError,
  NotAllowedError,
  NetworkError,
  AbortError,
  TimeoutError,
  UnknownError,
};

// "InvalidStateError"
std::string_view toString(ErrorName name);

// RTCErrorDetailType (webrtc-pc section 11.3), for what WebRTC calls an RTCError.
enum class ErrorDetail : std::uint8_t {
  None,
  DataChannelFailure,
  DtlsFailure,
  FingerprintFailure,
  SctpFailure,
  SdpSyntaxError,
};

struct RtcError {
  RtcError() = default;
  RtcError(ErrorName errorName, std::string text, ErrorDetail errorDetail = ErrorDetail::None)
      : name(errorName), message(std::move(text)), detail(errorDetail) {}

  ErrorName name = ErrorName::UnknownError;
  std::string message;  // English, for developers and logs
  ErrorDetail detail = ErrorDetail::None;
  std::optional<int> sdpLineNumber;  // of the description, from 1
  std::optional<int> sctpCauseCode;
  std::optional<int> receivedAlert;  // of DTLS
  std::optional<int> sentAlert;
  std::string code;  // of the signalling protocol, when a Room was refused ("room-full")

  // "InvalidStateError: the connection is closed"
  std::string describe() const;
};

class RtcException : public std::runtime_error {
 public:
  explicit RtcException(RtcError error)
      : std::runtime_error(error.describe()), error_(std::move(error)) {}
  const RtcError& error() const { return error_; }

 private:
  RtcError error_;
};

namespace detail {
[[noreturn]] void badAccess(const RtcError* error);  // says what was wrong, and aborts
}

// A value or an RtcError. `*` and error() of the other one abort: look first.
template <class T>
class [[nodiscard]] Expected {
 public:
  using value_type = T;
  Expected(T value) : state_(std::in_place_index<0>, std::move(value)) {}         // NOLINT
  Expected(RtcError error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return get(); }
  const T& operator*() const& { return get(); }
  T&& operator*() && { return std::move(get()); }
  T* operator->() { return &get(); }
  const T* operator->() const { return &get(); }
  const RtcError& error() const {
    const RtcError* e = std::get_if<1>(&state_);
    if (e == nullptr) detail::badAccess(nullptr);
    return *e;
  }

  // Throws RtcException when there is no value.
  T& value() & {
    raise();
    return get();
  }
  const T& value() const& {
    raise();
    return get();
  }
  T&& value() && {
    raise();
    return std::move(get());
  }

 private:
  void raise() const {
    if (const RtcError* e = std::get_if<1>(&state_)) throw RtcException(*e);
  }
  T& get() {
    T* v = std::get_if<0>(&state_);
    if (v == nullptr) detail::badAccess(std::get_if<1>(&state_));
    return *v;
  }
  const T& get() const {
    const T* v = std::get_if<0>(&state_);
    if (v == nullptr) detail::badAccess(std::get_if<1>(&state_));
    return *v;
  }
  std::variant<T, RtcError> state_;
};

template <>
class [[nodiscard]] Expected<void> {
 public:
  using value_type = void;
  Expected() = default;
  Expected(RtcError error) : error_(std::move(error)) {}  // NOLINT

  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const RtcError& error() const {
    if (!error_) detail::badAccess(nullptr);
    return *error_;
  }
  void value() const {
    if (error_) throw RtcException(*error_);
  }

 private:
  std::optional<RtcError> error_;
};

}  // namespace parley
