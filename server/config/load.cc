#include "server/config/load.h"

#include <cerrno>
#include <cstring>

#include "server/config/settings.h"

namespace parley::server {
namespace {

constexpr std::size_t kMaxConfigFile = 1024 * 1024;
constexpr std::string_view kPrefix = "PARLEY_";

std::vector<std::string> splitCommas(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ')
      part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ')
      part.remove_suffix(1);
    if (!part.empty()) out.emplace_back(part);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

void applyOne(Config& config, const Setting& setting, const GivenValues& given,
              std::vector<ConfigError>& errors) {
  const std::string key(setting.name);
  if (setting.kind != Setting::Kind::List && given.values.size() != 1) {
    errors.push_back({key, std::to_string(given.values.size()) + " values", given.source,
                      "takes exactly one value", "give it once"});
    return;
  }
  if (const auto bad = setting.apply(config, given.values)) {
    errors.push_back({key, setting.secret ? "(hidden)" : bad->value, given.source,
                      bad->problem.problem, bad->problem.remedy});
  }
}

void merge(GivenSettings& into, GivenSettings&& from) {
  for (auto& [name, values] : from)
    into.insert_or_assign(name, std::move(values));
}

std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    std::string_view name) {
  for (const std::string& entry : environment) {
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name)) {
      return entry.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

std::string ConfigError::text() const {
  std::string out = key;
  if (!value.empty()) out += (out.empty() ? "" : " = ") + value;
  if (!source.empty()) out += out.empty() ? source : " (" + source + ")";
  return out + (out.empty() ? "" : ": ") + problem + "; " + remedy;
}

Gathered gatherEnvironment(const std::vector<std::string>& environment) {
  Gathered out;
  for (const std::string& entry : environment) {
    const std::size_t equals = entry.find('=');
    if (!entry.starts_with(kPrefix) || equals == std::string::npos) continue;
    const std::string variableName = entry.substr(0, equals);
    if (variableName == "PARLEY_CONFIG") continue;
    std::string key;
    for (const char c : variableName.substr(kPrefix.size()))
      key += c == '_' ? '-' : static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    const Setting* setting = findSetting(key);
    if (setting == nullptr) {
      const Setting* near = nearestSetting(key);
      out.warnings.push_back(variableName + " is not a setting and is ignored" +
                             (near ? "; did you mean " + environmentName(*near) + "?" : ""));
      continue;
    }
    const std::string value = entry.substr(equals + 1);
    const bool isList = setting->kind == Setting::Kind::List;
    out.given[key] = {isList ? splitCommas(value) : std::vector<std::string>{value}, variableName};
  }
  return out;
}

Loaded load(const Sources& sources) {
  Loaded out;
  GivenSettings given;
  for (const Setting& setting : settings()) {
    if (setting.defaultText.empty()) continue;
    const bool isList = setting.kind == Setting::Kind::List;
    const std::string text(setting.defaultText);
    given[std::string(setting.name)] = {isList ? splitCommas(text) : std::vector<std::string>{text},
                                        ""};
  }
  given["state-dir"] = {{sources.defaultStateDir}, ""};

  auto file = sources.configFile;
  std::string fileSource = "--config";
  if (!file) {
    file = variable(sources.environment, "PARLEY_CONFIG");
    fileSource = "PARLEY_CONFIG";
  }
  Gathered fromFile;
  if (file) {
    if (const auto text = readFile(*file, kMaxConfigFile)) {
      fromFile = gatherToml(*text, *file);
    } else {
      out.errors.push_back({"config", *file, fileSource,
                            "cannot be read: " + std::string(std::strerror(errno)),
                            "check the path and that this user may read it"});
    }
  }
  Gathered fromEnvironment = gatherEnvironment(sources.environment);
  out.errors.insert(out.errors.end(), fromFile.errors.begin(), fromFile.errors.end());
  out.warnings = std::move(fromEnvironment.warnings);
  merge(given, std::move(fromFile.given));
  merge(given, std::move(fromEnvironment.given));
  merge(given, GivenSettings(sources.flags));

  for (const auto& [name, values] : given) {
    if (const Setting* setting = findSetting(name)) {
      applyOne(out.config, *setting, values, out.errors);
      out.sources[name] = values.source;
    }
  }
  if (!out.errors.empty()) return out;
  // --lan opens all interfaces unless somebody said which.
  if (out.config.lan && given["bind"].source.empty()) {
    out.config.bind = {IpAddress::any(Family::V4), IpAddress::any(Family::V6)};
  }
  out.errors = findContradictions(out.config, given);
  return out;
}

ConfigError Loaded::withSource(ConfigError error) const {
  const auto it = sources.find(error.key);
  if (error.source.empty() && it != sources.end()) error.source = it->second;
  return error;
}

std::string defaultStateDir(const std::vector<std::string>& environment, bool root) {
  if (root) return "/var/lib/parley";
  const auto state = variable(environment, "XDG_STATE_HOME");
  // XDG Base Directory Specification: relative paths are to be ignored.
  if (state && state->starts_with('/')) return *state + "/parley";
  const auto home = variable(environment, "HOME");
  if (home && home->starts_with('/')) return *home + "/.local/state/parley";
  return "";
}

}  // namespace parley::server
