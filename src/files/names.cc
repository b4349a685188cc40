#include "files/names.h"

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"

namespace parley::files {
namespace {

// Endings longer than this are no endings ("notes. And a long sentence").
constexpr std::size_t kMaxEnding = 16;

bool isForbidden(std::uint32_t c) {
  constexpr std::string_view kMarks = "/\\:<>\"|?*";
  if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return true;
  if (c < 0x80) return kMarks.find(static_cast<char>(c)) != std::string_view::npos;
  // Bidirectional controls show a name as another one; line separators break lists.
  return c == 0x200e || c == 0x200f || c == 0x061c || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

bool isWindowsDevice(std::string_view name) {
  std::string stem(name.substr(0, name.find('.')));
  std::transform(stem.begin(), stem.end(), stem.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (stem == "con" || stem == "prn" || stem == "aux" || stem == "nul") return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) &&
         stem[3] >= '0' && stem[3] <= '9';
}

// Where the ending begins, the dot included; the size when there is none.
std::size_t endingAt(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos && dot > 0 && name.size() - dot <= kMaxEnding ? dot
                                                                                     : name.size();
}

// Cut to at most `bytes`, between characters.
std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<std::uint8_t>(text[bytes]) & 0xc0) == 0x80)
    --bytes;
  return text.substr(0, bytes);
}

}  // namespace

bool isAllowedName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes) return false;
  for (std::size_t at = 0; at < name.size();) {
    const CodePoint c = readUtf8(name.substr(at));
    if (c.length == 0 || isForbidden(c.value)) return false;
    at += c.length;
  }
  // "." and ".." end with a dot too.
  if (name.front() == ' ' || name.back() == ' ' || name.back() == '.') return false;
  return !isWindowsDevice(name);
}

std::string allowedName(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size();) {
    const CodePoint c = readUtf8(name.substr(at));
    if (c.length == 0 || isForbidden(c.value)) {
      out += '_';
    } else {
      out += name.substr(at, c.length);
    }
    at += std::max<std::size_t>(c.length, 1);
  }
  out.erase(0, out.find_first_not_of(' '));
  out.erase(out.find_last_not_of(" .") + 1);
  if (isWindowsDevice(out)) out.insert(out.begin(), '_');
  if (out.size() > kMaxNameBytes) {
    const std::string ending = out.substr(endingAt(out));
    out = std::string(cut(std::string_view(out).substr(0, out.size() - ending.size()),
                          kMaxNameBytes - ending.size())) +
          ending;
    out.erase(out.find_last_not_of(" .") + 1);
  }
  return out.empty() ? "file" : out;
}

std::optional<std::vector<std::string>> parsePath(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (!isAllowedName(part) || parts.size() == kMaxPathParts) return std::nullopt;
    parts.emplace_back(part);
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
    if (path.empty()) return std::nullopt;  // ends with a slash
  }
  return parts;
}

std::string joinPath(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::string numberedName(std::string_view name, unsigned number) {
  const std::string mark = " (" + std::to_string(number) + ")";
  const std::string_view ending = name.substr(endingAt(name));
  const std::string_view stem = name.substr(0, name.size() - ending.size());
  return std::string(cut(stem, kMaxNameBytes - ending.size() - mark.size())) + mark +
         std::string(ending);
}

}  // namespace parley::files
