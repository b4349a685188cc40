// `parley`: finds the verb and runs it.
#include <cstdio>
#include <exception>
#include <iostream>

#include "cli/verbs.h"

namespace {

using parley::cli::ExitCode;

constexpr const char* kWelcome = R"(Parley: calls between browsers, on a server of your own.

It is the signalling server, the STUN and TURN server and the call page in one program. Start it,
open the printed address in two browsers, and they see, hear and write to each other.

  parley serve                       on this machine only: http://127.0.0.1:8080
  parley serve --lan                 for other devices in this network, by HTTPS and a QR code
  parley serve --config parley.toml  as configured; docs/configuration.md has every setting
  parley check --config parley.toml  what is wrong with a configuration, and which ports to open
  parley probe stun:stun.example.org what this network lets calls do: NAT, STUN and TURN

Verbs: serve, check, token, probe. Each explains itself with --help.
)";

struct Verb {
  std::string_view name;
  ExitCode (*run)(const parley::cli::Words&);
};

constexpr Verb kVerbs[] = {
    {"serve", parley::cli::runServe},
    {"check", parley::cli::runCheck},
    {"token", parley::cli::runToken},
    {"probe", parley::cli::runProbe},
};

ExitCode run(const parley::cli::Words& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    std::cout << kWelcome << "\nparley " << PARLEY_VERSION << "\n";
    return ExitCode::Done;
  }
  if (words[0] == "--version" || words[0] == "-V" || words[0] == "version") {
    std::cout << "parley " << PARLEY_VERSION << "\n";
    return ExitCode::Done;
  }
  for (const Verb& verb : kVerbs) {
    if (words[0] == verb.name) return verb.run({words.begin() + 1, words.end()});
  }
  std::cerr << "parley: there is no verb " << words[0] << "; there are serve, check, token and probe\n";
  return ExitCode::Usage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const ExitCode code = run({argv + (argc > 0 ? 1 : 0), argv + argc});
    std::cout.flush();
    // A reader that went away (parley … | head) is a failure, but not silence.
    if (!std::cout && code == ExitCode::Done) return static_cast<int>(ExitCode::Failed);
    return static_cast<int>(code);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "parley: %s\n", error.what());
    return static_cast<int>(ExitCode::Failed);
  }
}
