// How two agents find each other: in peace, through every pair of NATs, in foul weather, with roles
// in conflict, late signalling and hidden addresses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/sim/ice_world.h"
#include "tests/sim/turn_world.h"

namespace parley::sim::test {
namespace {

using ice::Role;
using ice::State;

LinkConditions lan() {
  LinkConditions c;
  c.delay = 500us;
  return c;
}

std::uint64_t requests(const IceSide& side) {
  std::uint64_t n = 0;
  for (const auto& p : side.agent->stats().pairs)
    n += p.counters.requestsSent;
  return n;
}

TEST(IceConnect, aLosslessLanNeedsOneRoundTripAndNoTimer) {
  forEachSeed("ice-lan", 20, [](std::uint64_t seed, Capture& capture) {
    IceWorldConfig config;
    config.internet = lan();  // a round trip between the two: 2 ms
    config.stun = false;
    IceWorld w(seed, config);
    capture.begin(w.net);
    w.start();
    w.startData();
    // Offer 20 ms, answer 20 ms: A may begin at 40 ms, B at 20 ms.
    w.expect(w.runUntil(1s, [&] { return w.bothCompleted(); }), "not completed");
    w.expect(w.a.connectedAt && *w.a.connectedAt <= Time{} + 43ms, "A took more than a round trip");
    w.expect(w.b.connectedAt && *w.b.connectedAt <= Time{} + 43ms, "B took more than a round trip");
    w.runFor(1s);
    w.expect(requests(w.a) <= 3, "A sent " + std::to_string(requests(w.a)) + " requests");
    w.expect(requests(w.b) <= 3, "B sent " + std::to_string(requests(w.b)) + " requests");
    w.checkEnd();
    w.expect(w.a.strangers + w.b.strangers == 0, "data from strangers");
    capture.end(w.net);
    return w.failures;
  });
}

// RFC 4787's nine kinds and none, against each other; printed as a table.
TEST(IceConnect, everyPairOfNatsThatCanBePunchedIs) {
  const std::vector<NatKind> kinds = allNatKinds();
  std::printf("%8s", "");
  for (const NatKind& k : kinds)
    std::printf("%8s", name(k).c_str());
  std::printf("\n");
  for (const NatKind& natA : kinds) {
    std::printf("%8s", name(natA).c_str());
    for (const NatKind& natB : kinds) {
      IceWorldConfig config;
      config.natA = natA;
      config.natB = natB;
      config.internet.delay = 15ms;
      const std::string pair = name(natA) + " - " + name(natB);
      Duration took{};
      bool connected = false;
      forEachSeed("ice-nat", 2, [&](std::uint64_t seed, Capture& capture) {
        IceWorld w(seed, config);
        capture.begin(w.net);
        w.start();
        w.startData();
        if (canConnectDirectly(natA, natB)) {
          w.expect(w.runUntil(10s, [&] { return w.bothCompleted(); }), pair + ": not completed");
          took = w.now().time_since_epoch();
          w.runFor(2s);
          w.checkEnd();
          connected = true;
        } else {
          w.expect(w.runUntil(90s, [&] { return w.bothFailed(); }), pair + ": not failed");
          w.expect(!w.a.connectedAt && !w.b.connectedAt, pair + ": connected after all");
          w.expect(w.now() >= Time{} + 39'500ms, pair + ": no patience");
        }
        capture.end(w.net);
        return w.failures;
      });
      if (connected)
        std::printf("%6lldms", static_cast<long long>(took / 1ms));
      else
        std::printf("%8s", "-");
    }
    std::printf("\n");
  }
}

TEST(IceConnect, lossReorderingAndDuplicationAreOvercome) {
  Duration worst{};
  Duration sum{};
  std::uint64_t runs = 0;
  forEachSeed("ice-weather", 300, [&](std::uint64_t seed, Capture& capture) {
    SeededRandom layout(seed);
    const auto kinds = allNatKinds();
    IceWorldConfig config;
    const auto weather = static_cast<Weather>(1 + layout.below(6));
    config.internet = conditionsOf(weather, layout);
    do {
      config.natA = kinds[layout.below(kinds.size())];
      config.natB = kinds[layout.below(kinds.size())];
    } while (!canConnectDirectly(config.natA, config.natB));
    config.signalDelay = 5ms + Duration{layout.below(100) * 1'000'000};
    IceWorld w(seed, config);
    capture.begin(w.net);
    w.start();
    w.startData();
    w.expect(w.runUntil(30s, [&] { return w.bothConnected(); }), "not connected");
    const Duration took = w.now().time_since_epoch() - 2 * config.signalDelay;
    worst = std::max(worst, took);
    sum += took;
    ++runs;
    w.expect(w.runUntil(40s, [&] { return w.bothCompleted(); }),
             "not completed: " + name(config.natA) + " - " + name(config.natB) + ", weather " +
                 std::to_string(static_cast<int>(weather)));
    // In steady weather nobody leaves the pair, and the two agree on it.
    w.runFor(5s);
    w.expect(w.runUntil(5s, [&] { return w.agree(); }), "not on one pair");
    const auto silent = [](const IceSide& s) {
      return std::any_of(s.reports.begin(), s.reports.end(), [](const ice::PairReport& r) {
        return r.news == ice::PairNews::Unresponsive;
      });
    };
    if (!silent(w.a) && !silent(w.b)) {
      w.expect(w.a.nominations == 1 && w.b.nominations == 1, "nominated more than once");
    }
    capture.end(w.net);
    return w.failures;
  });
  if (isOnlyOneSeed()) return;
  std::printf("connected after %lld ms in the mean, %lld ms at worst\n",
              static_cast<long long>(sum / 1ms / static_cast<std::int64_t>(runs)),
              static_cast<long long>(worst / 1ms));
}

TEST(IceConnect, rolesInConflictAreSettled) {
  for (const Role role : {Role::Controlling, Role::Controlled}) {
    forEachSeed("ice-roles", 50, [&](std::uint64_t seed, Capture& capture) {
      SeededRandom layout(seed);
      IceWorldConfig config;
      config.roleA = config.roleB = role;
      config.internet = conditionsOf(layout.below(2) == 0 ? Weather::Fair : Weather::Lossy, layout);
      IceWorld w(seed, config);
      capture.begin(w.net);
      w.start();
      w.startData();
      w.expect(w.runUntil(30s, [&] { return w.bothCompleted(); }), "not completed");
      w.runFor(2s);
      w.expect(w.a.agent->role() != w.b.agent->role(), "both have one role");
      w.expect(w.a.roleChanges + w.b.roleChanges == 1, "the role changed more than once");
      w.expect(w.runUntil(5s, [&] { return w.agree(); }), "not on one pair");
      capture.end(w.net);
      return w.failures;
    });
  }
}

TEST(IceConnect, candidatesMayComeLateAndOutOfOrder) {
  forEachSeed("ice-trickle", 60, [](std::uint64_t seed, Capture& capture) {
    SeededRandom layout(seed);
    const auto kinds = allNatKinds();
    IceWorldConfig config;
    config.internet.delay = 10ms;
    do {
      config.natA = kinds[layout.below(kinds.size())];
      config.natB = kinds[layout.below(kinds.size())];
    } while (!canConnectDirectly(config.natA, config.natB));
    IceWorld w(seed, config);
    w.trickleDelay = [&](const IceSide& from, const ice::Candidate&) {
      return from.name == "a" ? 8s : Duration{layout.below(3000) * 1'000'000};
    };
    capture.begin(w.net);
    w.start();
    w.startData();
    w.expect(w.runUntil(25s, [&] { return w.bothCompleted(); }), "not completed");
    w.runFor(1s);
    w.checkEnd();
    capture.end(w.net);
    return w.failures;
  });
}

TEST(IceConnect, hiddenAddressesAreResolved) {
  forEachSeed("ice-mdns", 20, [](std::uint64_t seed, Capture& capture) {
    IceWorldConfig config;
    config.internet = lan();
    config.stun = false;
    config.hideB = true;
    IceWorld w(seed, config);
    capture.begin(w.net);
    w.start();
    w.startData();
    w.expect(w.runUntil(5s, [&] { return w.bothCompleted(); }), "not completed");
    for (const ice::LocalCandidate& c : w.b.candidates) {
      w.expect(c.candidate.address.ip() != w.b.local, "the address was told");
      w.expect(ice::isMdnsName(c.candidate.mdnsName), "no name");
    }
    w.runFor(1s);
    w.checkEnd();
    capture.end(w.net);
    return w.failures;
  });
}

TEST(IceConnect, aDeadServerDelaysNobodyAndIsNamed) {
  IceWorldConfig config;
  config.natA =
      config.natB = {true, Dependence::EndpointIndependent, Dependence::AddressAndPortDependent};
  IceWorld w(1, config);
  const Address dead{IpAddress::v4(203, 0, 113, 99), 3478};
  w.a.agent->addStunServer(dead, 7, w.now());
  w.start();
  ASSERT_TRUE(w.runUntil(1s, [&] { return w.bothConnected(); }));
  EXPECT_FALSE(w.a.sawComplete);
  ASSERT_TRUE(w.runUntil(10s, [&] { return w.a.sawComplete; }));
  ASSERT_EQ(w.a.errors.size(), 1u);
  EXPECT_EQ(w.a.errors[0].server, dead);
  EXPECT_EQ(w.a.errors[0].urlIndex, 7);
  EXPECT_EQ(w.a.errors[0].code, ice::kServerNotReached);
  EXPECT_TRUE(w.runUntil(1s, [&] { return w.bothCompleted(); }));
}

}  // namespace
}  // namespace parley::sim::test
