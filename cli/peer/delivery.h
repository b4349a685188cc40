// All files of `parley send` on their way to one partner: a few at a time, again after a break,
// once more after a hash that did not fit.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/peer/file_source.h"
#include "cli/peer/main_loop.h"
#include "cli/peer/party.h"
#include "files/sender.h"

namespace parley::cli {

enum class FileState : std::uint8_t { Waiting, Moving, Delivered, Refused, Corrupt, Unreadable };

class Delivery {
 public:
  // At once; the protocol allows 4 to a partner.
  static constexpr std::size_t kParallel = 2;

  struct Item {
    FileState state = FileState::Waiting;
    files::Reason reason = files::Reason::Cancelled;
    std::uint64_t received = 0;  // what the partner has stored
    std::uint64_t resumedFrom = 0;
    unsigned attempts = 0;  // with wrong hashes
    unsigned breaks = 0;
  };

  // changed: called with a file's index when its state changed, and with none for progress alone.
  Delivery(MainLoop& loop, const SourceList& sources,
           std::function<void(std::optional<std::size_t>)> changed);
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // The partner is ready, for the first time or again.
  void begin(const PeerConnection& connection, bool folders);
  // Its channels are gone; what was moving waits.
  void pause();

  bool over() const;  // every file has its end
  bool paused() const { return !connection_; }
  const std::vector<Item>& items() const { return items_; }
  std::uint64_t received() const;
  std::size_t count(FileState state) const;

 private:
  struct Attempt;
  void startMore();
  void start(std::size_t index);
  void pump(const std::shared_ptr<Attempt>& attempt);
  bool pumpOne(Attempt& attempt);
  void effects(const std::shared_ptr<Attempt>& attempt);
  void failed(std::size_t index, const files::Failed& failure);
  void end(std::size_t index, FileState state, files::Reason reason);
  void tick();

  MainLoop& loop_;
  const SourceList& sources_;
  std::function<void(std::optional<std::size_t>)> changed_;
  std::vector<Item> items_;
  PeerConnection connection_;
  bool folders_ = false;
  std::map<std::size_t, std::shared_ptr<Attempt>> moving_;
  std::vector<std::uint8_t> buffer_;
  MainLoop::Timer ticker_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace parley::cli
