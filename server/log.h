// The server's log: one event a line, with named values, as text or JSON on standard error.
//
// Values are escaped, so that what a client chose cannot forge a line. Texts given to hide() never
// appear in any line, whoever writes them; what is not in the configuration (tokens, resume keys,
// credentials of members) is simply never passed here. Thread-safe. Lines are cut at 4 KiB.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "server/config/config.h"

namespace parley::server::log {

struct Field {
  Field(std::string_view n, std::string_view v) : name(n), value(v), number(false) {}
  Field(std::string_view n, const char* v) : Field(n, std::string_view(v)) {}
  Field(std::string_view n, const std::string& v) : Field(n, std::string_view(v)) {}
  template <std::integral T>
  Field(std::string_view n, T v) : name(n), value(std::to_string(v)), number(true) {}

  std::string_view name;
  std::string value;
  bool number;
};

void configure(LogLevel level, LogFormat format);
// Secrets shorter than 4 bytes are left alone: they would blank out ordinary words.
void hide(const Secret& secret);

bool enabled(LogLevel level);
void write(LogLevel level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(LogLevel::Debug)) write(LogLevel::Debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(LogLevel::Info)) write(LogLevel::Info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(LogLevel::Warning)) write(LogLevel::Warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  if (enabled(LogLevel::Error)) write(LogLevel::Error, event, fields);
}

// One line without time and level, as configure()'s format wants it; secrets are hidden.
std::string formatLine(LogFormat format, std::string_view event,
                       std::initializer_list<Field> fields);

}  // namespace parley::server::log
