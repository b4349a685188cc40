#include "cli/peer/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/utf8.h"

namespace parley::cli {

Output::Output(std::string verb, bool json)
    : verb_(std::move(verb)), json_(json), terminal_(::isatty(STDERR_FILENO) == 1) {}

Output::~Output() {
  endProgress();
}

void Output::event(const nlohmann::ordered_json& object) {
  if (!json_) return;
  // What the other side chose may be no UTF-8: replaced, not thrown at.
  std::cout << object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
            << std::endl;
}

void Output::words(std::string_view line) {
  if (progressShown_) std::cerr << "\r\033[K";
  progressShown_ = false;
  std::cerr << line << std::endl;
}

void Output::problem(std::string_view line) {
  words(verb_ + ": " + std::string(line));
}

void Output::progress(std::string_view line) {
  if (!terminal_) return;
  std::cerr << "\r\033[K" << line << std::flush;
  progressShown_ = true;
}

void Output::endProgress() {
  if (progressShown_) std::cerr << std::endl;
  progressShown_ = false;
}

std::string inBytes(double bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || bytes >= 100 ? "%.0f %s" : "%.1f %s", bytes,
                kUnits[unit]);
  return text;
}

std::string inTime(double seconds) {
  const auto all = static_cast<long>(std::lround(std::min(seconds, 359'999.0)));
  char text[32];
  if (all >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", all / 3600, all / 60 % 60, all % 60);
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", all / 60, all % 60);
  }
  return text;
}

std::string shown(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = readUtf8(text.substr(at));
    const bool bad = c.length == 0 || c.value < 0x20 || (c.value >= 0x7f && c.value < 0xa0) ||
                     (c.value >= 0x202a && c.value <= 0x202e) ||
                     (c.value >= 0x2066 && c.value <= 0x2069) || c.value == 0x200e ||
                     c.value == 0x200f || c.value == 0x061c;
    if (bad) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(at, c.length);
    }
    at += c.length == 0 ? 1 : c.length;
  }
  return out;
}

std::size_t terminalWidth() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

}  // namespace parley::cli
