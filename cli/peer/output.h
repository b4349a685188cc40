// What a verb says: one JSON object a line on standard output with --json, words for people on
// standard error, and one line of progress that rewrites itself where there is a terminal.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace parley::cli {

class Output {
 public:
  Output(std::string verb, bool json);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool json() const { return json_; }
  void event(const nlohmann::ordered_json& object);  // with --json only
  void words(std::string_view line);
  // "parley send: …"
  void problem(std::string_view line);
  // Shown at the bottom until the next; nothing without a terminal.
  void progress(std::string_view line);
  void endProgress();

 private:
  std::string verb_;
  bool json_;
  bool terminal_;
  bool progressShown_ = false;
};

// "12.3 MB", "1:05" (or "2:01:05")
std::string inBytes(double bytes);
std::string inTime(double seconds);
// Text of the other side, fit for a terminal: control characters are replaced.
std::string shown(std::string_view text);
// Columns of the terminal on standard error, 80 where there is none.
std::size_t terminalWidth();

}  // namespace parley::cli
