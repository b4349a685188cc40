// What the verbs that take settings share: loading them, and telling what is wrong.
#pragma once

#include <optional>

#include "server/config/load.h"

namespace parley::cli {

// From flags, the process's environment and the file. Sets up the log, which hides the secrets.
server::Loaded loadConfiguration(server::Sources& sources);
void printErrors(const char* verb, const std::vector<server::ConfigError>& errors);

}  // namespace parley::cli
