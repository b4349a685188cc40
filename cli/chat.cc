// `parley chat`: lines to everybody in a room, and theirs; pages show them in their chat.
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/arguments.h"
#include "cli/peer/party.h"
#include "cli/verbs.h"

namespace parley::cli {
namespace {

constexpr const char* kName = "parley chat";
constexpr const char* kExamples = R"(Examples:
  parley chat https://example.org/r/blue-fox-sings
  echo 'the build is done' | parley chat --name build https://example.org/r/blue-fox-sings
)";
constexpr std::size_t kMaxLine = 4'000;
// For what was said last to arrive, once the input has ended.
constexpr Duration kFarewell = 5s;
constexpr Duration kFarewellStep = 50ms;

class Chatting final : public Party::Listener {
 public:
  Chatting(MainLoop& loop, Output& output)
      : loop_(loop), output_(output), party_(loop, output, *this, {"chat"}) {}

  void start(const RoomLink& link, const PartyOptions& options) {
    loop_.onInterrupt([this] {
      party_.leave();
      loop_.stop(ExitCode::Interrupted);
    });
    party_.join(link, options);
    loop_.watch(STDIN_FILENO, [this] { typed(); });
  }

 private:
  void handleReady(Partner& partner) override {
    output_.words("* " + shown(partner.name) + " is here");
    output_.event({{"event", "ready"}, {"peer", partner.id}, {"name", partner.name}});
    reached_ = true;
  }
  void handleText(Partner& partner, const std::string& text) override {
    if (output_.json()) {
      output_.event(
          {{"event", "text"}, {"peer", partner.id}, {"name", partner.name}, {"text", text}});
      return;
    }
    // Each line of the other side's is marked as its own, so that none looks like ours.
    std::size_t at = 0;
    while (at <= text.size()) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      std::cout << shown(partner.name) << ": " << shown(text.substr(at, end - at)) << std::endl;
      at = end + 1;
    }
  }
  void handleLost(Partner&) override {}
  void handleLeft(Partner& partner) override {
    output_.words("* " + shown(partner.name) + " has left");
  }

  void typed() {
    char bytes[4096];
    const ssize_t n = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (n <= 0) {
      loop_.unwatch(STDIN_FILENO);
      if (!line_.empty()) say();
      farewell(kFarewell);
      return;
    }
    for (ssize_t i = 0; i < n; ++i) {
      if (bytes[i] == '\n' || line_.size() >= kMaxLine) say();
      if (bytes[i] != '\n') line_ += bytes[i];
    }
  }

  void say() {
    if (!line_.empty()) party_.say(shown(line_));
    line_.clear();
  }

  // Piped words wait for somebody to hear them.
  void farewell(Duration left) {
    const bool heard = reached_ && party_.unanswered() == 0;
    if (heard || (reached_ && left <= Duration::zero())) {
      party_.leave();
      return loop_.stop(heard ? ExitCode::Done : ExitCode::Failed);
    }
    loop_.after(kFarewellStep, [this, left] { farewell(reached_ ? left - kFarewellStep : left); });
  }

  MainLoop& loop_;
  Output& output_;
  std::string line_;
  bool reached_ = false;
  Party party_;
};

}  // namespace

ExitCode runChat(const Words& words) {
  PartyOptions options;
  std::vector<std::string> positional;
  Arguments arguments(kName, "Chats with a room, line by line, until the input ends.", kExamples);
  arguments.words("URL", "The room's link.", positional);
  options.declare(arguments);
  if (const auto code = arguments.parse(words)) return *code;
  Output output(kName, options.json);
  if (const auto problem = options.problem()) return output.problem(*problem), ExitCode::Usage;
  if (positional.size() > 1 || (!positional.empty() && !isLink(positional[0])))
    return output.problem("one room's link is wanted; see parley chat --help"), ExitCode::Usage;
  const auto meeting =
      meet(positional.empty() ? std::nullopt : std::optional(positional[0]), "chat");
  if (!meeting) return output.problem(meeting.error()), ExitCode::Failed;
  MainLoop loop;
  Chatting chatting(loop, output);
  chatting.start(meeting->link, options);
  return loop.run();
}

}  // namespace parley::cli
