#include "sdp/scan.h"

namespace parley::sdp {

namespace {

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool isToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`{|}~";
  if (text.empty()) return false;
  for (const char c : text) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (folded(c) >= 'a' && folded(c) <= 'z');
    if (!alphanumeric && kOthers.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool isVisible(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) return false;
  }
  return true;
}

bool equalFolded(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (folded(a[i]) != folded(b[i])) return false;
  }
  return true;
}

}  // namespace parley::sdp
