#include "server/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

namespace parley::server::log {
namespace {

constexpr std::size_t kMaxLine = 4096;
constexpr std::size_t kMinSecret = 4;
constexpr std::string_view kHidden = "(hidden)";

struct State {
  std::shared_ptr<spdlog::logger> logger =
      std::make_shared<spdlog::logger>("parley", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  LogFormat format = LogFormat::Text;
  std::mutex mutex;
  std::vector<std::string> secrets;
};

State& state() {
  static State instance;
  return instance;
}

spdlog::level::level_enum spdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::Trace:
      return spdlog::level::trace;
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
    case LogLevel::Off:
      break;
  }
  return spdlog::level::off;
}

// JSON's escapes (RFC 8259 section 7) serve the text form too. Bytes above ASCII are kept only if
// they are not C1 controls in UTF-8 (0xC2 0x80-0x9F), which terminals obey.
void appendEscaped(std::string& out, std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 =
        c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20 || c == 0x7F || c1) {
      out += "\\u00";
      const auto shown = c1 ? static_cast<unsigned char>(text[++i]) : c;
      out += kHex[shown >> 4];
      out += kHex[shown & 15];
    } else {
      out += static_cast<char>(c);
    }
  }
}

std::string hidden(std::string_view text) {
  std::string out(text);
  State& s = state();
  const std::lock_guard lock(s.mutex);
  for (const std::string& secret : s.secrets) {
    for (std::size_t at = out.find(secret); at != std::string::npos;
         at = out.find(secret, at + kHidden.size())) {
      out.replace(at, secret.size(), kHidden);
    }
  }
  return out;
}

bool isPlain(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\' && c != '=';
  });
}

}  // namespace

void configure(LogLevel level, LogFormat format) {
  State& s = state();
  s.format = format;
  s.logger->set_level(spdlogLevel(level));
  s.logger->flush_on(spdlog::level::trace);
  s.logger->set_pattern(format == LogFormat::Json
                            ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                            : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                        spdlog::pattern_time_type::utc);
}

void hide(const Secret& secret) {
  if (secret.reveal().size() < kMinSecret) return;
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.secrets.push_back(secret.reveal());
  // Longer ones first: one may contain another.
  std::sort(s.secrets.begin(), s.secrets.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

bool enabled(LogLevel level) {
  return state().logger->should_log(spdlogLevel(level));
}

std::string formatLine(LogFormat format, std::string_view event,
                       std::initializer_list<Field> fields) {
  std::string line;
  const bool json = format == LogFormat::Json;
  if (json) {
    line += "\"event\":\"";
    appendEscaped(line, hidden(event));
    line += '"';
  } else {
    line += hidden(event);
  }
  for (const Field& field : fields) {
    if (line.size() > kMaxLine) break;
    const std::string value = hidden(field.value).substr(0, kMaxLine / 4);
    line += json ? ",\"" : " ";
    line += field.name;
    line += json ? "\":" : "=";
    const bool bare = json ? field.number : isPlain(value);
    if (bare) {
      line += value;
    } else {
      line += '"';
      appendEscaped(line, value);
      line += '"';
    }
  }
  return line;
}

void write(LogLevel level, std::string_view event, std::initializer_list<Field> fields) {
  State& s = state();
  if (!s.logger->should_log(spdlogLevel(level))) return;
  s.logger->log(spdlogLevel(level), "{}", formatLine(s.format, event, fields));
}

}  // namespace parley::server::log
