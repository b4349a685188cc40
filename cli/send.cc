// `parley send`: files to everybody in a room, pages and programs.
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/arguments.h"
#include "cli/peer/delivery.h"
#include "cli/peer/meter.h"
#include "cli/peer/party.h"
#include "cli/verbs.h"

namespace parley::cli {
namespace {

constexpr const char* kName = "parley send";
constexpr const char* kExamples = R"(Examples:
  parley send holiday.mp4                                  prints a link and a QR code to open
  parley send report.pdf photos/ https://example.org/r/blue-fox-sings
  PARLEY_SERVER=https://example.org parley send holiday.mp4
)";
// A partner that went away in the middle may come back, also as a new process.
constexpr Duration kReturnPatience = 10min;
// After the last file, for others who are still receiving or came at the same time.
constexpr Duration kShow = 100ms;

class Sending final : public Party::Listener {
 public:
  Sending(MainLoop& loop, Output& output, const SourceList& sources)
      : loop_(loop),
        output_(output),
        sources_(sources),
        party_(loop, output, *this, {"chat", "files", "folders"}) {}

  void start(const RoomLink& link, const PartyOptions& options) {
    loop_.onInterrupt([this] {
      party_.leave();
      loop_.stop(ExitCode::Interrupted);
    });
    party_.join(link, options);
    show();
  }

 private:
  struct Receiver {
    std::unique_ptr<Delivery> delivery;
    std::string name;
    std::string path;
  };

  void handleReady(Partner& partner) override {
    if (!partner.features.contains("files")) {
      output_.words(shown(partner.name) + " is here but takes no files.");
      return;
    }
    Receiver& receiver = receivers_[partner.id];
    receiver.name = partner.name;
    if (!receiver.delivery) {
      const std::string id = partner.id;
      receiver.delivery = std::make_unique<Delivery>(
          loop_, sources_, [this, id](std::optional<std::size_t> index) { changed(id, index); });
      output_.words("Offering to " + shown(partner.name) + ": " + summary());
    }
    loop_.cancel(patience_);
    receiver.delivery->begin(partner.connection, partner.features.contains("folders"));
  }
  void handleLost(Partner& partner) override { pause(partner); }
  void handleLeft(Partner& partner) override {
    const bool moving = pause(partner);
    if (!moving) return;
    output_.words(shown(partner.name) + " went away; waiting for its return (Ctrl-C ends).");
    loop_.cancel(patience_);
    patience_ = loop_.after(kReturnPatience, [this] {
      output_.problem("nobody came back to take the rest");
      finish(ExitCode::Failed);
    });
  }

  // Whether something was on its way.
  bool pause(Partner& partner) {
    const auto it = receivers_.find(partner.id);
    if (it == receivers_.end() || it->second.delivery->over()) return false;
    it->second.delivery->pause();
    return true;
  }

  std::string summary() const {
    const std::string size = inBytes(static_cast<double>(sources_.bytes));
    if (sources_.files.size() == 1) return sources_.files[0].offer.name + ", " + size;
    return std::to_string(sources_.files.size()) + " files, " + size;
  }

  void changed(const std::string& id, std::optional<std::size_t> index) {
    if (!index) return;  // the bar is drawn by the clock
    const Receiver& receiver = receivers_[id];
    const Delivery::Item& item = receiver.delivery->items()[*index];
    const SourceFile& file = sources_.files[*index];
    nlohmann::ordered_json event = {{"event", "file"},
                                    {"peer", id},
                                    {"name", file.offer.name},
                                    {"size", file.offer.size},
                                    {"resumedFrom", item.resumedFrom}};
    switch (item.state) {
      case FileState::Delivered:
        event["result"] = "delivered";
        if (sources_.files.size() <= 20)
          output_.words(file.offer.name + ": delivered to " + shown(receiver.name));
        break;
      case FileState::Corrupt:
        event["result"] = "corrupt";
        output_.problem(file.offer.name + ": arrived altered, twice; the SHA-256 did not fit");
        break;
      default:
        event["result"] = files::toString(item.reason);
        output_.problem(file.offer.name + ": not delivered to " + shown(receiver.name) + ": " +
                        std::string(files::inWords(item.reason)));
    }
    output_.event(event);
    loop_.post([this] { lookForTheEnd(); });
  }

  void lookForTheEnd() {
    bool all = false;
    for (const auto& [id, receiver] : receivers_) {
      if (!receiver.delivery) continue;
      if (!receiver.delivery->over()) {
        if (!receiver.delivery->paused()) return;  // somebody is still receiving
        continue;
      }
      all = true;
    }
    if (!all) return;
    finish(verdict());
  }

  // The best that any partner has.
  ExitCode verdict() const {
    ExitCode code = ExitCode::Refused;
    for (const auto& [id, receiver] : receivers_) {
      const Delivery& d = *receiver.delivery;
      if (d.count(FileState::Delivered) == d.items().size()) return ExitCode::Done;
      if (!d.over()) continue;
      if (d.count(FileState::Corrupt) > 0) {
        code = ExitCode::Integrity;
      } else if (d.count(FileState::Unreadable) > 0 && code == ExitCode::Refused) {
        code = ExitCode::Failed;
      }
    }
    return code;
  }

  void finish(ExitCode code) {
    if (ended_) return;
    ended_ = true;
    show();
    output_.endProgress();
    output_.event({{"event", "done"}, {"exit", static_cast<int>(code)}});
    party_.leave();
    loop_.stop(code);
  }

  void show() {
    std::uint64_t done = 0;
    std::uint64_t all = 0;
    std::string path;
    for (Partner* partner : party_.partners()) {
      const auto it = receivers_.find(partner->id);
      if (it == receivers_.end()) continue;
      done += it->second.delivery->received();
      all += sources_.bytes;
      path = partner->path;
      if (++shows_ % 20 == 0) party_.refreshPath(*partner);
    }
    if (all > 0) {
      meter_.add(done, loop_.now());
      const std::string what =
          sources_.files.size() == 1 ? sources_.files[0].offer.name : summary();
      output_.progress(progressLine(what, done, all, meter_, path, terminalWidth()));
      if (shows_ % 10 == 0)
        output_.event({{"event", "progress"}, {"bytes", done}, {"of", all}, {"path", path}});
    }
    if (!ended_) loop_.after(kShow, [this] { show(); });
  }

  MainLoop& loop_;
  Output& output_;
  const SourceList& sources_;
  std::map<std::string, Receiver> receivers_;
  Meter meter_;
  MainLoop::Timer patience_ = 0;
  unsigned shows_ = 0;
  bool ended_ = false;
  Party party_;
};

}  // namespace

ExitCode runSend(const Words& words) {
  PartyOptions options;
  std::vector<std::string> positional;
  Arguments arguments(kName, "Sends files to everybody in a room, straight where that is possible.",
                      kExamples);
  arguments.words("FILE-OR-URL", "Files and folders; a room's link, in any place.", positional);
  options.declare(arguments);
  if (const auto code = arguments.parse(words)) return *code;
  Output output(kName, options.json);
  if (const auto problem = options.problem()) return output.problem(*problem), ExitCode::Usage;
  std::optional<std::string> link;
  std::vector<std::string> paths;
  for (const std::string& word : positional) {
    if (!isLink(word)) {
      paths.push_back(word);
    } else if (link) {
      return output.problem("two links were given; one room at a time"), ExitCode::Usage;
    } else {
      link = word;
    }
  }
  if (paths.empty()) return output.problem("which file? See parley send --help"), ExitCode::Usage;
  const auto sources = listSources(paths);
  if (!sources) return output.problem(sources.error()), ExitCode::Usage;
  for (const std::string& note : sources->notes)
    output.words(note);
  const auto meeting = meet(link, "receive");
  if (!meeting) return output.problem(meeting.error()), ExitCode::Failed;
  MainLoop loop;
  Sending sending(loop, output, *sources);
  sending.start(meeting->link, options);
  return loop.run();
}

}  // namespace parley::cli
