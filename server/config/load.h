// Gathers the settings from command line, environment and file, and makes a Config of them.
//
// Precedence: flag > environment > file > default. All mistakes are reported, not only the first.
// An error names the setting, its value (unless it is secret), where it came from and the remedy.
// Reads the configuration file and the files that settings name with "@FILE"; opens nothing else.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/config.h"

namespace parley::server {

struct ConfigError {
  std::string key;      // "http-port"; empty when none is meant
  std::string value;    // as given; "(hidden)" for secrets
  std::string source;   // "--http-port", "PARLEY_HTTP_PORT", "parley.toml line 3"
  std::string problem;  // "is not a port number"
  std::string remedy;   // "give a number from 0 to 65535"

  std::string text() const;  // one line
};

// The values given for one setting by one source.
struct GivenValues {
  std::vector<std::string> values;
  std::string source;
};
using GivenSettings = std::map<std::string, GivenValues, std::less<>>;  // by setting name

struct Gathered {
  GivenSettings given;
  std::vector<ConfigError> errors;
  std::vector<std::string> warnings;
};

// A TOML text. `origin` is the file's name for messages.
Gathered gatherToml(std::string_view text, const std::string& origin);
// "NAME=value" strings, as in environ. An unknown PARLEY_… is only a warning: container platforms
// inject such variables after the name of a service.
Gathered gatherEnvironment(const std::vector<std::string>& environment);

struct Sources {
  GivenSettings flags;
  std::vector<std::string> environment;
  std::optional<std::string> configFile;
  std::string defaultStateDir;
};

struct Loaded {
  Config config;  // meaningless when there are errors
  std::vector<ConfigError> errors;
  std::vector<std::string> warnings;
  std::map<std::string, std::string, std::less<>> sources;  // where each setting came from

  // Errors found later (a port in use) name the setting only: its source is filled in here.
  ConfigError withSource(ConfigError error) const;
};

Loaded load(const Sources& sources);

// From $XDG_STATE_HOME, $HOME and whether the process is root's.
std::string defaultStateDir(const std::vector<std::string>& environment, bool root);

// Settings that contradict each other (contradictions.cc).
std::vector<ConfigError> findContradictions(const Config& config, const GivenSettings& given);

}  // namespace parley::server
