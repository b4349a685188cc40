#include "sim/link.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace parley::sim {
namespace {

Packet packetOf(std::size_t payload, std::uint32_t number = 0) {
  Packet p;
  p.flow = {Protocol::Udp, {IpAddress::v4(10, 0, 0, 1), 1}, {IpAddress::v4(10, 0, 0, 2), 2}, 0};
  p.sequence = number;
  p.payload.assign(payload, 0);
  return p;
}

struct Result {
  std::size_t arrived = 0;
  std::size_t longestGap = 0;  // packets lost in a row
  std::vector<std::pair<Time, std::uint32_t>> order;
};

// `count` packets, one a millisecond.
Result run(Link& link, std::uint32_t count, std::size_t payload = 100) {
  Result r;
  std::size_t gap = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& deliveries = link.send(packetOf(payload, i), Time{std::chrono::milliseconds{i}});
    gap = deliveries.empty() ? gap + 1 : 0;
    r.longestGap = std::max(r.longestGap, gap);
    r.arrived += deliveries.size();
    for (const auto& d : deliveries)
      r.order.emplace_back(d.when, d.packet.sequence);
  }
  std::stable_sort(r.order.begin(), r.order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return r;
}

TEST(Link, delaysAndNothingElseByDefault) {
  Link link({.delay = 25ms}, 1);
  const auto& d = link.send(packetOf(10), Time{100ms});
  ASSERT_EQ(d.size(), 1u);
  EXPECT_EQ(d[0].when, Time{125ms});
  EXPECT_FALSE(d[0].packet.corrupted);
  EXPECT_EQ(run(link, 1000).arrived, 1000u);
}

// Twenty thousand draws: the share stays within five standard deviations of what was asked for.
TEST(Link, losesDuplicatesAndCorruptsAsOftenAsTold) {
  constexpr std::uint32_t kCount = 20'000;
  Link link({.loss = 0.1, .duplicate = 0.05, .corrupt = 0.02}, 7);
  const Result r = run(link, kCount);
  const LinkStatistics& s = link.statistics();
  EXPECT_EQ(s.sent, kCount);
  EXPECT_NEAR(static_cast<double>(s.lost), 2000, 5 * 42.5);
  EXPECT_NEAR(static_cast<double>(s.duplicated), 900, 5 * 29.3);
  EXPECT_NEAR(static_cast<double>(s.corrupted), 360, 5 * 18.8);
  EXPECT_EQ(r.arrived, s.sent - s.lost + s.duplicated);
  EXPECT_EQ(s.delivered, r.arrived);
}

// A share of toBad / (toBad + toGood) = 1/11 is bad, in runs of 1 / toGood = 10 packets.
TEST(Link, losesInBursts) {
  Link bursts({.burst = GilbertElliott{0.01, 0.1, 0, 1}}, 3);
  const Result r = run(bursts, 50'000);
  EXPECT_NEAR(static_cast<double>(bursts.statistics().lost), 50'000.0 / 11, 800);
  EXPECT_GT(r.longestGap, 30u);  // the same share without bursts never comes near this
  Link even({.loss = 1.0 / 11}, 3);
  EXPECT_LT(run(even, 50'000).longestGap, 10u);
}

TEST(Link, corruptsExactlyOneBit) {
  Link link({.corrupt = 1}, 5);
  const auto& d = link.send(packetOf(50), Time{});
  ASSERT_EQ(d.size(), 1u);
  int bits = 0;
  for (const std::uint8_t byte : d[0].packet.payload)
    for (int i = 0; i < 8; ++i)
      bits += (byte >> i) & 1;
  EXPECT_EQ(bits, 1);
  EXPECT_TRUE(d[0].packet.corrupted);
  EXPECT_FALSE(link.send(packetOf(0), Time{})[0].packet.corrupted);
}

TEST(Link, keepsOrderUnderJitterUnlessToldToReorder) {
  Link jitter({.delay = 5ms, .jitter = 50ms}, 2);
  const Result a = run(jitter, 2000);
  EXPECT_TRUE(std::is_sorted(a.order.begin(), a.order.end(),
                             [](const auto& x, const auto& y) { return x.second < y.second; }));
  Link mixed({.delay = 5ms, .reorder = 0.1, .reorderDelay = 50ms}, 2);
  const Result b = run(mixed, 2000);
  EXPECT_EQ(b.arrived, 2000u);
  EXPECT_FALSE(std::is_sorted(b.order.begin(), b.order.end(),
                              [](const auto& x, const auto& y) { return x.second < y.second; }));
  EXPECT_NEAR(static_cast<double>(mixed.statistics().reordered), 200, 70);
}

TEST(Link, hasARateAndAQueue) {
  // 1000-byte packets at 8 Mbit/s: one a millisecond. Ten at once: the queue holds five.
  Link link({.delay = 0ms, .rate = DataRate::bitsPerSecond(8'000'000), .queue = ByteCount{5000}},
            1);
  std::vector<Time> times;
  for (int i = 0; i < 10; ++i)
    for (const auto& d : link.send(packetOf(1000 - 28), Time{}))
      times.push_back(d.when);
  ASSERT_EQ(times.size(), 5u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(times[i], Time{std::chrono::milliseconds{i + 1}});
  EXPECT_EQ(link.statistics().queueFull, 5u);
  EXPECT_EQ(link.send(packetOf(1000 - 28), Time{1s}).front().when, Time{1001ms});
}

// RFC 3168.
TEST(Link, marksInsteadOfNothingWhenTheQueueGrows) {
  Link link({.rate = DataRate::bitsPerSecond(8'000'000), .markAbove = ByteCount{2500}}, 1);
  int marked = 0;
  for (int i = 0; i < 6; ++i) {
    Packet p = packetOf(1000 - 28);
    if (i % 2 == 1) p.ecn = Ecn::Ect0;
    marked += link.send(std::move(p), Time{}).front().packet.ecn == Ecn::Ce ? 1 : 0;
  }
  EXPECT_EQ(marked, 2);  // the fourth and the sixth; the fifth does not understand
}

TEST(Link, dropsWhatIsTooLargeAndEverythingWhenDown) {
  Link link({.mtu = 1280}, 1);
  EXPECT_EQ(link.send(packetOf(1280 - 28), Time{}).size(), 1u);
  EXPECT_TRUE(link.send(packetOf(1280 - 27), Time{}).empty());
  EXPECT_EQ(link.statistics().tooLarge, 1u);
  link.setConditions({.down = true});
  EXPECT_EQ(run(link, 10).arrived, 0u);
}

}  // namespace
}  // namespace parley::sim
