// The hub under any order of operations: sockets come and go, join, resume with good and bad keys,
// speak rightly and rubbish, time jumps, the server is started anew. After each operation:
// what is sent is JSON and goes to an open socket, numbers have no gap, counts add up; in the end
// nothing is left behind.
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/check.h"
#include "signal/hub.h"

namespace {

using namespace parley;
using namespace parley::signal;
using Json = nlohmann::json;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool done() const { return at_ >= size_; }
  std::uint8_t byte() { return at_ < size_ ? data_[at_++] : std::uint8_t{0}; }
  std::string text() {
    const std::size_t n = std::min<std::size_t>(byte(), size_ - at_);
    std::string out(reinterpret_cast<const char*>(data_) + at_, n);
    at_ += n;
    return out;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

// What a member was told last: enough to resume rightly, or wrongly.
struct Known {
  std::string room;
  std::string name;
  std::string id;
  std::string resume;
  std::string proof;
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
};

class Machine {
 public:
  Machine() {
    config_.serverKey.assign(32, 1);
    config_.roomMembers = 3;
    config_.messageBytes = 1024;
    config_.bufferBytes = 3000;
    config_.maxConnections = 10;
    config_.maxMembers = 8;
    config_.maxRooms = 4;
    config_.connectionsPerSource = 6;
    config_.membersPerSource = 5;
    config_.roomsPerSource = 3;
    config_.messageBurst = 60;
    config_.messagesPerSecond = 20;
    config_.byteBurst = 20000;
    config_.bytesPerSecond = 4000;
    start();
  }

  void operate(Input& in) {
    switch (in.byte() % 14) {
      case 0:
        return open(in.byte());
      case 1:
        return close(in.byte());
      case 2:
        return say(pick(in.byte()), in.text());
      case 3:
        return join(in, false);
      case 4:
        return join(in, true);
      case 5:
      case 6:
        return signal(in);
      case 7:
        return lock(in);
      case 8:
        return acknowledge(in);
      case 9:
        return say(pick(in.byte()), R"({"type":"leave"})");
      case 10:
        return say(pick(in.byte()), R"({"type":"ping","t":1})");
      case 11:
        return advance(std::chrono::milliseconds(1u << (in.byte() % 18)));
      case 12:
        return odd(in);
      default:
        if (in.byte() % 8 == 0) restart();
    }
  }

  void finish() {
    while (!sockets_.empty())
      close(0);
    advance(1h);
    const HubStats s = hub_->stats();
    PARLEY_CHECK(s.connections == 0 && s.members == 0 && s.rooms == 0);
    PARLEY_CHECK(hub_->nextTimeout() == kNever);
  }

 private:
  struct Socket {
    bool closed = false;
    Known known;
  };

  void start() {
    rooms_ = MemoryRoomDirectory();
    hub_ = std::make_unique<Hub>(
        config_, random_, rooms_,
        [](const IceRequest&, WallTime) {
          IceServerList list;
          list.servers.push_back({{"stun:a"}, "", ""});
          list.ttl = 60s;
          return list;
        },
        nullptr, now_);
  }
  void restart() {
    config_.lockDigests = hub_->lockDigests();
    config_.locksKept = 2min;
    hub_.reset();
    for (auto& [id, s] : sockets_)
      remember(s.known);
    sockets_.clear();
    start();
  }

  ConnectionId pick(std::uint8_t n) {
    if (sockets_.empty()) return ConnectionId(0);
    auto it = sockets_.begin();
    std::advance(it, n % sockets_.size());
    return it->first;
  }
  void remember(const Known& k) {
    if (k.id.empty()) return;
    if (gone_.size() >= 64) gone_.erase(gone_.begin());
    gone_.push_back(k);
  }

  void open(std::uint8_t from) {
    const ConnectionId id{++last_};
    sockets_[id];
    hub_->handleOpened(id, IpAddress::v4(10, 0, 0, from % 3), now_);
    drain();
  }
  void close(std::uint8_t n) {
    const ConnectionId id = pick(n);
    const auto it = sockets_.find(id);
    hub_->handleClosed(id, now_);
    if (it != sockets_.end()) {
      remember(it->second.known);
      sockets_.erase(it);
    }
    drain();
  }
  void say(ConnectionId id, const std::string& text) {
    hub_->handleText(id, text, now_, wall_);
    drain();
  }
  void join(Input& in, bool back) {
    const ConnectionId id = pick(in.byte());
    Json j = {{"type", "join"},
              {"room", std::string(1, static_cast<char>('a' + in.byte() % 5))},
              {"name", "n"}};
    if (back && !gone_.empty()) {
      const Known& k = gone_[in.byte() % gone_.size()];
      j["room"] = k.room;
      j["name"] = k.name;
      const std::uint8_t how = in.byte();
      if ((how & 1) == 0) j["resume"] = k.resume;
      if ((how & 2) == 0) j["proof"] = k.proof;
      j["ack"] = (how & 12) == 12 ? k.received + 1 : k.received;
    }
    claimed_ = j.value("ack", std::uint64_t{0});
    say(id, j.dump());
  }
  void signal(Input& in) {
    const ConnectionId from = pick(in.byte());
    const auto it = sockets_.find(from);
    const auto to = sockets_.find(pick(in.byte()));
    if (it == sockets_.end()) return;
    Known& k = it->second.known;
    const std::uint8_t how = in.byte();
    Json m = {{"type", "signal"},
              {"to", to->second.known.id},
              {"data", {{"x", std::string(std::size_t{how & 0x3fu} * 12, 'x')}}}};
    if ((how & 0x40) == 0) {
      m["seq"] = ++k.sent;
    } else {
      m["seq"] = in.byte();
    }
    if ((how & 0x80) == 0) m["ack"] = k.received;
    say(from, m.dump());
  }
  void lock(Input& in) {
    const ConnectionId id = pick(in.byte());
    say(id, Json({{"type", "lock"}, {"locked", in.byte() % 2 == 0}}).dump());
    const auto it = sockets_.find(id);
    if (it != sockets_.end()) ++it->second.known.sent;
  }
  void acknowledge(Input& in) {
    const ConnectionId id = pick(in.byte());
    const auto it = sockets_.find(id);
    const std::uint64_t ack = it == sockets_.end() ? 0 : it->second.known.received;
    say(id, Json({{"type", "ack"}, {"ack", in.byte() % 16 == 0 ? ack + 1 : ack}}).dump());
  }
  void odd(Input& in) {
    const ConnectionId id = pick(in.byte());
    const std::uint8_t what = in.byte() % 4;
    if (what == 0) hub_->handleBinary(id, now_);
    if (what == 1) hub_->handleTooLarge(id, now_);
    if (what == 2) hub_->handleAlive(id, now_);
    if (what == 3) hub_->handleTimeout(now_ - 1s, wall_);  // early
    drain();
  }
  void advance(Duration d) {
    now_ += d;
    wall_ += d;
    hub_->handleTimeout(now_, wall_);
    drain();
    PARLEY_CHECK(hub_->nextTimeout() > now_);
  }

  void drain() {
    while (auto effect = hub_->pollEffect()) {
      if (auto* send = std::get_if<SendText>(&*effect)) {
        const auto it = sockets_.find(send->connection);
        PARLEY_CHECK(it != sockets_.end() && !it->second.closed);
        learn(it->second.known, Json::parse(send->text));
      } else if (auto* end = std::get_if<CloseConnection>(&*effect)) {
        const auto it = sockets_.find(end->connection);
        PARLEY_CHECK(it != sockets_.end() && !it->second.closed);
        it->second.closed = true;
      }
    }
    const HubStats s = hub_->stats();
    PARLEY_CHECK(s.connections == sockets_.size());
    PARLEY_CHECK(s.connections <= config_.maxConnections + sockets_.size());
    PARLEY_CHECK(s.members <= config_.maxMembers && s.rooms <= config_.maxRooms);
    PARLEY_CHECK(s.membersAway <= s.members);
  }
  void learn(Known& k, const Json& m) {
    if (m.at("type") == "welcome") {
      const bool resumed = m.at("resumed");
      // What it says it has, true or not, is where its numbers go on. A new run starts anew.
      const std::uint64_t received = resumed ? claimed_ : 0;
      k = {m.at("room"),  m.at("name"), m.at("self"), m.at("resume"),
           m.at("proof"), received,     m.at("ack")};
      return;
    }
    if (!m.contains("seq")) return;
    const std::uint64_t seq = m.at("seq");
    PARLEY_CHECK(seq == k.received + 1);
    k.received = seq;
  }

  HubConfig config_;
  SeededRandom random_{1};
  MemoryRoomDirectory rooms_;
  std::unique_ptr<Hub> hub_;
  std::map<ConnectionId, Socket> sockets_;
  std::vector<Known> gone_;
  std::uint64_t claimed_ = 0;  // `ack` of the join being handled
  Time now_{1000s};
  WallTime wall_ = wallTimeFromUnixSeconds(1'790'000'000);
  std::uint64_t last_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, std::min<std::size_t>(size, 4096));
  Machine machine;
  while (!in.done())
    machine.operate(in);
  machine.finish();
  return 0;
}
