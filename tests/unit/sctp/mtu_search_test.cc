// Path MTU discovery: the search alone, and through associations on a path that drops what is too
// large.
#include "sctp/tx/mtu_search.h"

#include <gtest/gtest.h>

#include "sctp/association/association.h"

namespace parley::sctp {
namespace {

// Probes until the search rests; the sizes it tried.
std::vector<std::size_t> search(tx::MtuSearch& s, std::size_t path, Time& now) {
  std::vector<std::size_t> probes;
  s.start(now);
  while (s.nextTimeout() < now + 60s) {
    now = std::max(now, s.nextTimeout());
    s.handleTimeout(now);
    const auto size = s.due(now);
    if (!size) continue;
    probes.push_back(*size);
    s.onProbeSent(300ms, now);
    now += 50ms;
    if (*size <= path) s.onProbeAcked(*size, now);
  }
  return probes;
}

TEST(MtuSearch, theLargestFirstAndItIsDone) {
  Time now{1s};
  tx::MtuSearch s(1160, 1460);
  EXPECT_EQ(search(s, 1500, now), (std::vector<std::size_t>{1460}));
  EXPECT_EQ(s.size(), 1460u);
  EXPECT_EQ(s.nextTimeout(), kNever);
}

TEST(MtuSearch, findsWhatPassesWithinItsGrain) {
  for (const std::size_t path : {1160u, 1200u, 1234u, 1300u, 1452u, 1459u}) {
    Time now{1s};
    tx::MtuSearch s(1160, 1460);
    const auto probes = search(s, path, now);
    EXPECT_LE(s.size(), path);
    EXPECT_GE(s.size() + tx::MtuSearch::kGranularity + 4, path);
    EXPECT_LE(probes.size(), 20u);
    EXPECT_LE(s.nextTimeout(), now + tx::MtuSearch::kRaiseAfter);  // it will look again
  }
}

TEST(MtuSearch, isOffWithoutASizeAboveTheBase) {
  Time now{1s};
  tx::MtuSearch s(1160, 0);
  EXPECT_TRUE(search(s, 9'000, now).empty());
  EXPECT_EQ(s.size(), 1160u);
  EXPECT_FALSE(s.onProbeAcked(1400, now));  // an answer that nobody asked for
}

TEST(MtuSearch, goesBackAndLooksAgainLater) {
  Time now{1s};
  tx::MtuSearch s(1160, 1460);
  search(s, 1500, now);
  s.restart(now);
  EXPECT_EQ(s.size(), 1160u);
  EXPECT_FALSE(s.due(now));
  now += tx::MtuSearch::kRaiseAfter;
  s.handleTimeout(now);
  EXPECT_EQ(s.due(now), 1460u);
}

struct Path {
  Path(std::size_t most, std::size_t room) : limit(most), room_(room) {
    AssociationConfig config;
    config.maxMtu = 1440;
    for (auto& end : ends)
      end = std::make_unique<Association>(config, random);
    ends[0]->connect(now);
    ends[1]->connect(now);
  }
  void run(Duration span) {
    const Time end = now + span;
    while (now < end) {
      for (int i = 0; i < 2; ++i) {
        for (;;) {
          std::vector<std::uint8_t> packet(room_);
          packet.resize(ends[i]->pollPacket(packet, now));
          if (packet.empty()) break;
          largest = std::max(largest, packet.size());
          if (packet.size() > limit) continue;
          ends[1 - i]->handlePacket(packet, now);
          while (const auto m = ends[1 - i]->nextMessage())
            received += m->data.size();
          ends[1 - i]->endOfTrain(now);
        }
        if (ends[i]->nextTimeout() <= now) ends[i]->handleTimeout(now);
        while (ends[i]->pollEvent()) {
        }
      }
      now += 1ms;
    }
  }
  SeededRandom random{1};
  Time now{1s};
  std::unique_ptr<Association> ends[2];
  std::size_t limit;
  std::size_t room_;
  std::size_t largest = 0;
  std::size_t received = 0;
};

TEST(MtuSearch, associationsFindAWiderPath) {
  Path path(9'000, 2'000);
  path.run(2s);
  EXPECT_EQ(path.ends[0]->stats().mtu, 1440u);
  EXPECT_EQ(path.ends[1]->stats().mtu, 1440u);
  const std::vector<std::uint8_t> message(100'000);
  ASSERT_TRUE(path.ends[0]->send(StreamId{0}, Ppid{53}, message, {}, path.now).ok());
  path.run(1s);
  EXPECT_EQ(path.received, message.size());
  EXPECT_EQ(path.largest, 1440u);
}

TEST(MtuSearch, aPollForASackAloneIsNoProbe) {
  Path path(9'000, 2'000);
  Association& a = *path.ends[0];
  for (int i = 0; i < 10; ++i) {
    path.run(0ms);
    std::array<std::uint8_t, 400> little;
    EXPECT_EQ(a.pollPacket(little, path.now, {0}) > 400, false);
  }
  path.run(2s);
  EXPECT_EQ(a.stats().mtu, 1440u);
}

TEST(MtuSearch, associationsStayBelowANarrowOne) {
  Path path(1'300, 2'000);
  path.run(20s);
  EXPECT_GE(path.ends[0]->stats().mtu, 1'280u);
  EXPECT_LE(path.ends[0]->stats().mtu, 1'300u);
  EXPECT_EQ(path.ends[0]->stats().timeouts, 0u);
}

TEST(MtuSearch, aCallerWithoutRoomIsNotAskedForMore) {
  Path path(9'000, 1'200);
  path.run(2s);
  EXPECT_LE(path.largest, 1'200u);
  EXPECT_GE(path.ends[0]->stats().mtu, 1'160u);
}

}  // namespace
}  // namespace parley::sctp
