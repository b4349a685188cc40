// TURN under everything that a network does: members allocate, permit, bind, send, vanish and are
// thrown out by their NATs at random, on links that lose, shuffle, double and corrupt. What must
// hold always is the oracle's; what must hold at the end is TurnWorld::finish().
#include <gtest/gtest.h>

#include "tests/sim/turn_world.h"

namespace parley::sim::test {
namespace {

struct Totals {
  std::uint64_t toPeers = 0;
  std::uint64_t toClients = 0;
  std::uint64_t heard = 0;
  std::uint64_t allocations = 0;
  std::uint64_t refusals = 0;
};

class Chaos {
 public:
  explicit Chaos(TurnWorld& world) : w_(world) {}

  void act() {
    TurnWorld::Member& m = w_.anyOf(w_.members);
    switch (w_.random.below(14)) {
      case 0:
      case 1:
        if (!m.turn->client().hasAllocation()) m.turn->allocate();
        break;
      case 2:
      case 3:
        permit(m);
        break;
      case 4:
        bind(m);
        break;
      case 5:
      case 6:
      case 7:
        for (std::uint64_t i = 1 + w_.random.below(8); i > 0; --i)
          w_.sendToPeer(m, w_.anyOf(w_.peers), size());
        break;
      case 8:
      case 9:
        for (std::uint64_t i = 1 + w_.random.below(8); i > 0; --i)
          w_.sendFromPeer(w_.anyOf(w_.peers), m, size());
        break;
      case 10:
        if (w_.chance(0.2))
          w_.sendTo(m, w_.anyOf(w_.deniedPeers), size());
        else
          w_.sendToMember(m, w_.anyOf(w_.members), size());
        break;
      case 11:
        rebind(m);
        break;
      case 12:
        quit(m);
        break;
      default:
        rubbish(m);
    }
  }

 private:
  std::size_t size() { return w_.random.below(1300); }

  void permit(TurnWorld::Member& m) {
    std::vector<Address> targets = {w_.anyOf(w_.peers).path.local};
    if (w_.chance(0.2)) targets.push_back(w_.anyOf(w_.deniedPeers));
    TurnWorld::Member& other = w_.anyOf(w_.members);
    if (other.turn->client().hasAllocation()) targets.push_back(other.turn->client().relayed());
    m.turn->with([&](TurnClient& c, Time now) { c.permit(targets, now); });
  }
  void bind(TurnWorld::Member& m) {
    const auto number = static_cast<std::uint16_t>(turn::kFirstChannel + w_.random.below(6));
    const Address peer = w_.chance(0.1) ? w_.anyOf(w_.deniedPeers) : w_.anyOf(w_.peers).path.local;
    m.turn->with(
        [&](TurnClient& c, Time now) { c.bindChannel(peer, turn::ChannelNumber{number}, now); });
  }
  void rebind(TurnWorld::Member& m) {
    if (m.router != nullptr && w_.chance(0.3)) m.router->nat().forget();
  }
  void quit(TurnWorld::Member& m) {
    if (!m.turn->client().hasAllocation()) return;
    if (w_.chance(0.5))
      m.turn->with([](TurnClient& c, Time now) { c.refresh(Duration{}, now); });
    else if (m.turn->transport() == Transport::Tcp && w_.chance(0.5))
      m.turn->disconnect();
  }
  // Bytes that are nothing, from a client's own address and from a peer's.
  void rubbish(TurnWorld::Member& m) {
    std::vector<std::uint8_t> bytes(w_.random.below(200));
    w_.random.fill(bytes);
    if (!bytes.empty() && w_.chance(0.7)) bytes[0] &= 0x4f;  // looks like STUN or ChannelData
    const TurnWorld::Peer& peer = w_.anyOf(w_.peers);
    peer.host->send(peer.path.link, w_.serverAddress, bytes);
    if (m.turn->client().hasAllocation()) w_.sendFromPeer(peer, m, bytes.size());
  }

  TurnWorld& w_;
};

Failures run(std::uint64_t seed, const WorldConfig& config, Capture& capture, Totals& totals) {
  TurnWorld w(seed, config);
  capture.begin(w.net);
  if (w.chance(0.2)) w.server->failBinds = static_cast<int>(w.random.below(20));
  Chaos chaos(w);
  const std::uint64_t actions = 30 + w.random.below(60);
  const Duration most = w.chance(0.15) ? Duration{60s} : Duration{400ms};  // some runs last an hour
  for (auto& m : w.members) {
    m.turn->client().waitsToRebind = config.weather != Weather::Fair;
    m.turn->allocate();
  }
  for (std::uint64_t i = 0; i < actions; ++i) {
    w.runFor(Duration{
        static_cast<std::int64_t>(w.random.below(static_cast<std::uint64_t>(most.count())))});
    chaos.act();
  }
  w.runFor(10s);
  w.finish();
  for (const auto& m : w.members) {
    totals.allocations += m.turn->allocated.size();
    totals.refusals += m.turn->refused.size();
  }
  totals.toPeers += w.oracle.relayedToPeers();
  totals.toClients += w.oracle.relayedToClients();
  totals.heard += w.book.heardCount();
  capture.end(w.net);
  return w.failures();
}

// By route() or by handleDatagrams(): the same packets at the same time.
TEST(TurnDeterminism, theFastWayIsTheSlowWay) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    WorldConfig config;
    config.clients = 3;
    Totals totals;
    Capture slow{true, {}};
    Capture fast{true, {}};
    run(seed, config, slow, totals);
    config.routes = true;
    run(seed, config, fast, totals);
    EXPECT_EQ(slow.bytes, fast.bytes) << "seed " << seed;
  }
}

class TurnChaos : public testing::TestWithParam<Weather> {};

TEST_P(TurnChaos, keepsItsRules) {
  static constexpr const char* kNames[] = {"fair",    "lossy",      "bursty", "shuffled",
                                           "doubled", "corrupting", "foul"};
  Totals totals;
  forEachSeed(std::string{"turn-"} + kNames[static_cast<int>(GetParam())], 300,
              [&](std::uint64_t seed, Capture& capture) {
                WorldConfig config;
                config.weather = GetParam();
                config.clients = 1 + seed % 6;
                config.peers = 1 + seed % 3;
                config.routes = seed % 2 == 0;
                if (seed % 7 == 0) config.maxPort = static_cast<std::uint16_t>(config.minPort + 3);
                return run(seed, config, capture, totals);
              });
  RecordProperty("allocations", static_cast<int>(totals.allocations));
  RecordProperty("relayedToPeers", static_cast<int>(totals.toPeers));
  RecordProperty("relayedToClients", static_cast<int>(totals.toClients));
  if (isOnlyOneSeed()) return;
  // The simulation did something.
  EXPECT_GT(totals.allocations, 0u);
  EXPECT_GT(totals.toPeers, 0u);
  EXPECT_GT(totals.toClients, 0u);
  EXPECT_GT(totals.heard, 0u);
  EXPECT_GT(totals.refusals, 0u);
}

INSTANTIATE_TEST_SUITE_P(, TurnChaos,
                         testing::Values(Weather::Fair, Weather::Lossy, Weather::Bursty,
                                         Weather::Shuffled, Weather::Doubled, Weather::Corrupting,
                                         Weather::Foul));

// The same seed gives the same packets, bytes and times, with the engines in it.
TEST(TurnDeterminism, oneSeedIsOneRun) {
  WorldConfig config;
  config.weather = Weather::Foul;
  config.clients = 3;
  Totals totals;
  Capture first{true, {}};
  Capture second{true, {}};
  Capture other{true, {}};
  run(5, config, first, totals);
  run(5, config, second, totals);
  run(6, config, other, totals);
  EXPECT_GT(first.bytes.size(), 10'000u);
  EXPECT_EQ(first.bytes, second.bytes);
  EXPECT_NE(first.bytes, other.bytes);
}

}  // namespace
}  // namespace parley::sim::test
