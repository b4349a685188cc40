// A configuration file and an environment of any content: no crash, and what is accepted is
// consistent; secrets never stand in an error.
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/check.h"
#include "server/config/load.h"
#include "server/config/settings.h"

namespace {

using namespace parley;
using namespace parley::server;

// "NAME=value" lines after the first line that is "%".
void split(std::string_view input, std::string& toml, std::vector<std::string>& environment) {
  const std::size_t mark = input.find("\n%\n");
  toml = input.substr(0, mark);
  if (mark == std::string_view::npos) return;
  input.remove_prefix(mark + 3);
  while (!input.empty() && environment.size() < 64) {
    const std::size_t end = input.find('\n');
    environment.emplace_back(input.substr(0, end));
    if (end == std::string_view::npos) break;
    input.remove_prefix(end + 1);
  }
}

bool namesAFile(const GivenSettings& given) {
  for (const auto& [name, values] : given) {
    for (const std::string& value : values.values)
      if (value.find('@') != std::string::npos) return true;  // would read files of this machine
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string toml;
  Sources sources;
  split({reinterpret_cast<const char*>(data), size}, toml, sources.environment);
  std::erase_if(sources.environment,
                [](const std::string& e) { return e.starts_with("PARLEY_CONFIG="); });
  const Gathered file = gatherToml(toml, "fuzz.toml");
  const Gathered environment = gatherEnvironment(sources.environment);
  if (namesAFile(file.given) || namesAFile(environment.given)) return 0;
  sources.flags = file.given;
  sources.defaultStateDir = "/state";
  const Loaded loaded = load(sources);
  for (const ConfigError& error : loaded.errors) {
    PARLEY_CHECK(!error.problem.empty() && !error.remedy.empty());
    const Setting* setting = findSetting(error.key);
    PARLEY_CHECK(setting == nullptr || !setting->secret || error.value.empty() ||
                 error.value == "(hidden)" || error.value.ends_with(" values"));
  }
  if (!loaded.errors.empty()) return 0;
  const Config& c = loaded.config;
  PARLEY_CHECK(!c.bind.empty() && !c.stateDir.empty());
  PARLEY_CHECK(c.relayPorts.first <= c.relayPorts.last && c.relayPorts.first >= 1024);
  PARLEY_CHECK(c.tlsCert.empty() == c.tlsKey.empty());
  PARLEY_CHECK(c.limits.roomSize >= 1 && c.limits.roomSize <= 256);
  PARLEY_CHECK(c.credentialLifetime >= 1min && c.credentialLifetime <= 24h);
  return 0;
}
