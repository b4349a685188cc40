// File names that may cross from one machine to another (docs/peer-messages.md section 6.8). What
// comes from the other side is refused unless it is allowed; what we offer is made so first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::files {

inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxPathParts = 32;

bool isAllowedName(std::string_view name);
// The nearest allowed name; "file" when nothing is left.
std::string allowedName(std::string_view name);

// "a/b" as its parts, each an allowed name; nothing otherwise. "" has no parts.
std::optional<std::vector<std::string>> parsePath(std::string_view path);
std::string joinPath(const std::vector<std::string>& parts);

// "report (2).tar" of "report.tar": the name that is tried when the one before is taken. Stays
// within kMaxNameBytes.
std::string numberedName(std::string_view name, unsigned number);

}  // namespace parley::files
