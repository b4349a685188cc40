// Server-reflexive candidates: one Binding transaction for each base and STUN server of its family,
// each with its own timer, so that a dead server delays nobody (RFC 8445 section 5.1.1.2). Mappings
// that were found are asked for again now and then, which keeps them open and sees them change,
// until stopRefreshing().
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "ice/outbox.h"
#include "ice/pair.h"
#include "stun/client/transaction.h"

namespace parley::ice {

// What became of one base at one server: an address, or why there is none.
struct GatherResult {
  BaseIndex base = 0;
  Address local;
  Address server;
  std::uint16_t urlIndex = 0;
  std::optional<Address> mapped;
  std::uint16_t code = 0;
  std::string text;
};

class Gatherer {
 public:
  static constexpr std::size_t kMaxServers = 8;
  static constexpr std::size_t kMaxTasks = 64;

  Gatherer(const stun::RetransmitConfig& retransmit, Duration pace, Duration refreshEvery)
      : retransmit_(retransmit), pace_(pace), refreshEvery_(refreshEvery) {}

  // False: the table is full.
  bool addServer(const Address& server, std::uint16_t urlIndex);
  void addBase(BaseIndex base, LinkId link, const Address& local);
  void removeBase(BaseIndex base);
  // Everything is asked anew; servers and bases stay.
  void restart();
  void stopRefreshing() { refreshes_ = false; }

  // Whether every task has its first result.
  bool idle() const;
  void step(Time now, Outbox& out, RandomSource& random);
  // Whether the message answers a request of ours.
  bool handleResponse(const Path& path, const stun::Message& message, Time now);
  // The network refused what was sent there.
  void handleRefused(const Path& path);
  std::optional<GatherResult> poll();
  Time nextTimeout() const;

 private:
  enum class TaskState : std::uint8_t { New, Asking, Done, Failed };
  struct Server {
    Address address;
    std::uint16_t urlIndex = 0;
  };
  struct Socket {
    BaseIndex base = 0;
    LinkId link;
    Address local;
  };
  struct Task {
    Path path;
    BaseIndex base = 0;
    std::uint16_t urlIndex = 0;
    TaskState state = TaskState::New;
    bool answered = false;  // once at least: what comes now is a refresh
    stun::ClientTransaction transaction;
    Time refreshAt = kNever;
  };

  void addTask(const Socket& socket, const Server& server);
  void send(Task& task, Time now, Outbox& out);
  void fail(Task& task, std::uint16_t code, std::string text);
  GatherResult resultOf(const Task& task) const;

  stun::RetransmitConfig retransmit_;
  Duration pace_;
  Duration refreshEvery_;
  std::vector<Server> servers_;
  std::vector<Socket> sockets_;
  std::vector<Task> tasks_;
  std::deque<GatherResult> results_;  // at most a few a task
  Time nextSlot_ = Time::min();
  bool refreshes_ = true;
};

}  // namespace parley::ice
