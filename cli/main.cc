// `parley`: finds the verb and runs it.
#include <cstdio>
#include <exception>
#include <iostream>

#include "cli/verbs.h"

namespace {

using parley::cli::ExitCode;

constexpr const char* kWelcome = R"(Parley: two machines talk, straight where that is possible.

It is a server (signalling, STUN, TURN and a call page in one program) through which browsers see,
hear and write to each other, and a peer of its own that sends files, text and bytes to browsers
and to other machines.

  parley serve                    calls on this machine: open http://127.0.0.1:8080 twice
  parley serve --lan              for other devices in this network, by HTTPS and a QR code
  parley send holiday.mp4         a link for the other machine; its browser or terminal receives
  parley receive https://example.org/r/blue-fox-sings

Verbs: serve, send, receive, pipe, chat, probe, check, token. Each explains itself with --help.
)";

struct Verb {
  std::string_view name;
  ExitCode (*run)(const parley::cli::Words&);
};

constexpr Verb kVerbs[] = {
    {"serve", parley::cli::runServe},
    {"send", parley::cli::runSend},
    {"receive", parley::cli::runReceive},
    {"pipe", parley::cli::runPipe},
    {"chat", parley::cli::runChat},
    {"probe", parley::cli::runProbe},
    {"check", parley::cli::runCheck},
    {"token", parley::cli::runToken},
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
  std::cerr << "parley: there is no verb " << words[0]
            << "; there are serve, send, receive, pipe, chat, probe, check and token\n";
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
