// Result<T>: a value or an Error. Asking for what it does not hold aborts (a bug of ours).
#pragma once

#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace parley {

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    PARLEY_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    PARLEY_CHECK(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    PARLEY_CHECK(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    PARLEY_CHECK(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

struct Ok {};
using Status = Result<Ok>;

}  // namespace parley
