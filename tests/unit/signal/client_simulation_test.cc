// The client against the hub, with sockets cut at random moments and texts in flight both ways, and
// a server that restarts. A seed decides everything. A failing one is run alone by PARLEY_SEED=N.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <queue>
#include <set>

#include "signal/client/client.h"
#include "signal/hub.h"

namespace parley::signal::test {
namespace {

using Json = nlohmann::json;

class World {
 public:
  World(std::uint64_t seed, std::size_t members) : random_(seed), ids_(seed + 1) {
    config_.serverKey.assign(32, 3);
    startHub();
    for (std::size_t i = 0; i < members; ++i) {
      peers_.push_back(std::make_unique<Peer>(random_));
      peers_.back()->client.start({"r", "M" + std::to_string(i), ""}, now_);
      drain();
      run(1s);
    }
  }

  void at(Duration after, std::function<void()> what) {
    events_.push({now_ + after, ++order_, std::move(what)});
  }
  Duration uniform(Duration limit) {
    return Duration(
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(limit.count()))));
  }
  void trouble(int cuts, int texts, Duration span) {
    for (int i = 0; i < cuts; ++i)
      at(uniform(span), [this] { cut(anyone()); });
    for (int i = 0; i < texts; ++i)
      at(uniform(span), [this] { say(anyone()); });
    run(span + 60s);
  }
  void restartWithin(Duration span) {
    at(uniform(span), [this] {
      startHub();
      for (auto& p : peers_)
        if (p->socket) lose(*p, p->socket);
    });
  }

  void run(Duration span) {
    const Time until = now_ + span;
    while (true) {
      Time next = hub_->nextTimeout();
      for (auto& p : peers_)
        next = std::min(next, p->client.nextTimeout());
      if (!events_.empty()) next = std::min(next, events_.top().at);
      if (next > until) break;
      advance(std::max(now_, next));
      if (!events_.empty() && events_.top().at <= now_) {
        const auto what = events_.top().what;
        events_.pop();
        what();
      } else if (hub_->nextTimeout() <= now_) {
        hub_->handleTimeout(now_, wall_);
      } else {
        for (auto& p : peers_)
          if (p->client.nextTimeout() <= now_) p->client.handleTimeout(now_);
      }
      drain();
    }
    advance(until);
  }

  void checkExactlyOnce(bool lossless) {
    for (auto& from : peers_) {
      for (auto& to : peers_) {
        if (from == to) continue;
        const std::vector<int>& heard = to->heard[from->id];
        for (std::size_t i = 1; i < heard.size(); ++i)
          ASSERT_GT(heard[i], heard[i - 1]);
        if (lossless) {
          ASSERT_EQ(heard.size(), static_cast<std::size_t>(from->said[to->id]));
        }
      }
    }
  }
  void checkEverybodyIsIn() {
    for (auto& p : peers_) {
      EXPECT_TRUE(p->client.joined());
      EXPECT_EQ(p->peers.size(), peers_.size() - 1);
      EXPECT_EQ(p->ended, 0);
      EXPECT_EQ(p->ids.size(), 1u) << "another id";
    }
  }
  void forgetWhatWasSaid() {
    for (auto& p : peers_) {
      p->said.clear();
      p->heard.clear();
    }
  }
  int resumes = 0;
  int returns = 0;
  int said = 0;

 private:
  struct Socket {
    ConnectionId id;
    bool up = true;
    bool down = true;
    Time toServer{};
    Time toClient{};
  };
  struct Peer {
    explicit Peer(RandomSource& random) : client(random) {}
    Client client;
    std::shared_ptr<Socket> socket;
    std::string id;
    std::set<std::string> ids;
    std::set<std::string> peers;
    std::map<std::string, int> said;
    std::map<std::string, std::vector<int>> heard;
    int ended = 0;
  };
  struct Event {
    Time at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
  };

  Peer& anyone() { return *peers_[static_cast<std::size_t>(random_.below(peers_.size()))]; }
  void advance(Time to) {
    wall_ += to - now_;
    now_ = to;
  }
  void startHub() {
    rooms_ = MemoryRoomDirectory();
    hub_ = std::make_unique<Hub>(
        config_, ids_, rooms_, [](const IceRequest&, WallTime) { return IceServerList{}; }, nullptr,
        now_);
    served_.clear();
  }
  Time arrival(Time& last) {
    last = std::max(last, now_ + 1ms + uniform(80ms));
    return last;
  }

  void open(Peer& p) {
    auto s = std::make_shared<Socket>();
    s->id = ConnectionId(++lastConnection_);
    p.socket = s;
    at(uniform(50ms), [this, s, &p] {
      if (p.socket != s) return;
      served_[s->id] = {s, &p};
      hub_->handleOpened(s->id, IpAddress::v4(192, 0, 2, 1), now_);
      p.client.handleOpened(now_);
    });
  }
  // Both directions stop at moments of their own, and both ends hear of it later, in any order.
  void cut(Peer& p) {
    if (!p.socket) return;
    const std::shared_ptr<Socket> s = p.socket;
    at(uniform(50ms), [s] { s->up = false; });
    at(uniform(50ms), [s] { s->down = false; });
    at(50ms + uniform(4s), [this, s] { closeAtServer(s); });
    at(50ms + uniform(1s), [this, s, &p] { lose(p, s); });
  }
  void closeAtServer(const std::shared_ptr<Socket>& s) {
    s->up = false;
    if (served_.erase(s->id) != 0) hub_->handleClosed(s->id, now_);
  }
  void lose(Peer& p, const std::shared_ptr<Socket>& s, std::uint16_t code = 1006) {
    s->down = false;
    if (p.socket != s) return;
    p.socket.reset();
    p.client.handleClosed(code, now_);
  }
  void say(Peer& from) {
    Peer& to = anyone();
    if (&to == &from || to.id.empty() || !from.peers.contains(to.id)) return;
    from.client.sendSignal(to.id, "{\"n\":" + std::to_string(from.said[to.id]++) + "}", now_);
    ++said;
  }

  void drain() {
    while (auto effect = hub_->pollEffect()) {
      if (auto* send = std::get_if<SendText>(&*effect)) {
        const auto it = served_.find(send->connection);
        if (it == served_.end()) continue;
        const auto [s, p] = it->second;
        events_.push({arrival(s->toClient), ++order_, [this, s = s, p = p, text = send->text] {
                        if (s->down && p->socket == s) p->client.handleText(text, now_);
                      }});
      } else if (auto* close = std::get_if<CloseConnection>(&*effect)) {
        const auto it = served_.find(close->connection);
        if (it == served_.end()) continue;
        const auto [s, p] = it->second;
        events_.push({arrival(s->toClient), ++order_,
                      [this, s = s, p = p, code = close->code] { lose(*p, s, code); }});
        at(uniform(100ms), [this, s = s] { closeAtServer(s); });
      }
    }
    for (auto& p : peers_)
      while (auto event = p->client.pollEvent())
        handle(*p, *event);
  }
  void handle(Peer& p, ClientEvent& event) {
    using namespace client_event;
    if (std::get_if<OpenSocket>(&event) != nullptr) {
      open(p);
    } else if (std::get_if<CloseSocket>(&event) != nullptr) {
      if (const auto s = std::exchange(p.socket, nullptr)) {
        s->down = false;
        at(uniform(100ms), [this, s] { closeAtServer(s); });
      }
    } else if (const auto* send = std::get_if<client_event::SendText>(&event)) {
      if (!p.socket) return;
      events_.push({arrival(p.socket->toServer), ++order_, [this, s = p.socket, text = send->text] {
                      if (s->up && served_.contains(s->id)) {
                        hub_->handleText(s->id, text, now_, wall_);
                      }
                    }});
    } else if (const auto* joined = std::get_if<Joined>(&event)) {
      p.id = joined->welcome.self;
      p.ids.insert(p.id);
      if (joined->welcome.resumed) ++resumes;
      if (joined->welcome.returned) ++returns;
      for (const ClientPeer& other : joined->welcome.peers)
        p.peers.insert(other.id);
    } else if (const auto* came = std::get_if<PeerJoined>(&event)) {
      p.peers.insert(came->peer.id);
    } else if (const auto* left = std::get_if<PeerLeft>(&event)) {
      p.peers.erase(left->id);
    } else if (const auto* signal = std::get_if<client_event::Signal>(&event)) {
      p.heard[signal->from].push_back(Json::parse(signal->data).at("n"));
    } else if (std::get_if<Ended>(&event) != nullptr) {
      ++p.ended;
    }
  }

  SeededRandom random_;
  SeededRandom ids_;
  HubConfig config_;
  MemoryRoomDirectory rooms_;
  std::unique_ptr<Hub> hub_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::map<ConnectionId, std::pair<std::shared_ptr<Socket>, Peer*>> served_;
  std::priority_queue<Event> events_;
  Time now_{100s};
  WallTime wall_ = wallTimeFromUnixSeconds(1'790'000'000);
  std::uint64_t order_ = 0;
  std::uint64_t lastConnection_ = 0;
};

std::vector<std::uint64_t> seeds(std::uint64_t n) {
  if (const char* one = std::getenv("PARLEY_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> all;
  for (std::uint64_t s = 1; s <= n; ++s)
    all.push_back(s);
  return all;
}

TEST(ClientSimulationTest, EachMessageExactlyOnceThroughCutSockets) {
  int resumes = 0;
  int said = 0;
  for (const std::uint64_t seed : seeds(200)) {
    SCOPED_TRACE("PARLEY_SEED=" + std::to_string(seed));
    World w(seed, 2 + seed % 4);
    w.trouble(3 + static_cast<int>(seed % 10), 120, 20s);
    w.checkExactlyOnce(true);
    w.checkEverybodyIsIn();
    resumes += w.resumes;
    said += w.said;
    if (HasFailure()) return;
  }
  EXPECT_GT(resumes, 200);
  EXPECT_GT(said, 5000);
}

TEST(ClientSimulationTest, EverybodyIsBackAfterARestart) {
  int returns = 0;
  for (const std::uint64_t seed : seeds(100)) {
    SCOPED_TRACE("PARLEY_SEED=" + std::to_string(seed));
    World w(seed, 2 + seed % 4);
    w.restartWithin(8s);
    w.trouble(static_cast<int>(seed % 6), 60, 8s);
    w.checkExactlyOnce(false);
    w.checkEverybodyIsIn();
    w.forgetWhatWasSaid();
    w.trouble(static_cast<int>(seed % 5), 60, 8s);
    w.checkExactlyOnce(true);
    w.checkEverybodyIsIn();
    returns += w.returns;
    if (HasFailure()) return;
  }
  EXPECT_GT(returns, 100);
}

}  // namespace
}  // namespace parley::signal::test
