// What rooms and members may be called (docs/signalling.md, `join`).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace parley::signal {

inline constexpr std::size_t kMaxRoomLength = 64;  // characters, ASCII
inline constexpr std::size_t kMaxNameLength = 64;  // Unicode characters

// The room's name in lower case, or nothing if it is not an allowed one.
std::optional<std::string> foldRoom(std::string_view text);

// The member's name with spaces at both ends cut off, or nothing if it is not an allowed one.
// `text` is any bytes.
std::optional<std::string> cleanName(std::string_view text);

}  // namespace parley::signal
