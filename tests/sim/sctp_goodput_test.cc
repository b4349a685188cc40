// What our congestion control makes of a path: goodput, RFC 9438's response function, fairness to
// CUBIC, endurance. Whole associations, virtual time, all asserted; the figures are printed, and
// docs/sctp.md quotes them.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "tests/sim/sctp_dumbbell.h"

namespace parley::sim::test {
namespace {

using sctp::tx::Controller;

constexpr std::uint64_t kMega = 1'000'000;
// Sanitizers take ten times as long: they look at fewer packets, the figures are made without.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
constexpr double kPacket = 1148;  // bytes of chunks in one

const char* name(Controller c) {
  return c == Controller::Cubic ? "cubic" : "model";
}

double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

Time at(Duration d) {
  return Time{} + d;
}

// Queue in bandwidth-delay products.
DumbbellConfig path(std::uint64_t bits, Duration rtt, double queue, double loss = 0) {
  DumbbellConfig c;
  c.forward.rate = DataRate::bitsPerSecond(bits);
  c.forward.queue =
      ByteCount{static_cast<std::uint64_t>(static_cast<double>(bits) / 8 * seconds(rtt) * queue)};
  c.forward.delay = rtt / 2;
  c.forward.loss = loss;
  c.back.delay = rtt / 2;
  return c;
}

FlowConfig with(Controller controller) {
  FlowConfig c;
  c.controller = controller;
  return c;
}

// The share of the link's bits that are new user data, between two points in time.
double goodput(const DumbbellConfig& config, Controller controller, Duration from, Duration to) {
  Dumbbell net(config);
  Dumbbell::Flow& f = net.addFlow(with(controller));
  net.runUntil(at(from));
  const std::uint64_t before = f.bytes;
  net.runUntil(at(to));
  EXPECT_FALSE(f.failed);
  const double rate = static_cast<double>(config.forward.rate.bitsPerSecond());
  const double share = static_cast<double>(f.bytes - before) * 8 / (rate * seconds(to - from));
  const auto s = f.sender.stats();
  std::printf(
      "  %s, %.0f Mbit/s, %.1f %% loss: %.1f %% of the link; %.2f %% sent again, "
      "%llu timeouts\n",
      name(controller), rate / 1e6, config.forward.loss * 100, share * 100,
      100.0 * static_cast<double>(s.retransmissions) / static_cast<double>(s.chunksSent),
      static_cast<unsigned long long>(s.timeouts));
  EXPECT_EQ(s.timeouts, 0u);
  return share;
}

TEST(SctpGoodput, aGigabitOverATenthOfASecond) {
  const auto config = path((kSanitized ? 100 : 1000) * kMega, 100ms, 1);
  EXPECT_GE(goodput(config, Controller::Cubic, 5s, 30s), 0.90);
  EXPECT_GE(goodput(config, Controller::Model, 5s, 30s), 0.90);
}

TEST(SctpGoodput, theModelBearsRandomLoss) {
  EXPECT_GE(goodput(path(100 * kMega, 100ms, 1, 0.001), Controller::Model, 5s, 30s), 0.90);
  EXPECT_GE(goodput(path(100 * kMega, 100ms, 1, 0.01), Controller::Model, 5s, 30s), 0.85);
  // With the same losses and no queue to speak of, too.
  EXPECT_GE(goodput(path(100 * kMega, 100ms, 0.3, 0.001), Controller::Model, 5s, 30s), 0.80);
}

// RFC 9438 section 5.1, figure 6: the average window, in packets, that the loss of every 1/p-th
// leaves.
TEST(SctpGoodput, cubicFollowsItsResponseFunction) {
  for (const std::uint64_t every : kSanitized ? std::vector<std::uint64_t>{5'000}
                                              : std::vector<std::uint64_t>{5'000, 10'000, 30'000}) {
    Dumbbell net(path(10'000 * kMega, 100ms, 1));
    FlowConfig flow = with(Controller::Cubic);
    flow.loseEvery = every;
    Dumbbell::Flow& f = net.addFlow(flow);
    net.runUntil(at(60s));
    net.resetSamples();
    net.runUntil(at(kSanitized ? 120s : 240s));
    const double window = f.windowSum / static_cast<double>(f.samples) / kPacket;
    const double expected = std::pow(0.4 * 3.7 / (4 * 0.3), 0.25) * std::pow(0.1, 0.75) *
                            std::pow(static_cast<double>(every), 0.75);
    std::printf("  one in %llu lost: %.0f packets, RFC 9438 says %.0f\n",
                static_cast<unsigned long long>(every), window, expected);
    EXPECT_GT(window, expected * 0.75);
    EXPECT_LT(window, expected * 1.25);
    EXPECT_FALSE(f.failed);
  }
}

// What one flow gets of what both get, over 60 s after the later one's beginning.
double share(Controller controller, double queue, Duration later, bool cubicFirst,
             std::uint64_t seed) {
  DumbbellConfig config = path(50 * kMega, 50ms, queue);
  config.seed = seed;
  config.forward.jitter = config.back.jitter = 500us;
  FlowConfig a = with(controller);
  FlowConfig b = with(Controller::Cubic);
  (cubicFirst ? a : b).startAt = at(later);
  Dumbbell net(config);
  Dumbbell::Flow& x = net.addFlow(a);
  Dumbbell::Flow& y = net.addFlow(b);
  net.runUntil(at(later));
  const std::uint64_t xBefore = x.bytes;
  const std::uint64_t yBefore = y.bytes;
  net.runUntil(at(later + 60s));
  EXPECT_FALSE(x.failed || y.failed);
  const double xBytes = static_cast<double>(x.bytes - xBefore);
  return xBytes / (xBytes + static_cast<double>(y.bytes - yBefore));
}

TEST(SctpGoodput, bothControllersAreFairToCubic) {
  constexpr std::uint64_t kSeeds = kSanitized ? 1 : 4;
  for (const Controller controller : {Controller::Cubic, Controller::Model}) {
    for (const double queue : {0.5, 1.0, 4.0}) {
      double sum = 0;
      for (std::uint64_t seed = 1; seed <= kSeeds; ++seed)
        sum += share(controller, queue, 0s, false, seed);
      std::printf("  %s beside cubic, queue of %.1f BDP: %.0f %% (mean of %llu seeds)\n",
                  name(controller), queue, sum / kSeeds * 100,
                  static_cast<unsigned long long>(kSeeds));
      EXPECT_GT(sum / kSeeds, 1.0 / 3);
      EXPECT_LT(sum / kSeeds, 2.0 / 3);
    }
  }
}

TEST(SctpGoodput, theModelIsFairWhoeverComesFirst) {
  for (const double queue : {0.5, 1.0, 4.0}) {
    const double last = share(Controller::Model, queue, 5s, true, 1);
    const double first = share(Controller::Model, queue, 5s, false, 1);
    std::printf(
        "  model beside cubic, queue of %.1f BDP: %.0f %% when 5 s later, %.0f %% when 5 s "
        "earlier\n",
        queue, last * 100, first * 100);
    EXPECT_GT(last, 1.0 / 3);
    EXPECT_LT(last, 2.0 / 3);
    EXPECT_GT(first, 1.0 / 3);
    EXPECT_LT(first, 2.0 / 3);
  }
}

// Every message once and in order, whatever the path does, and no standstill beyond the timers.
TEST(SctpGoodput, hardWeatherIsSurvived) {
  Duration worst{};
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom draw(seed);
    DumbbellConfig config;
    config.seed = seed;
    for (LinkConditions* link : {&config.forward, &config.back}) {
      link->delay = 1ms + Duration{static_cast<std::int64_t>(draw.below(80'000'000))};
      link->loss = draw.unit() * 0.2;
      link->reorder = draw.unit() * 0.2;
      link->duplicate = draw.unit() * 0.1;
      link->corrupt = draw.unit() * 0.05;
      link->jitter = Duration{static_cast<std::int64_t>(draw.below(5'000'000))};
    }
    config.forward.rate = DataRate::bitsPerSecond(kMega + draw.below(100 * kMega));
    FlowConfig flow = with(seed % 2 == 0 ? Controller::Cubic : Controller::Model);
    flow.messageSize = 16 + draw.below(40'000);
    flow.messages = 1 + 400'000 / flow.messageSize;
    Dumbbell net(config);
    Dumbbell::Flow& f = net.addFlow(flow);
    for (int s = 1; s < 600 && !f.done() && !f.failed; ++s)
      net.runUntil(at(std::chrono::seconds(s)));
    ASSERT_TRUE(f.done()) << "seed " << seed << ": " << f.arrived << " of " << flow.messages;
    ASSERT_FALSE(f.failed) << "seed " << seed;
    worst = std::max(worst, f.longestStall);
  }
  std::printf("  longest time without a message: %.1f s\n", seconds(worst));
  EXPECT_LT(worst, 60s);
}

}  // namespace
}  // namespace parley::sim::test
