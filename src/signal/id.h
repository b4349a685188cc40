// 128 random bits as 22 characters of base64url: ids of members, and resume keys. They say nothing
// about the node that made them. Two tags, so that a secret key is not shown where an id belongs.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace parley::signal {

inline constexpr std::size_t kIdTextLength = 22;

// Strict: 22 characters of base64url, the unused bits of the last one zero.
std::optional<std::array<std::uint8_t, 16>> parseId128(std::string_view text);
void appendId128(const std::array<std::uint8_t, 16>& id, std::string& out);

template <class Tag>
class Id128 {
 public:
  Id128() = default;
  static Id128 random(RandomSource& source) {
    Id128 id;
    source.fill(id.bytes_);
    return id;
  }
  static std::optional<Id128> parse(std::string_view text) {
    const auto bytes = parseId128(text);
    if (!bytes) return std::nullopt;
    Id128 id;
    id.bytes_ = *bytes;
    return id;
  }

  void appendTo(std::string& out) const { appendId128(bytes_, out); }
  std::string toString() const {
    std::string out;
    appendTo(out);
    return out;
  }
  ConstBytes bytes() const { return bytes_; }
  std::size_t hash() const {
    std::size_t h = 0;
    std::memcpy(&h, bytes_.data(), sizeof h);  // random already
    return h;
  }
  friend auto operator<=>(const Id128&, const Id128&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

using MemberId = Id128<struct MemberIdTag>;
using ResumeKey = Id128<struct ResumeKeyTag>;

}  // namespace parley::signal

template <class Tag>
struct std::hash<parley::signal::Id128<Tag>> {
  std::size_t operator()(const parley::signal::Id128<Tag>& id) const noexcept { return id.hash(); }
};
