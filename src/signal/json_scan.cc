#include "signal/json_scan.h"

#include <algorithm>
#include <cstring>

#include "base/base64.h"
#include "base/utf8.h"

namespace parley::signal {
namespace {

constexpr std::uint64_t kMaxCount = (std::uint64_t{1} << 53) - 1;

bool isDigit(char c) {
  return c >= '0' && c <= '9';
}

// Whether each of the 8 bytes is plain ASCII that may stand in a string: not a control character,
// not a quote, not a backslash, below 0x80.
bool allPlain(const char* p) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  constexpr std::uint64_t kHigh = 0x8080808080808080u;
  std::uint64_t v = 0;
  std::memcpy(&v, p, sizeof v);
  const auto zeroByte = [&](std::uint64_t x) { return (x - kOnes) & ~x & kHigh; };
  const std::uint64_t below20 = (v - kOnes * 0x20) & ~v & kHigh;
  return ((v & kHigh) | below20 | zeroByte(v ^ (kOnes * '"')) | zeroByte(v ^ (kOnes * '\\'))) == 0;
}

std::optional<std::uint32_t> readHex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t v = 0;
  for (const char c : text.substr(0, 4)) {
    std::uint32_t d = 0;
    if (isDigit(c)) {
      d = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      d = static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      d = static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
    v = (v << 4) | d;
  }
  return v;
}

// The character of "\uXXXX" or of a surrogate pair "\uXXXX\uXXXX", and its length in the text.
CodePoint readUnicodeEscape(std::string_view text) {
  const auto first = text.size() >= 6 ? readHex4(text.substr(2)) : std::nullopt;
  if (!first || (*first >= 0xdc00 && *first < 0xe000)) return {};
  if (*first < 0xd800 || *first >= 0xe000) return {*first, 6};
  if (text.size() < 12 || text[6] != '\\' || text[7] != 'u') return {};
  const auto second = readHex4(text.substr(8));
  if (!second || *second < 0xdc00 || *second >= 0xe000) return {};
  return {0x10000 + ((*first - 0xd800) << 10) + (*second - 0xdc00), 12};
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  Result<JsonObject, const char*> run() {
    JsonObject object;
    space();
    if (!take('{')) return "not an object";
    space();
    if (!take('}')) {
      do {
        space();
        if (const char* error = field(object)) return error;
        space();
      } while (take(','));
      if (!take('}')) return "an object does not end";
    }
    space();
    if (at_ != text_.size()) return "something follows the object";
    return object;
  }

 private:
  const char* field(JsonObject& object) {
    JsonField f;
    const std::size_t begin = at_;
    if (!string()) return "a field has no name";
    f.name = text_.substr(begin + 1, at_ - begin - 2);
    if (f.name.find('\\') != std::string_view::npos) return "an escape in a field's name";
    space();
    if (!take(':')) return "a field has no value";
    space();
    const std::size_t valueBegin = at_;
    f.kind = kindOf(peek());
    if (!value()) return error_;
    f.value = text_.substr(valueBegin, at_ - valueBegin);
    return object.add(f) ? nullptr : "a field twice, or too many fields";
  }

  // One value of any kind, without recursion: `inObject_` has one bit for each open container.
  bool value() {
    std::size_t open = 0;
    while (true) {
      if (++values_ > kMaxJsonValues) return fail("too many values");
      const char c = peek();
      if (c == '{' || c == '[') {
        // The outermost object is open, too.
        if (open + 2 > kMaxJsonDepth) return fail("too deep");
        ++at_;
        inObject_ = (inObject_ << 1) | (c == '{' ? 1u : 0u);
        ++open;
        space();
        if (peek() != (c == '{' ? '}' : ']')) {
          if (c == '{' && !name()) return false;
          continue;
        }
      } else if (!scalar(c)) {
        return false;
      }
      if (!closeContainers(open)) return false;
      if (open == 0) return true;
    }
  }

  // After a value: closes what ends here, and steps to the next value if a container goes on.
  bool closeContainers(std::size_t& open) {
    while (open > 0) {
      space();
      const bool object = (inObject_ & 1) != 0;
      if (take(object ? '}' : ']')) {
        inObject_ >>= 1;
        --open;
      } else if (!take(',')) {
        return fail("a comma or an end is missing");
      } else {
        space();
        return !object || name();
      }
    }
    return true;
  }
  bool name() {
    if (!string()) return fail("a field has no name");
    space();
    if (!take(':')) return fail("a field has no value");
    space();
    return true;
  }

  bool scalar(char c) {
    if (c == '"') return string() || fail("a string is not well-formed");
    if (c == '-' || isDigit(c)) return number() || fail("a number is not well-formed");
    return word("true") || word("false") || word("null") || fail("a value is missing");
  }

  bool word(std::string_view w) {
    if (text_.substr(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }

  bool digits() {
    const std::size_t begin = at_;
    while (isDigit(peek()))
      ++at_;
    return at_ > begin;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      if (!digits()) return false;
    }
    return true;
  }

  bool string() {
    if (!take('"')) return false;
    while (true) {
      while (at_ + 8 <= text_.size() && allPlain(text_.data() + at_))
        at_ += 8;
      if (at_ == text_.size()) return false;
      const auto c = static_cast<std::uint8_t>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return false;
      if (c == '\\') {
        if (!escape()) return false;
      } else if (c < 0x80) {
        ++at_;
      } else {
        const CodePoint p = readUtf8(text_.substr(at_));
        if (p.length == 0) return false;
        at_ += p.length;
      }
    }
  }

  bool escape() {
    if (at_ + 1 >= text_.size()) return false;
    const char c = text_[at_ + 1];
    if (c == 'u') {
      const CodePoint p = readUnicodeEscape(text_.substr(at_));
      at_ += p.length;
      return p.length != 0;
    }
    at_ += 2;
    return c != '\0' && std::strchr("\"\\/bfnrt", c) != nullptr;
  }

  static JsonKind kindOf(char c) {
    switch (c) {
      case '{':
        return JsonKind::Object;
      case '[':
        return JsonKind::Array;
      case '"':
        return JsonKind::String;
      case 't':
      case 'f':
        return JsonKind::Boolean;
      case 'n':
        return JsonKind::Null;
      default:
        return JsonKind::Number;
    }
  }

  void space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool fail(const char* error) {
    error_ = error;
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t values_ = 1;
  std::uint64_t inObject_ = 0;
  const char* error_ = "";
};
static_assert(kMaxJsonDepth <= 64, "one bit for each level");

}  // namespace

Result<JsonObject, const char*> scanJsonObject(std::string_view text) {
  return Scanner(text).run();
}

std::string decodeJsonString(std::string_view value) {
  std::string_view rest = value.substr(1, value.size() - 2);
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    if (rest[0] != '\\') {
      const std::size_t n = std::min(rest.find('\\'), rest.size());
      out.append(rest.substr(0, n));
      rest.remove_prefix(n);
      continue;
    }
    if (rest[1] == 'u') {
      const CodePoint p = readUnicodeEscape(rest);
      appendUtf8(p.value, out);
      rest.remove_prefix(p.length);
      continue;
    }
    static constexpr std::string_view kFrom = "\"\\/bfnrt";
    static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    out.push_back(kTo[kFrom.find(rest[1])]);
    rest.remove_prefix(2);
  }
  return out;
}

std::optional<std::uint64_t> parseJsonCount(std::string_view value) {
  if (value.empty() || value.size() > 16) return std::nullopt;
  std::uint64_t v = 0;
  for (const char c : value) {
    if (!isDigit(c)) return std::nullopt;
    v = v * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (v > kMaxCount) return std::nullopt;
  return v;
}

void appendJsonString(std::string_view text, std::string& out) {
  out.push_back('"');
  for (const char c : text) {
    const auto u = static_cast<std::uint8_t>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (u < 0x20) {
      out.append("\\u00");
      out.append(hexEncode(ConstBytes(&u, 1)));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace parley::signal
