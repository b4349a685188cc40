#include "cli/configuration.h"

#include <unistd.h>

#include <iostream>

#include "server/log.h"

namespace parley::cli {

server::Loaded loadConfiguration(server::Sources& sources) {
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    sources.environment.emplace_back(*entry);
  sources.defaultStateDir = server::defaultStateDir(sources.environment, ::geteuid() == 0);
  server::Loaded loaded = server::load(sources);
  for (const std::string& warning : loaded.warnings)
    std::cerr << "parley: " << warning << "\n";
  const server::Config& config = loaded.config;
  for (const server::TurnUser& user : config.turnUsers)
    server::log::hide(user.password);
  for (const server::Secret& secret : config.turnSecrets)
    server::log::hide(secret);
  for (const server::TokenKey& key : config.tokenKeys)
    server::log::hide(key.key);
  if (loaded.errors.empty()) server::log::configure(config.logLevel, config.logFormat);
  return loaded;
}

void printErrors(const char* verb, const std::vector<server::ConfigError>& errors) {
  for (const server::ConfigError& error : errors)
    std::cerr << verb << ": " << error.text() << "\n";
}

}  // namespace parley::cli
