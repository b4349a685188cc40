// The client's allocation machine against our server engine, over links that lose, double and
// shuffle, for longer than nonces, permissions, channels and allocations live. The server's oracle
// watches every packet.
#include <gtest/gtest.h>

#include "tests/sim/allocation_host.h"
#include "tests/sim/turn_world.h"

namespace parley::sim::test {
namespace {

using turn::client::AllocationConfig;

struct Session {
  Session(std::uint64_t seed, Weather weather) : world(seed, config(weather)) {
    Host& host = world.net.addHost("ours");
    const IpAddress local = IpAddress::v4(198, 51, 100, 200);
    host.attach(world.net.internet(), local, conditionsOf(weather, world.random));
    // The simulated TCP stands still for a minute in long bursts of loss; that is not our subject.
    const bool tcp = weather != Weather::Bursty && world.chance(0.3);
    const Transport transport = tcp ? Transport::Tcp : Transport::Udp;
    ours = std::make_unique<AllocationHost>(
        host, local, world.serverAddress, transport,
        AllocationConfig{.username = "user0", .password = "password0"});
    ours->onHeard = [this](const Address& from, ConstBytes bytes) {
      world.expect(from == world.peers[0].path.local || from == world.peers[1].path.local,
                   "a packet from nobody: " + from.toString());
      if (bytes.size() >= 8) heardFrom[from == world.peers[0].path.local ? 0 : 1] += 1;
    };
  }
  static WorldConfig config(Weather weather) {
    WorldConfig c;
    c.weather = weather;
    c.clients = 1;
    c.peers = 2;
    c.behindNat = 0;
    c.overTcp = 0;
    return c;
  }
  void permitBoth() {
    ours->with([&](turn::client::Allocation& a, Time at) {
      for (const auto& p : world.peers)
        world.expect(a.addPermission(p.path.local, at).ok() ||
                         a.state() == turn::client::Allocation::State::Done,
                     "no room for a permission");
    });
  }
  // Each peer and we to each, once.
  void talk() {
    for (std::size_t i = 0; i < 2; ++i) {
      if (ours->isLive()) {
        sent[i] += 1;
        const Address relayed = ours->allocation()->relayed();
        const std::vector<std::uint8_t> payload(8 + world.random.below(1000), 0x80);
        world.peers[i].host->send(world.peers[i].path.link, relayed, payload, Ecn::NotEct);
      }
      const auto bytes = world.book.make("ours", world.peers[i].name, 8 + world.random.below(900));
      ours->send(world.peers[i].path.local, bytes);
    }
  }
  Failures end() {
    ours->with([](turn::client::Allocation& a, Time at) { a.release(at); });
    world.runFor(60s);
    ours.reset();
    world.finish();
    return world.failures();
  }

  TurnWorld world;
  std::unique_ptr<AllocationHost> ours;
  std::array<std::uint64_t, 2> sent{};
  std::array<std::uint64_t, 2> heardFrom{};
};

// Two hours in bad weather: one allocation, everything renewed, stale nonces replaced.
TEST(TurnAllocation, lastsThroughLossShufflingAndStaleNonces) {
  std::uint64_t totalSent = 0;
  std::uint64_t totalHeard = 0;
  forEachSeed("turn_allocation", 60, [&](std::uint64_t seed, Capture& capture) {
    constexpr std::array kWeathers = {Weather::Fair, Weather::Lossy, Weather::Bursty,
                                      Weather::Shuffled, Weather::Doubled};
    const Weather weather = kWeathers[seed % kWeathers.size()];
    Session r(seed, weather);
    capture.begin(r.world.net);
    r.permitBoth();
    r.world.expect(r.world.runUntil(60s, [&] { return r.ours->isLive(); }), "no allocation");
    r.permitBoth();  // over TCP it began only now
    r.world.runFor(30s);
    for (int i = 0; i < 720; ++i) {
      r.talk();
      r.world.runFor(10s);
    }
    for (const auto& e : r.ours->events)
      if (const auto* f = std::get_if<turn::client::Failed>(&e))
        r.world.expect(false, "the allocation is lost: " + describe(*f));
    r.world.expect(r.ours->begun == 1, "it was made twice");
    r.world.expect(r.ours->count<turn::client::PermissionFailed>() == 0, "a permission is lost");
    // The path has four links, each way two.
    const double least = weather == Weather::Fair ? 1.0 : 0.3;
    for (std::size_t i = 0; i < 2; ++i) {
      r.world.expect(
          static_cast<double>(r.heardFrom[i]) >= least * static_cast<double>(r.sent[i]),
          "heard only " + std::to_string(r.heardFrom[i]) + " of " + std::to_string(r.sent[i]));
      totalSent += r.sent[i];
      totalHeard += r.heardFrom[i];
    }
    const Failures failures = r.end();
    capture.end(r.world.net);
    return failures;
  });
  std::cout << totalHeard << " of " << totalSent << " packets of peers heard\n";
}

// Everything at once, corruption too: whatever happens, a new allocation can be made, nothing is
// heard that nobody said to us, and nothing is left in the end.
TEST(TurnAllocation, foulWeatherAndSuddenEndsLeaveNothingBehind) {
  std::uint64_t begun = 0;
  forEachSeed("turn_allocation_foul", 150, [&](std::uint64_t seed, Capture& capture) {
    Session r(seed, Weather::Foul);
    r.ours->onHeard = nullptr;  // corrupted headers name anybody
    capture.begin(r.world.net);
    for (int i = 0; i < 150; ++i) {
      r.world.runFor(Duration{static_cast<std::int64_t>(r.world.random.below(40'000'000'000))});
      auto* a = r.ours->allocation();
      const bool over = a != nullptr && a->state() == turn::client::Allocation::State::Done;
      switch (r.world.random.below(8)) {
        case 0:
          if (over || r.world.chance(0.1)) r.ours->begin();
          break;
        case 1:
          r.permitBoth();
          break;
        case 2:
          r.ours->with([&](turn::client::Allocation& x, Time at) {
            (void)x.bindChannel(r.world.anyOf(r.world.peers).path.local, at);
          });
          break;
        case 3:
          r.ours->with([&](turn::client::Allocation& x, Time at) {
            if (r.world.chance(0.1))
              x.release(at);
            else
              x.removePermission(r.world.anyOf(r.world.peers).path.local);
          });
          break;
        default:
          r.talk();
      }
    }
    begun += r.ours->begun;
    const Failures failures = r.end();
    capture.end(r.world.net);
    return failures;
  });
  if (!isOnlyOneSeed()) {
    EXPECT_GT(begun, 300u);
  }
}

}  // namespace
}  // namespace parley::sim::test
