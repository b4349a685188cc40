// A strict reader of one JSON object (RFC 8259) that finds the outermost fields and leaves their
// values where they lie.
//
// Why not a document tree: a relayed message's `data` is passed on as it is, so building and
// writing it again would cost time and change it (numbers, order). Why not recursion: depth comes
// from the network. The whole text is checked: grammar, UTF-8, paired surrogates, depth, number of
// values. It agrees with nlohmann::json about what is JSON (a test and a fuzz target hold it so).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace parley::signal {

inline constexpr std::size_t kMaxJsonDepth = 32;     // the outermost object is 1
inline constexpr std::size_t kMaxJsonValues = 4096;  // of all kinds, names not counted
inline constexpr std::size_t kMaxJsonFields = 32;    // of the outermost object

enum class JsonKind : std::uint8_t { Object, Array, String, Number, Boolean, Null };

struct JsonField {
  std::string_view name;   // without quotes; has no escapes
  std::string_view value;  // as written, with the quotes of a string
  JsonKind kind = JsonKind::Null;
};

class JsonObject {
 public:
  const JsonField* find(std::string_view name) const {
    for (std::size_t i = 0; i < count_; ++i) {
      if (fields_[i].name == name) return &fields_[i];
    }
    return nullptr;
  }
  std::size_t size() const { return count_; }
  const JsonField& operator[](std::size_t i) const { return fields_[i]; }
  // False when there is no room or the name is there already.
  bool add(const JsonField& field) {
    if (count_ == fields_.size() || find(field.name) != nullptr) return false;
    fields_[count_++] = field;
    return true;
  }

 private:
  std::array<JsonField, kMaxJsonFields> fields_;
  std::size_t count_ = 0;
};

// The fields point into `text`. The error says what is wrong.
Result<JsonObject, const char*> scanJsonObject(std::string_view text);

// The text of a string value that scanJsonObject has checked.
std::string decodeJsonString(std::string_view value);
// An integer from 0 to 2^53 - 1, written without fraction or exponent.
std::optional<std::uint64_t> parseJsonCount(std::string_view value);

// Appends `text`, which is UTF-8, as a JSON string.
void appendJsonString(std::string_view text, std::string& out);

}  // namespace parley::signal
