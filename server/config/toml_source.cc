// The only file that knows the TOML library (it is heavy to compile).
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "server/config/load.h"
#include "server/config/settings.h"

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

bool hasLongLine(std::string_view text) {
  std::size_t length = 0;
  for (const char c : text) {
    length = c == '\n' ? 0 : length + 1;
    if (length > kMaxLine) return true;
  }
  return false;
}

ConfigError unknownKey(const std::string& key, const std::string& source) {
  const Setting* near = nearestSetting(key);
  return {key, "", source, "is not a setting",
          near ? "did you mean " + std::string(near->name) + "?"
               : "see docs/configuration.md or `parley serve --help`"};
}

}  // namespace

Gathered gatherToml(std::string_view text, const std::string& origin) {
  Gathered out;
  if (hasLongLine(text)) {
    out.errors.push_back({"", "", origin, "has a line of more than 8192 bytes",
                          "write lists with one element a line"});
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
