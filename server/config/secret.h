// A text that must never be shown: passwords, shared secrets, keys. It has no stream or format
// operator, so that it can only be used by saying reveal(), which is easy to look for.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace parley::server {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string value_;
};

}  // namespace parley::server
