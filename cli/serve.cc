// `parley serve`
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "cli/arguments.h"
#include "cli/configuration.h"
#include "cli/verbs.h"
#include "server/log.h"
#include "server/server.h"

namespace parley::cli {
namespace {

constexpr const char* kName = "parley serve";
constexpr const char* kExamples = R"(Examples:
  parley serve
  parley serve --lan
  parley serve --bind 0.0.0.0 --host call.example.org --tls-cert chain.pem --tls-key key.pem
  parley serve --json --http-port 0 --turn-port 0 --turns-port 0
)";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

ExitCode runServe(const Words& words) {
  server::Sources sources;
  Arguments arguments(kName, "Signalling, STUN, TURN and the call page, until SIGTERM or Ctrl-C.",
                      kExamples);
  arguments.settings(sources);
  if (const auto code = arguments.parse(words)) return *code;
  const server::Loaded loaded = loadConfiguration(sources);
  if (!loaded.errors.empty()) {
    printErrors(kName, loaded.errors);
    return ExitCode::Usage;
  }
  auto started = server::Server::start(loaded.config);
  if (!started) {
    printErrors(kName, {loaded.withSource(started.error())});
    return ExitCode::Usage;
  }
  const server::ReadyInfo& ready = (*started)->ready();
  if (loaded.config.json) {
    std::cout << server::readyJson(ready) << std::endl;
    server::log::info("ready", {{"http", ready.http}});
  } else {
    const bool colour = ::isatty(STDOUT_FILENO) == 1;
    std::cout << server::readyWords(ready, variable("SSH_CONNECTION"), variable("USER"), colour)
              << std::flush;
  }
  const server::StopReason reason = (*started)->run();
  return reason == server::StopReason::Interrupted ? ExitCode::Interrupted : ExitCode::Done;
}

}  // namespace parley::cli
