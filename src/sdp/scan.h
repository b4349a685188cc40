// Small readers of SDP's text: words between spaces, numbers with their bounds, tokens.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace parley::sdp {

// The whole of `text` as a decimal number of type T; nothing else, no sign, no space.
template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || at != end || text[0] == '-') return std::nullopt;
  return value;
}

// RFC 8866 section 9: token.
bool isToken(std::string_view text);
// No control character and no space.
bool isVisible(std::string_view text);
// ASCII letters alone are folded.
bool equalFolded(std::string_view a, std::string_view b);

// Words divided by one or more spaces. An empty word says that there are no more.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) { skip(); }

  std::string_view next() {
    const std::size_t end = rest_.find(' ');
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(word.size());
    skip();
    return word;
  }
  // All that is left, with its spaces, but none before it.
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  void skip() {
    while (!rest_.empty() && rest_.front() == ' ')
      rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

// The two sides of the first `separator`; the second has no value if there is none.
inline std::pair<std::string_view, std::optional<std::string_view>> splitOnce(std::string_view text,
                                                                              char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace parley::sdp
