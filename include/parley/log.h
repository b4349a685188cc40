// What connections and rooms tell an application of their doings. Lines are English, for
// developers; they hold addresses and names, never keys, passwords, tokens or payload.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace parley {

enum class LogLevel : std::uint8_t { Trace, Debug, Info, Warning, Error, Off };

std::string_view toString(LogLevel level);

// Called on the library's threads: it must be thread-safe, quick, and not call the library.
using LogSink = std::function<void(LogLevel level, std::string_view line)>;

}  // namespace parley
