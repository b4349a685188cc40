// Files that partners send: each asked about, stored, gone on with after a break, checked, named.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cli/peer/file_store.h"
#include "cli/peer/main_loop.h"
#include "cli/peer/party.h"
#include "files/receiver.h"

namespace parley::cli {

class Intake {
 public:
  // At once from one partner (docs/peer-messages.md section 6.4).
  static constexpr std::size_t kMostChannels = 4;
  static constexpr std::size_t kMostRefused = 1000;

  class Listener {
   public:
    virtual ~Listener() = default;
    // Answer once, now or later: nothing accepts.
    using Answer = std::function<void(std::optional<files::Reason>)>;
    virtual void handleOffer(const std::string& partner, const files::Offer& offer,
                             Answer answer) = 0;
    virtual void handleProgress() = 0;
    // `path`: as it is called in the folder now.
    virtual void handleReceived(const files::Offer& offer, const std::string& path) = 0;
    virtual void handleFailed(const files::Offer& offer, const files::Failed& failure) = 0;
  };

  Intake(MainLoop& loop, FileStore& store, Listener& listener);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  // True when the channel was one of a file.
  bool take(const std::string& partner, DataChannel channel);
  void lost(const std::string& partner);

  bool idle() const { return active_.empty(); }
  // Bytes stored of files that are not finished, and of those what was there before.
  std::uint64_t stored() const;
  std::uint64_t sizes() const;

 private:
  struct Incoming;
  using Key = std::pair<std::string, std::string>;  // partner, file's id
  void message(const std::shared_ptr<Incoming>& in, const Message& message);
  void effects(const std::shared_ptr<Incoming>& in);
  void offered(const std::shared_ptr<Incoming>& in);
  void accept(const std::shared_ptr<Incoming>& in);
  void hashMore(const std::shared_ptr<Incoming>& in);
  void complete(const std::shared_ptr<Incoming>& in);
  void failed(const std::shared_ptr<Incoming>& in, const files::Failed& failure);
  bool isCurrent(const std::shared_ptr<Incoming>& in) const;
  void tick();

  MainLoop& loop_;
  FileStore& store_;
  Listener& listener_;
  std::map<Key, std::shared_ptr<Incoming>> active_;
  std::set<std::string> different_;  // files whose namesake here, whole already, is another
  MainLoop::Timer ticker_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace parley::cli
