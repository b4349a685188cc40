// The only file that knows the TOML library (it is heavy to compile).
#define TOML_EXCEPTIONS 0
#undef NDEBUG  // its assertions would otherwise become assumptions, and a broken file undefined
#include <toml++/toml.h>

#include "server/config/load.h"
#include "server/config/settings.h"
#include "server/config/values.h"

namespace parley::server {
namespace {

// A dotted key makes a table for each dot, and their destructors recurse: a bound on the line is a
// bound on that.
constexpr std::size_t kMaxLine = 8192;

std::string at(const std::string& origin, const toml::source_region& region) {
  return origin + " line " + std::to_string(region.begin.line);
}

// A scalar as text, or nothing for what no setting takes (dates, tables, nested arrays).
std::optional<std::string> scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return std::string(flag->get() ? "true" : "false");
  return {};
}

// Looks through the text for what no configuration of ours holds and on which the library (3.3)
// fails assertions or runs into undefined behaviour, found by fuzzing: control characters, other
// characters than ASCII outside of strings and comments, broken table headers.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  // What is wrong, and the remedy; the line is line().
  std::optional<ValueProblem> run() {
    for (at_ = 0; at_ < text_.size(); ++at_) {
      if (const auto problem = step(text_[at_])) return problem;
    }
    return {};
  }
  std::size_t line() const { return line_; }

 private:
  std::optional<ValueProblem> step(char c) {
    const auto u = static_cast<unsigned char>(c);
    if ((u < 0x20 && c != '\t' && c != '\n' && c != '\r') || u == 0x7F) {
      return ValueProblem{"holds a control character; is it a text file?", kRemedy};
    }
    if (c == '\n') return newLine();
    if (++length_ > kMaxLine) {
      return ValueProblem{"is longer than 8192 bytes", "write lists with one element a line"};
    }
    if (quote_ != 0) {
      inString(c);
    } else if (!comment_) {
      return outside(c, u);
    }
    return {};
  }
  std::optional<ValueProblem> newLine() {
    ++line_;
    length_ = 0;
    blank_ = true;
    comment_ = false;
    if (!multiLine_) quote_ = 0;
    return {};
  }
  void inString(char c) {
    if (c == '\\' && quote_ == '"') {
      if (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
    } else if (c == quote_ && (!multiLine_ || isTriple())) {
      if (multiLine_) at_ += 2;
      quote_ = 0;
      multiLine_ = false;
    }
  }
  std::optional<ValueProblem> outside(char c, unsigned char u) {
    if (u >= 0x80) return ValueProblem{"has a character that belongs into quotes", kRemedy};
    // Nested arrays, the other reason for a line to begin so, are no values of ours either.
    if (c == '[' && blank_) {
      return ValueProblem{"begins a table; settings have none",
                          "write each as name = value, with its whole name"};
    }
    if (c == '#') comment_ = true;
    if (c == '"' || c == '\'') {
      quote_ = c;
      multiLine_ = isTriple();
      if (multiLine_) at_ += 2;
    }
    blank_ = blank_ && (c == ' ' || c == '\t' || c == '\r');
    return {};
  }
  bool isTriple() const { return text_.substr(at_, 3) == std::string(3, quote_); }

  static constexpr const char* kRemedy = "write settings as name = value, texts in double quotes";
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t length_ = 0;
  char quote_ = 0;
  bool multiLine_ = false;
  bool comment_ = false;
  bool blank_ = true;
};

ConfigError unknownKey(const std::string& key, const std::string& source) {
  const Setting* near = nearestSetting(key);
  return {key, "", source, "is not a setting",
          near ? "did you mean " + std::string(near->name) + "?"
               : "see docs/configuration.md or `parley serve --help`"};
}

}  // namespace

Gathered gatherToml(std::string_view text, const std::string& origin) {
  Gathered out;
  Scan scan(text);
  if (const auto problem = scan.run()) {
    out.errors.push_back({"", "", origin + " line " + std::to_string(scan.line()), problem->problem,
                          problem->remedy});
    return out;
  }
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    out.errors.push_back({"", "", at(origin, error.source()),
                          "is not TOML: " + std::string(error.description()),
                          "write settings as name = value, texts in double quotes"});
    return out;
  }
  for (const auto& [tomlKey, node] : parsed.table()) {
    const std::string key(tomlKey.str());
    const std::string source = at(origin, tomlKey.source());
    const Setting* setting = findSetting(key);
    if (setting == nullptr) {
      out.errors.push_back(unknownKey(key, source));
      continue;
    }
    std::vector<std::string> values;
    bool good = true;
    if (const auto* array = node.as_array()) {
      good = setting->kind == Setting::Kind::List;
      for (const toml::node& element : *array) {
        const auto value = scalar(element);
        good = good && value.has_value();
        if (value) values.push_back(*value);
      }
    } else if (const auto value = scalar(node)) {
      values.push_back(*value);
    } else {
      good = false;
    }
    if (!good) {
      const bool list = setting->kind == Setting::Kind::List;
      out.errors.push_back({key, "", source, "has a value of the wrong type",
                            list ? "give a list of texts, such as [\"a\", \"b\"]"
                                 : "give one text, number, true or false"});
      continue;
    }
    out.given[key] = {std::move(values), source};
  }
  return out;
}

}  // namespace parley::server
