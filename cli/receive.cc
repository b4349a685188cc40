// `parley receive`: files that somebody in a room sends, a page or a program.
#include <unistd.h>

#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/arguments.h"
#include "cli/peer/intake.h"
#include "cli/peer/meter.h"
#include "cli/peer/party.h"
#include "cli/verbs.h"
#include "files/names.h"

namespace parley::cli {
namespace {

constexpr const char* kName = "parley receive";
constexpr const char* kExamples = R"(Examples:
  parley receive https://example.org/r/blue-fox-sings
  parley receive https://example.org/r/blue-fox-sings --into ~/Downloads --yes
)";
// For the next file of the same sender, when it has not said how many there are.
constexpr Duration kNextFile = 1s;
constexpr Duration kReturnPatience = 10min;
constexpr Duration kShow = 100ms;

struct ReceiveOptions {
  std::string into = ".";
  std::string maxSize;
  std::uint64_t most = files::kMaxFileSize;
  bool yes = false;
  bool keep = false;
};

// "500M" as 500,000,000.
std::optional<std::uint64_t> parseSize(std::string_view text) {
  std::uint64_t unit = 1;
  constexpr std::string_view kUnits = "kMGT";
  if (!text.empty() && kUnits.find(text.back()) != std::string_view::npos) {
    for (std::size_t i = 0; i <= kUnits.find(text.back()); ++i)
      unit *= 1000;
    text.remove_suffix(1);
  }
  if (text.empty() || text.size() > 15) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > files::kMaxFileSize / unit) return std::nullopt;
  return value * unit;
}

class Receiving final : public Party::Listener, private Intake::Listener {
 public:
  Receiving(MainLoop& loop, Output& output, FileStore& store, const ReceiveOptions& options)
      : loop_(loop),
        output_(output),
        options_(options),
        intake_(loop, store, *this),
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
  struct Question {
    std::string key;  // partner and group, or file
    std::string text;
    std::vector<Answer> answers;
  };
  // What one sender announced together.
  struct Group {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    std::uint64_t offered = 0;
    std::uint64_t ended = 0;
    bool refused = false;
  };

  void handleReady(Partner& partner) override {
    output_.words("Connected with " + shown(partner.name) + "; waiting for files.");
  }
  void handleChannel(Partner& partner, DataChannel channel) override {
    path_ = partner.path;
    if (!intake_.take(partner.id, channel)) channel.close();
  }
  void handleLost(Partner& partner) override { intake_.lost(partner.id); }
  void handleLeft(Partner& partner) override {
    intake_.lost(partner.id);
    if (ended_) return;
    if (received_ > 0 && intake_.idle() && !unfinished_) return finish(code());
    if (unfinished_) {
      output_.words(shown(partner.name) + " went away; waiting for its return (Ctrl-C ends).");
      loop_.cancel(patience_);
      patience_ = loop_.after(kReturnPatience, [this] {
        output_.problem("the sender did not come back; what has come is kept for the next time");
        finish(ExitCode::Failed);
      });
    }
  }

  // ---- files ----------------------------------------------------------------------------------

  static std::string groupKey(const std::string& partner, const files::Offer& offer) {
    return partner + "/" + (offer.group ? "g/" + offer.group->id : "f/" + offer.id);
  }

  void handleOffer(const std::string& partner, const files::Offer& offer, Answer answer) override {
    loop_.cancel(patience_);
    loop_.cancel(ending_);
    if (offer.size > options_.most) {
      output_.problem(shown(offer.name) + ": larger than --max-size");
      return answer(files::Reason::TooLarge);
    }
    const std::string key = groupKey(partner, offer);
    if (groups_.size() > 10'000) return answer(files::Reason::Busy);
    Group& group = groups_[key];
    group.files = offer.group ? offer.group->files : 1;
    if (offer.group && seen_.insert(partner + "/" + offer.id).second) {
      group.bytes += offer.size;
      // What was asked about is the group as it was announced.
      if (++group.offered > group.files || group.bytes > offer.group->bytes)
        return answer(files::Reason::TooLarge);
    }
    if (group.refused) return answer(files::Reason::Declined);
    all_ = offer.group ? offer.group->bytes : offer.size;
    what_ = offer.group ? offer.group->name : offer.name;
    if (options_.yes || accepted_.contains(key)) return answer(std::nullopt);
    for (Question& q : questions_)
      if (q.key == key) return q.answers.push_back(std::move(answer));
    std::string text = shown(nameOf(partner)) + " offers " + shown(what_) + ", ";
    if (offer.group) text += std::to_string(offer.group->files) + " files, ";
    text += inBytes(static_cast<double>(all_)) + ". Take it? [y/n] ";
    questions_.push_back({key, text, {}});
    questions_.back().answers.push_back(std::move(answer));
    if (closedInput_) return decide(false);  // nobody is there to be asked
    if (questions_.size() == 1) ask();
  }

  // What was typed before there was a question is its answer: it stays unread until then.
  void ask() {
    output_.endProgress();
    if (questions_.empty()) return loop_.unwatch(STDIN_FILENO);
    std::cerr << questions_[0].text << std::flush;
    loop_.watch(STDIN_FILENO, [this] { answered(); });
  }

  void answered() {
    char line[256];
    const ssize_t n = ::read(STDIN_FILENO, line, sizeof line);
    if (n <= 0) {
      loop_.unwatch(STDIN_FILENO);
      closedInput_ = true;
      while (!questions_.empty())
        decide(false);
      return;
    }
    for (ssize_t i = 0; i < n && !questions_.empty(); ++i) {
      if (line[i] == 'y' || line[i] == 'Y') {
        decide(true);
      } else if (line[i] == 'n' || line[i] == 'N') {
        decide(false);
      } else {
        continue;
      }
      while (i + 1 < n && line[i] != '\n')
        ++i;
    }
  }

  void decide(bool yes) {
    Question question = std::move(questions_.front());
    questions_.erase(questions_.begin());
    if (yes) {
      accepted_.insert(question.key);
    } else {
      groups_[question.key].refused = true;
    }
    for (Answer& answer : question.answers)
      answer(yes ? std::nullopt : std::optional(files::Reason::Declined));
    ask();
  }

  std::string nameOf(const std::string& id) {
    for (const Partner* partner : party_.partners())
      if (partner->id == id) return partner->name;
    return "somebody";
  }

  void handleProgress() override {}

  void handleReceived(const files::Offer& offer, const std::string& path) override {
    ++received_;
    finished_ += offer.size;
    unfinished_ = false;
    output_.words(shown(path) + ": received, " + inBytes(static_cast<double>(offer.size)) +
                  ", SHA-256 as sent");
    output_.event({{"event", "file"},
                   {"name", offer.name},
                   {"path", path},
                   {"size", offer.size},
                   {"result", "received"}});
    ended(offer);
  }

  void handleFailed(const files::Offer& offer, const files::Failed& failure) override {
    if (failure.mayResume) {
      unfinished_ = true;
      return;
    }
    if (offer.id.empty()) return;  // no offer ever came
    const std::string why = failure.corrupt ? "it arrived altered; the SHA-256 did not fit"
                                            : std::string(files::inWords(failure.reason));
    output_.problem(shown(offer.name) + ": not received: " + why);
    output_.event({{"event", "file"},
                   {"name", offer.name},
                   {"size", offer.size},
                   {"result", failure.corrupt ? "corrupt" : files::toString(failure.reason)}});
    corrupt_ = corrupt_ || failure.corrupt;
    refused_ = refused_ || !failure.corrupt;
    if (!failure.corrupt) ended(offer);  // else it comes once more
    if (failure.corrupt) endSoon();
  }

  // One file of a group has its end.
  void ended(const files::Offer& offer) {
    for (auto& [key, group] : groups_) {
      if (!key.ends_with(offer.group ? "g/" + offer.group->id : "f/" + offer.id)) continue;
      ++group.ended;
      if (group.ended < group.files) return;
    }
    endSoon();
  }

  void endSoon() {
    loop_.cancel(ending_);
    if (options_.keep) return;
    ending_ = loop_.after(kNextFile, [this] {
      if (!intake_.idle() || !questions_.empty()) return;
      for (const auto& [key, group] : groups_)
        if (!group.refused && group.ended < group.files) return;
      finish(code());
    });
  }

  ExitCode code() const {
    if (corrupt_ && received_ == 0) return ExitCode::Integrity;
    if (received_ > 0) return ExitCode::Done;
    return refused_ ? ExitCode::Refused : ExitCode::Failed;
  }

  void finish(ExitCode code) {
    if (ended_) return;
    ended_ = true;
    output_.endProgress();
    if (closedInput_ && code == ExitCode::Refused)
      output_.problem("nobody could be asked; --yes takes what comes");
    output_.event({{"event", "done"}, {"files", received_}, {"exit", static_cast<int>(code)}});
    party_.leave();
    loop_.stop(code);
  }

  void show() {
    const std::uint64_t done = intake_.stored() + finished_;
    if (!intake_.idle() && questions_.empty()) {
      meter_.add(done, loop_.now());
      if (++shows_ % 20 == 0) {
        for (Partner* partner : party_.partners()) {
          path_ = partner->path;
          party_.refreshPath(*partner);
        }
      }
      const std::uint64_t all = std::max(all_, done);
      output_.progress(progressLine(shown(what_), done, all, meter_, path_, terminalWidth()));
      if (shows_ % 10 == 0)
        output_.event({{"event", "progress"}, {"bytes", done}, {"of", all}, {"path", path_}});
    }
    if (!ended_) loop_.after(kShow, [this] { show(); });
  }

  MainLoop& loop_;
  Output& output_;
  const ReceiveOptions& options_;
  std::map<std::string, Group> groups_;
  std::set<std::string> seen_;      // offers counted: partner's id / file's id
  std::set<std::string> accepted_;  // keys of groups
  std::vector<Question> questions_;
  std::uint64_t received_ = 0;
  std::uint64_t finished_ = 0;
  std::uint64_t all_ = 0;
  std::string what_;
  std::string path_;
  bool corrupt_ = false;
  bool refused_ = false;
  bool unfinished_ = false;
  bool closedInput_ = false;
  bool ended_ = false;
  unsigned shows_ = 0;
  Meter meter_;
  MainLoop::Timer patience_ = 0;
  MainLoop::Timer ending_ = 0;
  Intake intake_;
  Party party_;
};

}  // namespace

ExitCode runReceive(const Words& words) {
  PartyOptions options;
  ReceiveOptions receive;
  std::vector<std::string> positional;
  Arguments arguments(kName, "Receives files from a room, straight where that is possible.",
                      kExamples);
  arguments.words("URL", "The room's link.", positional);
  arguments.option("into", "DIR", "Where to put them [here].", receive.into);
  arguments.option("max-size", "SIZE", "Refuse larger files, e.g. 500M.", receive.maxSize);
  arguments.flag("yes", "Take what comes without asking.", receive.yes);
  arguments.flag("keep", "Go on receiving until Ctrl-C.", receive.keep);
  options.declare(arguments);
  if (const auto code = arguments.parse(words)) return *code;
  Output output(kName, options.json);
  if (const auto problem = options.problem()) return output.problem(*problem), ExitCode::Usage;
  if (positional.size() > 1 || (!positional.empty() && !isLink(positional[0])))
    return output.problem("one room's link is wanted; see parley receive --help"), ExitCode::Usage;
  if (!receive.maxSize.empty()) {
    const auto size = parseSize(receive.maxSize);
    if (!size)
      return output.problem("--max-size = " + receive.maxSize +
                            ": is not a size; give bytes, or a number with k, M, G or T"),
             ExitCode::Usage;
    receive.most = *size;
  }
  auto store = FileStore::open(receive.into);
  if (!store) return output.problem("--into = " + store.error()), ExitCode::Usage;
  const auto meeting =
      meet(positional.empty() ? std::nullopt : std::optional(positional[0]), "send FILE");
  if (!meeting) return output.problem(meeting.error()), ExitCode::Failed;
  MainLoop loop;
  Receiving receiving(loop, output, **store, receive);
  receiving.start(meeting->link, options);
  return loop.run();
}

}  // namespace parley::cli
