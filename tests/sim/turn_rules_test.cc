// What RFC 8656 promises, to the millisecond of virtual time, through NATs and firewalls.
#include <gtest/gtest.h>

#include "tests/sim/turn_world.h"

namespace parley::sim::test {
namespace {

constexpr turn::ChannelNumber kChannel{turn::kFirstChannel};

class TurnRules : public testing::Test {
 protected:
  TurnWorld& start(WorldConfig config, std::uint64_t seed = 1) {
    world = std::make_unique<TurnWorld>(seed, config);
    return *world;
  }
  static WorldConfig fair(std::size_t clients = 1, std::size_t peers = 1) {
    WorldConfig c;
    c.clients = clients;
    c.peers = peers;
    c.behindNat = 0;
    c.overTcp = 0;
    return c;
  }
  TurnWorld::Member& member(std::size_t i = 0) { return world->members[i]; }
  TurnWorld::Peer& peer(std::size_t i = 0) { return world->peers[i]; }
  TurnClientHost& turn(std::size_t i = 0) { return *world->members[i].turn; }

  void allocate(std::size_t i = 0) {
    turn(i).allocate();
    ASSERT_TRUE(world->runUntil(60s, [&] { return turn(i).client().hasAllocation(); }));
  }
  // Waits for the answer.
  void permit(const Address& to, std::size_t i = 0) {
    const std::size_t before = turn(i).done.size();
    turn(i).with([&](TurnClient& c, Time now) { c.permit({to}, now); });
    ASSERT_TRUE(world->runUntil(60s, [&] { return turn(i).done.size() > before; }));
  }
  void bindChannel(const Address& to, turn::ChannelNumber channel = kChannel, std::size_t i = 0) {
    const std::size_t before = turn(i).done.size();
    turn(i).with([&](TurnClient& c, Time now) { c.bindChannel(to, channel, now); });
    ASSERT_TRUE(world->runUntil(60s, [&] { return turn(i).done.size() > before; }));
  }
  // When the last of the packets that a peer sends each 50 ms comes through.
  Time lastHeard(Duration within) {
    Time last{};
    turn().setOnHeard([&](const TurnClient::Heard&) { last = world->now(); });
    for (Duration t{}; t < within; t += 50ms) {
      world->sendFromPeer(peer(), member(), 100);
      world->runFor(50ms);
    }
    world->runFor(1s);
    turn().setOnHeard({});
    return last;
  }
  void expectClean() {
    world->finish();
    EXPECT_EQ(world->failures(), Failures{});
  }

  std::unique_ptr<TurnWorld> world;
};

// RFC 8656 section 9: 300 seconds.
TEST_F(TurnRules, permissionsEndAfterFiveMinutes) {
  start(fair());
  turn().client().keepsAlive = false;
  allocate();
  permit(peer().path.local);
  const Time answered = world->now();
  const Duration lasted = lastHeard(310s) - answered;
  EXPECT_GT(lasted, 299s + 500ms);
  EXPECT_LT(lasted, 300s + 500ms);
  permit(peer().path.local);
  world->sendFromPeer(peer(), member(), 10);
  const std::size_t before = turn().heard.size();
  world->runFor(1s);
  EXPECT_EQ(turn().heard.size(), before + 1);
  expectClean();
}

// Section 7.2: 600 seconds unless asked otherwise; the port is closed at once.
TEST_F(TurnRules, allocationsEndWithTheirLifetime) {
  start(fair());
  turn().client().keepsAlive = false;
  allocate();
  const Time allocated = world->now();
  EXPECT_EQ(turn().allocated.at(0).lifetime, 600s);
  EXPECT_EQ(world->server->relays().size(), 1u);
  permit(peer().path.local);
  world->runFor(250s);
  permit(peer().path.local);
  world->runFor(250s);
  permit(peer().path.local);
  const Duration lasted = lastHeard(120s) - allocated;
  EXPECT_GT(lasted, 599s + 500ms);
  EXPECT_LT(lasted, 600s + 500ms);
  EXPECT_TRUE(world->server->relays().empty());
  EXPECT_GT(world->serverHost.statistics().noSocket, 0u);
  expectClean();
}

// Section 12: 600 seconds; then what comes is a Data indication, as long as there is a permission.
TEST_F(TurnRules, channelsEndAfterTenMinutes) {
  start(fair());
  TurnWorld& w = *world;
  turn().client().keepsAlive = false;
  turn().allocate(3600s);
  ASSERT_TRUE(w.runUntil(10s, [&] { return turn().client().hasAllocation(); }));
  bindChannel(peer().path.local);
  const Time bound = w.now();
  std::size_t channelData = 0;
  std::size_t indications = 0;
  Time lastChannelData{};
  w.serverHost.setTap([&](const Packet& p, bool sent) {
    if (sent) w.oracle.sent(p, w.now());
    if (!sent || p.flow.source != w.serverAddress || p.payload.size() < 100) return;
    const bool channel = turn::looksLikeChannelData(p.payload[0]);
    ++(channel ? channelData : indications);
    if (channel) lastChannelData = w.now();
  });
  for (int i = 0; i < 3; ++i) {
    w.runFor(198s);
    permit(peer().path.local);
  }
  lastHeard(30s);
  EXPECT_GT(channelData, 0u);
  EXPECT_GT(indications, 0u);
  EXPECT_GT(lastChannelData - bound, 599s + 500ms);
  EXPECT_LT(lastChannelData - bound, 600s + 500ms);
  expectClean();
}

TEST_F(TurnRules, everythingLivesAsLongAsItIsRefreshed) {
  start(fair());
  allocate();
  bindChannel(peer().path.local);
  for (int i = 0; i < 60; ++i) {
    world->runFor(2min);
    world->sendFromPeer(peer(), member(), 500);
    world->sendToPeer(member(), peer(), 500);
  }
  world->runFor(1s);
  EXPECT_EQ(turn().heard.size(), 60u);
  EXPECT_EQ(world->book.missing(), 0u);
  EXPECT_TRUE(turn().refused.empty());
  EXPECT_EQ(turn().allocated.size(), 1u);
  expectClean();
}

// With fair links nothing is lost, over datagrams and streams, by indications and channels.
TEST_F(TurnRules, everythingArrivesOnceOnFairLinks) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    WorldConfig config = fair(3, 2);
    config.behindNat = 0.5;
    config.overTcp = 0.5;
    config.routes = seed % 2 == 0;
    start(config, seed);
    for (std::size_t i = 0; i < 3; ++i) {
      allocate(i);
      permit(peer(0).path.local, i);
      bindChannel(peer(1).path.local, kChannel, i);
    }
    for (int n = 0; n < 50; ++n) {
      for (auto& m : world->members) {
        world->sendToPeer(m, world->anyOf(world->peers), world->random.below(1200));
        world->sendFromPeer(world->anyOf(world->peers), m, world->random.below(1200));
      }
      if (n % 10 == 0) world->runFor(20ms);
    }
    world->runFor(5s);
    EXPECT_EQ(world->book.missing(), 0u) << "seed " << seed;
    EXPECT_EQ(world->book.heardCount(), 300u) << "seed " << seed;
    expectClean();
  }
}

// Two relayed addresses of one server talk, although the server's own address is denied.
TEST_F(TurnRules, relayedAddressesOfOneServerReachEachOther) {
  for (const double overTcp : {0.0, 1.0}) {
    WorldConfig config = fair(2, 0);
    config.overTcp = overTcp;
    start(config);
    allocate(0);
    allocate(1);
    const std::uint64_t noSocket = world->serverHost.statistics().noSocket;
    permit(turn(1).client().relayed(), 0);
    permit(turn(0).client().relayed(), 1);
    for (int i = 0; i < 30; ++i) {
      world->sendToMember(member(0), member(1), 700);
      world->sendToMember(member(1), member(0), 701);
    }
    // Permitted by IP, and yet no other port of the server is open to it.
    world->sendTo(member(0), world->serverAddress, 100);
    world->sendTo(member(0), world->serverAddress.withPort(22), 100);
    world->runFor(2s);
    EXPECT_EQ(turn(0).heard.size(), 30u);
    EXPECT_EQ(turn(1).heard.size(), 30u);
    EXPECT_EQ(world->serverHost.statistics().noSocket, noSocket);
    expectClean();
  }
}

// The client's NAT forgets it: its packets come from another port, which is another client to the
// server. It hears 437 at its next Refresh, allocates anew, and nothing of the old allocation is
// heard by anybody but its owner.
TEST_F(TurnRules, aReboundClientStartsAnew) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    WorldConfig config = fair(2, 1);
    config.behindNat = 1;
    start(config, seed);
    allocate(0);
    allocate(1);
    permit(peer().path.local);
    member().router->nat().forget();
    const Address before = turn().client().relayed();
    world->sendToPeer(member(), peer(), 100);  // from the new port: no allocation, no permission
    world->sendFromPeer(peer(), member(), 100);
    world->runFor(5s);
    EXPECT_EQ(world->book.heardCount(), 0u);
    ASSERT_TRUE(world->runUntil(20min, [&] { return !turn().client().hasAllocation(); }));
    EXPECT_EQ(turn().refused.back().code, 437);
    allocate();
    permit(peer().path.local);
    EXPECT_NE(turn().client().relayed(), before);
    world->sendToPeer(member(), peer(), 100);
    world->sendFromPeer(peer(), member(), 100);
    world->runFor(5s);
    EXPECT_EQ(world->book.heardCount(), 2u);
    expectClean();
  }
}

TEST_F(TurnRules, behindAFirewallThatLetsOnlyTcpOut) {
  start(fair(1, 1));
  TurnWorld& w = *world;
  RouterConfig config;
  config.nat.emplace();
  config.nat->externalAddresses = {IpAddress::v4(198, 51, 100, 200)};
  config.firewall.blockUdp = true;
  config.firewall.tcpPorts = {443, 3478};
  Router& office = w.net.addRouter("office", w.net.internet(), config);
  Host& host = w.net.addHost("worker");
  const IpAddress local = IpAddress::v4(10, 1, 0, 2);
  host.attach(office.inside(), local, {});

  TurnClientHost udp(host, local, w.serverAddress, Transport::Udp, "user0", "password0");
  udp.allocate();
  w.runFor(60s);
  EXPECT_EQ(udp.unanswered.size(), 1u);
  TurnClientHost tcp(host, local, w.serverAddress, Transport::Tcp, "user0", "password0");
  tcp.allocate();
  ASSERT_TRUE(w.runUntil(10s, [&] { return tcp.client().hasAllocation(); }));
  tcp.with([&](TurnClient& c, Time now) { c.permit({peer().path.local}, now); });
  w.runFor(1s);
  const auto bytes = w.book.make("worker", peer().name, 777);
  tcp.with([&](TurnClient& c, Time) { c.send(peer().path.local, bytes); });
  w.runFor(1s);
  EXPECT_EQ(w.book.missing(), 0u);
  tcp.with([](TurnClient& c, Time now) { c.refresh(Duration{}, now); });
  w.runFor(1s);
  tcp.disconnect();
  expectClean();
}

// Section 7.2: a port in use is not the end; no port at all is 508.
TEST_F(TurnRules, triesOtherPortsUntilNoneIsLeft) {
  WorldConfig config = fair(6, 1);
  config.maxPort = static_cast<std::uint16_t>(config.minPort + 3);
  start(config);
  world->server->failBinds = 3;
  for (auto& m : world->members)
    m.turn->allocate();
  world->runFor(5s);
  std::size_t allocated = 0;
  std::vector<TurnWorld::Member*> refused;
  for (auto& m : world->members) {
    if (m.turn->client().hasAllocation()) ++allocated;
    if (!m.turn->refused.empty()) {
      EXPECT_EQ(m.turn->refused.back().code, 508);
      refused.push_back(&m);
    }
  }
  EXPECT_EQ(allocated, 4u);
  ASSERT_EQ(refused.size(), 2u);
  for (auto& m : world->members)
    if (m.turn->client().hasAllocation())
      m.turn->with([](TurnClient& c, Time now) { c.refresh(Duration{}, now); });
  world->runFor(5s);
  EXPECT_TRUE(world->server->relays().empty());
  for (auto* m : refused)
    m->turn->allocate();
  world->runFor(5s);
  for (auto* m : refused)
    EXPECT_TRUE(m->turn->client().hasAllocation());
  expectClean();
}

// A stream that closes takes its allocation along (section 3.1).
TEST_F(TurnRules, aClosedStreamEndsItsAllocation) {
  WorldConfig config = fair(1, 1);
  config.overTcp = 1;
  start(config);
  allocate();
  EXPECT_EQ(world->server->engine().allocationCount(), 1u);
  turn().disconnect();
  world->runFor(1s);
  EXPECT_EQ(world->server->engine().allocationCount(), 0u);
  EXPECT_TRUE(world->server->relays().empty());
  expectClean();
}

// Each Allocate is answered in the end although a sixth of all packets is lost on each link.
TEST_F(TurnRules, repeatedRequestsGetThroughLoss) {
  std::size_t allocated = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    WorldConfig config = fair(4, 1);
    config.weather = Weather::Lossy;
    start(config, seed);
    for (auto& m : world->members)
      m.turn->allocate();
    world->runFor(50s);
    for (auto& m : world->members)
      allocated += m.turn->client().hasAllocation() ? 1 : 0;
    expectClean();
  }
  EXPECT_GE(allocated, 198u);  // of 200; seven tries of four packets each at 15 %
}

}  // namespace
}  // namespace parley::sim::test
