// What our congestion control makes of a path: goodput, RFC 9438's response function, fairness.
// All in virtual time, all asserted.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "tests/sim/sctp_dumbbell.h"

namespace parley::sim::test {
namespace {

using sctp::tx::Controller;

constexpr std::uint64_t kMega = 1'000'000;

ByteCount bdp(std::uint64_t bits, Duration rtt, double times = 1) {
  return ByteCount{static_cast<std::uint64_t>(static_cast<double>(bits) / 8 *
                                              std::chrono::duration<double>(rtt).count() * times)};
}

DumbbellConfig path(std::uint64_t bits, Duration rtt, double queue, double loss = 0) {
  DumbbellConfig c;
  c.forward.rate = DataRate::bitsPerSecond(bits);
  c.forward.queue = bdp(bits, rtt, queue);
  c.forward.delay = rtt / 2;
  c.forward.loss = loss;
  c.back.delay = rtt / 2;
  return c;
}

Time at(Duration d) {
  return Time{} + d;
}

// The share of the link's bits that are new user data, between two points in time.
double goodput(const DumbbellConfig& config, const FlowConfig& flow, Duration from, Duration to) {
  Dumbbell net(config);
  Dumbbell::Flow& f = net.addFlow(flow);
  net.runUntil(at(from));
  const std::uint64_t before = f.rx.bytes();
  net.runUntil(at(to));
  const double bits = static_cast<double>(f.rx.bytes() - before) * 8;
  const auto s = f.tx.stats();
  const double share = bits / (static_cast<double>(config.forward.rate.bitsPerSecond()) *
                               std::chrono::duration<double>(to - from).count());
  std::printf(
      "  %s %4.0f Mbit/s loss %.2f%%: %.1f%% of the link; window %zu KB, srtt %.1f ms, "
      "%llu loss events, %llu timeouts (%llu spurious), %.2f%% sent again, stall %.0f ms\n",
      flow.sender.controller == Controller::Cubic ? "cubic" : "model",
      static_cast<double>(config.forward.rate.bitsPerSecond()) / 1e6, config.forward.loss * 100,
      share * 100, s.window / 1000, std::chrono::duration<double>(s.srtt).count() * 1e3,
      static_cast<unsigned long long>(s.lossEvents), static_cast<unsigned long long>(s.timeouts),
      static_cast<unsigned long long>(s.spuriousTimeouts),
      100.0 * static_cast<double>(s.chunksRetransmitted) /
          static_cast<double>(std::max<std::uint64_t>(s.chunksSent, 1)),
      std::chrono::duration<double>(f.longestStall).count() * 1e3);
  return share;
}

FlowConfig with(Controller controller) {
  FlowConfig c;
  c.sender.controller = controller;
  return c;
}

TEST(SctpGoodput, aGigabitOverTenthOfASecond) {
  const auto config = path(1000 * kMega, 100ms, 1);
  EXPECT_GE(goodput(config, with(Controller::Cubic), 5s, 30s), 0.90);
}

TEST(SctpGoodput, theModelBearsRandomLoss) {
  for (const auto& [loss, least] : {std::pair{0.0, 0.90}, {0.001, 0.90}, {0.01, 0.85}}) {
    const auto config = path(100 * kMega, 100ms, 1, loss);
    EXPECT_GE(goodput(config, with(Controller::Model), 5s, 35s), least);
    goodput(config, with(Controller::Cubic), 5s, 35s);
  }
  EXPECT_GE(goodput(path(1000 * kMega, 100ms, 1), with(Controller::Model), 5s, 30s), 0.90);
}

// RFC 9438 section 5.1, figure 6: the average window, in packets, that loss of every 1/p-th leaves.
TEST(SctpGoodput, cubicFollowsItsResponseFunction) {
  for (const std::uint64_t every : {3'000u, 10'000u, 30'000u}) {
    DumbbellConfig config = path(10'000 * kMega, 100ms, 1);
    FlowConfig flow = with(Controller::Cubic);
    flow.loseEvery = every;
    Dumbbell net(config);
    Dumbbell::Flow& f = net.addFlow(flow);
    net.runUntil(at(60s));
    net.resetSamples();
    net.runUntil(at(300s));
    const double packet = static_cast<double>(flow.sender.packetSize - 12);
    const double window = f.windowSum / static_cast<double>(f.samples) / packet;
    const double expected = std::pow(0.4 * 3.7 / (4 * 0.3), 0.25) * std::pow(0.1, 0.75) *
                            std::pow(static_cast<double>(every), 0.75);
    std::printf("  loss 1/%llu: window %.0f packets, RFC 9438 says %.0f\n",
                static_cast<unsigned long long>(every), window, expected);
    EXPECT_GT(window, expected * 0.75);
    EXPECT_LT(window, expected * 1.25);
  }
}

// Shares of two flows over 60 s.
double fairness(const DumbbellConfig& config, const FlowConfig& a, const FlowConfig& b) {
  Dumbbell net(config);
  Dumbbell::Flow& first = net.addFlow(a);
  Dumbbell::Flow& second = net.addFlow(b);
  net.runUntil(at(60s));
  const auto x = static_cast<double>(first.rx.bytes());
  const auto y = static_cast<double>(second.rx.bytes());
  std::printf("  %s beside cubic, queue %.1f BDP: %.1f : %.1f Mbit/s (together %.0f%%)\n",
              a.sender.controller == Controller::Cubic ? "cubic" : "model",
              static_cast<double>(config.forward.queue.bytes()) * 8 /
                  (static_cast<double>(config.forward.rate.bitsPerSecond()) * 0.05),
              x * 8 / 60e6, y * 8 / 60e6,
              (x + y) * 8 / 60 / static_cast<double>(config.forward.rate.bitsPerSecond()) * 100);
  return x / y;
}

TEST(SctpGoodput, bothAreFairToCubic) {
  for (const Controller controller : {Controller::Cubic, Controller::Model}) {
    for (const double queue : {0.5, 1.0, 4.0}) {
      const double ratio =
          fairness(path(50 * kMega, 50ms, queue), with(controller), with(Controller::Cubic));
      EXPECT_GT(ratio, 0.5);
      EXPECT_LT(ratio, 2.0);
    }
  }
}

}  // namespace
}  // namespace parley::sim::test
