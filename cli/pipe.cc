// `parley pipe`: standard input of one side becomes standard output of the other, both ways
// (docs/peer-messages.md section 7).
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "cli/arguments.h"
#include "cli/peer/party.h"
#include "cli/verbs.h"

namespace parley::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kName = "parley pipe";
constexpr const char* kExamples = R"(Examples:
  tar c photos | parley pipe https://example.org/r/blue-fox-sings
  parley pipe https://example.org/r/blue-fox-sings | tar x
)";
constexpr std::string_view kLabel = "pipe";
constexpr std::string_view kProtocol = "parley.pipe.1";
constexpr std::size_t kChunk = 65'536;
constexpr std::uint64_t kWindow = 8 << 20;  // sent and not yet written over there
constexpr std::uint64_t kReport = kWindow / 8;
constexpr std::size_t kMostBuffered = 1 << 20;

bool writeAll(int descriptor, ConstBytes bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

class Piping final : public Party::Listener {
 public:
  Piping(MainLoop& loop, Output& output)
      : loop_(loop), output_(output), party_(loop, output, *this, {"chat", "pipe"}) {}

  void start(const RoomLink& link, const PartyOptions& options) {
    loop_.onInterrupt([this] {
      party_.leave();
      loop_.stop(ExitCode::Interrupted);
    });
    party_.join(link, options);
  }

 private:
  void handleReady(Partner& partner) override {
    if (!partner.features.contains("pipe")) {
      output_.words(shown(partner.name) + " is here but takes no pipe.");
      return;
    }
    if (!partner.member.newcomer() || channel_) return;
    DataChannelInit init;
    init.protocol = kProtocol;
    if (auto channel = partner.connection.createDataChannel(kLabel, init)) take(*channel, partner);
  }
  void handleChannel(Partner& partner, DataChannel channel) override {
    // One pipe; whoever comes second finds it taken.
    if (channel.label() != kLabel || channel.protocol() != kProtocol || channel_)
      return channel.close();
    take(channel, partner);
  }
  void handleLost(Partner& partner) override { gone(partner); }
  void handleLeft(Partner& partner) override { gone(partner); }

  void gone(const Partner& partner) {
    if (partner.id == partner_ && !ended_) finish(complete() ? ExitCode::Done : broken());
  }

  void take(DataChannel channel, const Partner& partner) {
    channel_ = channel;
    partner_ = partner.id;
    output_.words("Connected with " + shown(partner.name) + ".");
    output_.event({{"event", "ready"}, {"peer", partner.id}, {"name", partner.name}});
    channel.setBufferedAmountLowThreshold(kMostBuffered / 2);
    channel.onopen([this] { read(); });
    channel.onbufferedamountlow([this] { read(); });
    channel.onmessage([this](const Message& m) { message(m); });
    channel.onclose([this] {
      if (!ended_) finish(complete() ? ExitCode::Done : broken());
    });
  }

  // ---- out ------------------------------------------------------------------------------------

  bool mayRead() const {
    return !inputEnded_ && channel_.readyState() == DataChannelState::Open &&
           channel_.bufferedAmount() < kMostBuffered && sent_ - written_ < kWindow;
  }
  // Watches the input as long as there is room for what it brings.
  void read() {
    if (!mayRead()) return loop_.unwatch(STDIN_FILENO);
    loop_.watch(STDIN_FILENO, [this] { readSome(); });
  }
  void readSome() {
    std::byte bytes[kChunk];
    const std::size_t most = std::min(kChunk, channel_.maxMessageSize());
    const ssize_t n = ::read(STDIN_FILENO, bytes, most);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) return endInput();
    if (!channel_.send(std::span<const std::byte>(bytes, static_cast<std::size_t>(n)))) return;
    sent_ += static_cast<std::uint64_t>(n);
    if (!mayRead()) loop_.unwatch(STDIN_FILENO);
  }
  void endInput() {
    if (inputEnded_) return;
    inputEnded_ = true;
    loop_.unwatch(STDIN_FILENO);
    say({{"v", 1}, {"type", "end"}, {"size", sent_}});
  }
  void say(const Json& json) { channel_.send(json.dump()).ignore(); }

  // ---- in -------------------------------------------------------------------------------------

  void message(const Message& m) {
    if (m.isText) return text(m.text());
    const ConstBytes bytes(reinterpret_cast<const std::uint8_t*>(m.data.data()), m.data.size());
    if (!writeAll(STDOUT_FILENO, bytes)) {
      output_.problem("standard output takes no more");
      return finish(ExitCode::Failed);
    }
    received_ += bytes.size();
    if (received_ - reported_ < kReport) return;
    reported_ = received_;
    say({{"v", 1}, {"type", "progress"}, {"received", received_}});
  }
  void text(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object() || !json.contains("type") || !json["type"].is_string()) return;
    const std::string type = json["type"];
    if (type == "progress" && json.contains("received") && json["received"].is_number_unsigned()) {
      const std::uint64_t received = json["received"];
      if (received <= sent_) written_ = std::max(written_, received);
      read();
    } else if (type == "end") {
      if (!json.contains("size") || json["size"] != received_) {
        output_.problem("what has come is not all that was sent");
        return finish(ExitCode::Integrity);
      }
      outputEnded_ = true;
      say({{"v", 1}, {"type", "ended"}});
      // Nobody is going to end a terminal's input by hand after `parley pipe URL > file`.
      if (::isatty(STDIN_FILENO) == 1) endInput();
      closeWhenDone();
    } else if (type == "ended" && inputEnded_) {
      heard_ = true;
      closeWhenDone();
    }
  }

  bool complete() const { return inputEnded_ && outputEnded_ && heard_; }
  void closeWhenDone() {
    if (!complete() || ended_) return;
    // The other side may be waiting for our "ended": close() sends what is buffered first.
    channel_.close();
  }
  ExitCode broken() {
    output_.problem("the other side went away before the end");
    return ExitCode::Failed;
  }
  void finish(ExitCode code) {
    ended_ = true;
    output_.event({{"event", "done"},
                   {"sent", sent_},
                   {"received", received_},
                   {"exit", static_cast<int>(code)}});
    party_.leave();
    loop_.stop(code);
  }

  MainLoop& loop_;
  Output& output_;
  DataChannel channel_;
  std::string partner_;
  std::uint64_t sent_ = 0;
  std::uint64_t written_ = 0;  // over there, of what we sent
  std::uint64_t received_ = 0;
  std::uint64_t reported_ = 0;
  bool inputEnded_ = false;
  bool outputEnded_ = false;
  bool heard_ = false;  // the other side has all of ours
  bool ended_ = false;
  Party party_;
};

}  // namespace

ExitCode runPipe(const Words& words) {
  PartyOptions options;
  std::vector<std::string> positional;
  Arguments arguments(kName, "Standard input of each side becomes standard output of the other.",
                      kExamples);
  arguments.words("URL", "The room's link.", positional);
  options.declare(arguments);
  if (const auto code = arguments.parse(words)) return *code;
  // Standard output is the other side's.
  if (options.json) {
    std::cerr << kName << ": --json and a pipe both want standard output\n";
    return ExitCode::Usage;
  }
  Output output(kName, false);
  if (const auto problem = options.problem()) return output.problem(*problem), ExitCode::Usage;
  if (positional.size() > 1 || (!positional.empty() && !isLink(positional[0])))
    return output.problem("one room's link is wanted; see parley pipe --help"), ExitCode::Usage;
  const auto meeting =
      meet(positional.empty() ? std::nullopt : std::optional(positional[0]), "pipe");
  if (!meeting) return output.problem(meeting.error()), ExitCode::Failed;
  MainLoop loop;
  Piping piping(loop, output);
  piping.start(meeting->link, options);
  return loop.run();
}

}  // namespace parley::cli
