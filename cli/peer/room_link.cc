#include "cli/peer/room_link.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>

#include "crypto/random.h"
#include "server/ready.h"

extern char** environ;

namespace parley::cli {
namespace {

constexpr std::string_view kPin = "pin=";

// Words that the page does not make either.
bool isUnkind(std::string_view word) {
  for (const std::string_view bad :
       {"bobo", "dago", "hitl", "homo", "lolit", "mong", "nazi", "pedo", "penis", "pupu", "pusa",
        "puta", "rape", "sado", "tito"})
    if (word.starts_with(bad)) return true;
  return false;
}

std::string randomWord(RandomSource& random) {
  constexpr std::string_view kConsonants = "bdghlmnprstvz";
  constexpr std::string_view kVowels = "aeiou";
  constexpr std::array<std::string_view, 10> kEndings = {"a",  "e",  "i",  "o",  "u",
                                                         "an", "en", "in", "on", "ar"};
  std::string word;
  word += kConsonants[random.below(kConsonants.size())];
  word += kVowels[random.below(kVowels.size())];
  word += kConsonants[random.below(kConsonants.size())];
  word += kEndings[random.below(kEndings.size())];
  return isUnkind(word) ? randomWord(random) : word;
}

// One line, or what came before the end.
std::string readLine(int descriptor) {
  std::string line;
  char c = 0;
  while (line.size() < 64 * 1024) {
    const ssize_t n = ::read(descriptor, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || c == '\n') break;
    line += c;
  }
  return line;
}

void sayWhereToMeet(const RoomLink& link, const char* otherVerb) {
  const std::string shown = link.pin.empty() ? link.url : link.url + "#pin=" + link.pin;
  const bool colour = ::isatty(STDERR_FILENO) == 1;
  std::cerr << "Open on the other machine, in a browser:\n\n  " << link.url << "\n\n"
            << server::qrCode(link.url, colour) << "\nor in its terminal:\n\n  parley " << otherVerb
            << " '" << shown << "'\n\n";
}

}  // namespace

bool isLink(std::string_view word) {
  for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://"})
    if (word.starts_with(scheme)) return true;
  return false;
}

RoomLink parseLink(std::string_view link) {
  const std::size_t hash = link.find('#');
  if (hash == std::string_view::npos) return {std::string(link), {}};
  RoomLink out{std::string(link.substr(0, hash)), {}};
  std::string kept;
  std::string_view rest = link.substr(hash + 1);
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.starts_with(kPin)) {
      out.pin = part.substr(kPin.size());
    } else {
      kept += (kept.empty() ? "#" : "&") + std::string(part);
    }
  }
  out.url += kept;
  return out;
}

std::string randomRoom() {
  crypto::SystemRandom random;
  const std::string first = randomWord(random);
  const std::string second = randomWord(random);
  return first + "-" + second + "-" + randomWord(random);
}

Result<std::unique_ptr<TemporaryServer>, std::string> TemporaryServer::start() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::string("no pipe: ") + std::strerror(errno);
  std::unique_ptr<TemporaryServer> self(new TemporaryServer());
  self->output_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // A group of its own: Ctrl-C is ours, and the server ends after we have said goodbye over it.
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<std::string> words = {"parley",       "serve", "--lan",       "--json",
                                    "--http-port",  "0",     "--turn-port", "0",
                                    "--turns-port", "0",     "--log-level", "error"};
  std::vector<char*> arguments;
  for (std::string& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = -1;
  const int error =
      ::posix_spawn(&child, "/proc/self/exe", &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  if (error != 0) return std::string("a server could not be started: ") + std::strerror(error);
  self->process_ = child;
  const auto ready = nlohmann::json::parse(readLine(self->output_), nullptr, false);
  if (!ready.is_object() || !ready.contains("http")) {
    return std::string("the server on this machine did not start; what it said is above");
  }
  self->address_ = ready["http"].get<std::string>();
  self->fingerprint_ = ready.value("fingerprint", "");
  return self;
}

TemporaryServer::~TemporaryServer() {
  if (output_ >= 0) ::close(output_);
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  int status = 0;
  ::waitpid(process_, &status, 0);
}

Result<Meeting, std::string> meet(const std::optional<std::string>& link, const char* otherVerb) {
  Meeting meeting;
  if (link) {
    meeting.link = parseLink(*link);
    return meeting;
  }
  const char* server = std::getenv("PARLEY_SERVER");
  if (server != nullptr && *server != '\0') {
    RoomLink base = parseLink(server);
    while (base.url.ends_with('/'))
      base.url.pop_back();
    meeting.link = {base.url + "/r/" + randomRoom(), base.pin};
  } else {
    auto own = TemporaryServer::start();
    if (!own) return own.error();
    std::string pin = (*own)->fingerprint();
    pin.erase(std::remove(pin.begin(), pin.end(), ':'), pin.end());
    meeting.link = {(*own)->address() + "/r/" + randomRoom(), pin};
    meeting.server = std::move(*own);
  }
  sayWhereToMeet(meeting.link, otherVerb);
  return meeting;
}

}  // namespace parley::cli
