// The table of settings: the one place where a setting's name, type, default and meaning stand.
//
// The TOML reader, the environment reader, the command line and docs/configuration.md are made of
// it. A setting has one name everywhere: `http-port` in the file, PARLEY_HTTP_PORT in the
// environment, --http-port on the command line.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/config.h"
#include "server/config/values.h"

namespace parley::server {

struct Setting {
  enum class Kind : std::uint8_t { Flag, One, List };

  std::string_view name;
  Kind kind;
  std::string_view metavar;      // what a value is called: PORT, ADDRESS; empty for flags
  std::string_view defaultText;  // as it would be written; empty: none
  std::string_view group;        // heading in --help and in the documentation
  std::string_view help;         // one sentence
  bool secret;                   // its values are never shown
  // Takes the values (exactly one unless it is a list) into the config, or says what is wrong with
  // which of them.
  struct Bad {
    std::string value;
    ValueProblem problem;
  };
  std::optional<Bad> (*apply)(Config& config, const std::vector<std::string>& values);
};

std::span<const Setting> settings();
const Setting* findSetting(std::string_view name);
// The setting whose name is nearest to a mistyped one; null when none is near.
const Setting* nearestSetting(std::string_view mistyped);

std::string environmentName(const Setting& setting);  // PARLEY_HTTP_PORT
// docs/configuration.md as it must be.
std::string settingsMarkdown();

}  // namespace parley::server
