// Members whose sockets are cut at random moments, with texts in flight both ways: each message
// arrives exactly once and in order between each two, and nobody sees a peer leave.
//
// A seed decides everything. A failing one is run alone by PARLEY_SEED=N.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <queue>

#include "signal/hub.h"
#include "sim_client.h"

namespace parley::signal::test {
namespace {

using Json = nlohmann::json;

class Simulation {
 public:
  Simulation(std::uint64_t seed, std::size_t members) : random_(seed), ids_(seed + 1) {
    config_.serverKey.assign(32, 3);
    startHub();
    for (std::size_t i = 0; i < members; ++i) {
      peers_.push_back(std::make_unique<Peer>());
      peers_.back()->client = std::make_unique<SimClient>("r", "M" + std::to_string(i));
      connect(*peers_.back());
      settle();  // all are in before the trouble begins
    }
  }

  // `sockets`: how many are cut; `texts`: how many are said; within `span`.
  void trouble(int sockets, int texts, Duration span) {
    for (int i = 0; i < sockets; ++i)
      at(uniform(span), [this] { cut(*anyone()); });
    for (int i = 0; i < texts; ++i)
      at(uniform(span), [this] { sayFrom(*anyone()); });
    settle();
  }
  void restartWithin(Duration span) {
    at(uniform(span), [this] { restart(); });
  }
  // Runs until nothing is on its way and everybody is online and acknowledged.
  void settle() {
    const Time limit = now_ + 10min;
    bool calm = false;
    while (!calm && now_ < limit) {
      while (!events_.empty() && events_.top().at <= now_ + 2s)
        runNext();
      tick(now_ + 2s);
      for (auto& p : peers_)
        p->client->acknowledgeWhatIsDue();
      calm = events_.empty();
      for (auto& p : peers_)
        calm = calm && p->client->online() && p->client->unacknowledged() == 0;
    }
    ASSERT_TRUE(calm) << "not calm after 10 min";
  }

  void checkExactlyOnce() {
    for (auto& from : peers_) {
      for (auto& to : peers_) {
        if (from == to) continue;
        const int said = from->said[to->client->id];
        const std::vector<Json>& heard = to->client->heard[from->client->id];
        ASSERT_EQ(heard.size(), static_cast<std::size_t>(said))
            << from->client->id << " to " << to->client->id;
        for (int n = 0; n < said; ++n)
          ASSERT_EQ(heard[static_cast<std::size_t>(n)].at("n"), n);
      }
    }
  }
  void forgetWhatWasSaid() {
    for (auto& p : peers_) {
      p->said.clear();
      p->client->heard.clear();
    }
  }
  // Texts in doubt at a restart may be lost, but never doubled nor out of order.
  void checkOrderAcrossRestart() {
    for (auto& to : peers_) {
      for (auto& [from, heard] : to->client->heard) {
        int last = -1;
        for (const Json& m : heard) {
          ASSERT_GT(m.at("n").get<int>(), last);
          last = m.at("n");
        }
      }
    }
  }
  void checkNobodyLeft() {
    std::set<std::string> ids;
    for (auto& p : peers_)
      ids.insert(p->client->id);
    ASSERT_EQ(ids.size(), peers_.size());
    for (auto& p : peers_) {
      SimClient& c = *p->client;
      EXPECT_EQ(c.lefts, 0);
      EXPECT_EQ(c.gaps, 0);
      for (const std::string& e : c.errors)
        EXPECT_TRUE(e == "replaced" || e == "idle" || e == "shutdown" || e == "no-such-peer") << e;
      std::set<std::string> others = ids;
      others.erase(c.id);
      EXPECT_EQ(c.peers, others);
    }
  }
  int resumes() const {
    int n = 0;
    for (auto& p : peers_)
      n += p->client->resumes;
    return n;
  }
  int returns() const {
    int n = 0;
    for (auto& p : peers_)
      n += p->client->returns;
    return n;
  }
  int said() const { return said_; }

 private:
  // A socket: two pipes in order with delay. `up`/`down` say which end still takes what arrives.
  struct Socket {
    ConnectionId id;
    bool up = true;
    bool down = true;
    Time toServer{};
    Time toClient{};
  };
  struct Peer {
    std::unique_ptr<SimClient> client;
    std::shared_ptr<Socket> socket;
    std::map<std::string, int> said;
  };
  struct Event {
    Time at;
    std::uint64_t order;
    std::function<void()> run;
    bool operator<(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
  };

  void at(Duration after, std::function<void()> run) {
    events_.push({now_ + after, ++order_, std::move(run)});
  }
  Duration uniform(Duration limit) {
    return Duration(
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(limit.count()))));
  }
  Peer* anyone() { return peers_[random_.below(peers_.size())].get(); }

  void runNext() {
    const Event e = events_.top();
    events_.pop();
    tick(std::max(now_, e.at));
    e.run();
    drain();
  }
  void tick(Time to) {
    while (hub_->nextTimeout() <= to) {
      advance(std::max(now_, hub_->nextTimeout()));
      hub_->handleTimeout(now_, wall_);
      drain();
    }
    advance(to);
  }
  void advance(Time to) {
    wall_ += to - now_;
    now_ = to;
  }

  void startHub() {
    hub_.reset();
    rooms_ = MemoryRoomDirectory();
    hub_ = std::make_unique<Hub>(
        config_, ids_, rooms_, [](const IceRequest&, WallTime) { return IceServerList{}; }, nullptr,
        now_);
  }

  // Delivery in order: no text overtakes the one before it in its pipe.
  Time arrival(Time& last) {
    last = std::max(last, now_ + 1ms + uniform(120ms));
    return last;
  }

  void connect(Peer& p) {
    auto s = std::make_shared<Socket>();
    s->id = ConnectionId(++lastConnection_);
    p.socket = s;
    sockets_[s->id] = {s, &p};
    hub_->handleOpened(s->id, IpAddress::v4(192, 0, 2, 1), now_);
    p.client->connected([this, s](const std::string& text) {
      events_.push({arrival(s->toServer), ++order_, [this, s, text] {
                      if (s->up) hub_->handleText(s->id, text, now_, wall_);
                    }});
    });
  }

  // Both directions stop at moments of their own, and both ends hear of it later, in any order:
  // the client may come back before the server knows.
  void cut(Peer& p) {
    if (!p.socket) return;
    const std::shared_ptr<Socket> s = p.socket;
    at(uniform(50ms), [s] { s->up = false; });
    at(uniform(50ms), [s] { s->down = false; });
    at(50ms + uniform(4s), [this, s] { closeAtServer(s); });
    at(50ms + uniform(1s), [this, s, &p] { lostAtClient(s, p); });
  }
  void closeAtServer(const std::shared_ptr<Socket>& s) {
    s->up = false;
    if (sockets_.erase(s->id) != 0) hub_->handleClosed(s->id, now_);
  }
  void lostAtClient(const std::shared_ptr<Socket>& s, Peer& p) {
    s->down = false;
    if (p.socket != s) return;
    p.socket.reset();
    p.client->connected(nullptr);
    at(uniform(3s), [this, &p] {
      if (!p.socket) connect(p);
    });
  }

  void restart() {
    config_.lockDigests = hub_->lockDigests();
    startHub();
    const auto old = std::move(sockets_);
    sockets_.clear();
    for (auto& [id, entry] : old) {
      entry.first->up = false;
      at(uniform(80ms), [this, s = entry.first, p = entry.second] { lostAtClient(s, *p); });
    }
  }

  void sayFrom(Peer& from) {
    Peer* to = anyone();
    if (to == &from) return;
    const std::string& id = to->client->id;
    from.client->signal(id, {{"n", from.said[id]++}});
    ++said_;
  }

  void drain() {
    while (auto effect = hub_->pollEffect()) {
      if (auto* send = std::get_if<SendText>(&*effect)) {
        const auto it = sockets_.find(send->connection);
        if (it == sockets_.end()) continue;
        auto [s, p] = it->second;
        events_.push({arrival(s->toClient), ++order_, [s = s, p = p, text = send->text] {
                        if (s->down) p->client->receive(text);
                      }});
      } else if (auto* close = std::get_if<CloseConnection>(&*effect)) {
        const auto it = sockets_.find(close->connection);
        if (it == sockets_.end()) continue;
        auto [s, p] = it->second;
        events_.push(
            {arrival(s->toClient), ++order_, [this, s = s, p = p] { lostAtClient(s, *p); }});
        at(uniform(100ms), [this, s = s] { closeAtServer(s); });
      }
    }
  }

  SeededRandom random_;
  SeededRandom ids_;
  HubConfig config_;
  MemoryRoomDirectory rooms_;
  std::unique_ptr<Hub> hub_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::map<ConnectionId, std::pair<std::shared_ptr<Socket>, Peer*>> sockets_;
  std::priority_queue<Event> events_;
  Time now_{100s};
  WallTime wall_ = wallTimeFromUnixSeconds(1'790'000'000);
  std::uint64_t order_ = 0;
  std::uint64_t lastConnection_ = 0;
  int said_ = 0;
};

// Seeds of a test: 1..n, or the one of PARLEY_SEED.
std::vector<std::uint64_t> seeds(std::uint64_t n) {
  if (const char* one = std::getenv("PARLEY_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> all;
  for (std::uint64_t s = 1; s <= n; ++s)
    all.push_back(s);
  return all;
}

TEST(HubSimulationTest, EachMessageExactlyOnceThroughCutSockets) {
  int resumes = 0;
  int said = 0;
  for (const std::uint64_t seed : seeds(300)) {
    SCOPED_TRACE("PARLEY_SEED=" + std::to_string(seed));
    Simulation s(seed, 2 + seed % 4);
    s.trouble(3 + static_cast<int>(seed % 12), 120, 20s);
    s.checkExactlyOnce();
    s.checkNobodyLeft();
    resumes += s.resumes();
    said += s.said();
    if (HasFailure()) return;
  }
  EXPECT_GT(said, 10) << "the simulation did something";
  EXPECT_GT(resumes, 0);
  RecordProperty("messages", said);
  RecordProperty("resumes", resumes);
}

TEST(HubSimulationTest, EverybodyIsBackAfterARestart) {
  int returns = 0;
  for (const std::uint64_t seed : seeds(100)) {
    SCOPED_TRACE("PARLEY_SEED=" + std::to_string(seed));
    Simulation s(seed, 2 + seed % 4);
    s.restartWithin(8s);
    s.trouble(static_cast<int>(seed % 6), 60, 8s);
    s.checkOrderAcrossRestart();
    s.checkNobodyLeft();
    s.forgetWhatWasSaid();
    s.trouble(static_cast<int>(seed % 5), 60, 8s);
    s.checkExactlyOnce();
    s.checkNobodyLeft();
    returns += s.returns();
    if (HasFailure()) return;
  }
  EXPECT_GT(returns, 0);
  RecordProperty("returns", returns);
}

}  // namespace
}  // namespace parley::signal::test
