// Every pair of places connects by the best path that exists: directly where the NATs let it
// (canPunchHoles()), else through the relay over UDP, else over TCP, else over TLS. The table of
// all of them is printed.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>

#include "tests/sim/hole_punching.h"

namespace parley::sim::test {
namespace {

using peer::SelectedPairChanged;

// How a pair's data goes, from best to worst.
enum class Way : std::uint8_t { Direct, RelayUdp, RelayTcp, RelayTls, None };
const char* name(Way way) {
  static constexpr const char* kNames[] = {"direct", "udp", "tcp", "tls", "NONE"};
  return kNames[static_cast<int>(way)];
}

Way wayOf(Transport t) {
  return t == Transport::Udp ? Way::RelayUdp : t == Transport::Tcp ? Way::RelayTcp : Way::RelayTls;
}

// The worse of what the two sides see: each knows how it talks to its own relay.
Way wayOf(const SelectedPairChanged& ours, const SelectedPairChanged& theirs) {
  Way way = Way::Direct;
  for (const SelectedPairChanged* s : {&ours, &theirs})
    if (s->relayProtocol) way = std::max(way, wayOf(*s->relayProtocol));
  return way;
}

Way bestWay(const Place& a, const Place& b) {
  if (canPunchHoles(a, b)) return Way::Direct;
  Way way = Way::RelayUdp;
  for (const Place* p : {&a, &b}) {
    if (p->usesUdp()) continue;
    way = std::max(way, p->firewall.tcpPorts.empty() ? Way::RelayTcp : Way::RelayTls);
  }
  return way;
}

struct Outcome {
  Way way = Way::None;
  Duration took{};
};

Outcome run(std::uint64_t seed, const Place& a, const Place& b) {
  PeerWorldConfig config;
  config.places = {a, b};
  config.conditions.delay = 10ms;
  PeerWorld w(seed, config);
  w.connect();
  Outcome out;
  if (!w.runUntil(60s, [&] { return w.isConnected(); })) return out;
  out.took = w.now() - Time{};
  // Long enough for the nomination of the path that stays, and for what comes after it.
  w.runFor(45s);
  std::string heard;
  w.b.peer->setOnMessage(
      [&](peer::ChannelId, peer::MessageKind, ConstBytes data) { heard = asText(data); });
  w.a.peer->with([&](peer::Peer& p, Time now) {
    EXPECT_TRUE(p.send(w.chat, peer::MessageKind::Text, asBytes("hello"), now).ok());
  });
  w.runFor(2s);
  if (heard != "hello") return out;
  out.way = wayOf(w.a.peer->selected.back(), w.b.peer->selected.back());
  return out;
}

TEST(PeerPaths, everyPairOfPlacesTakesTheBestWay) {
  const std::vector<Place> places = allPlaces();
  std::map<Way, int> counts;
  std::string table = "          ";
  for (const Place& p : places) {
    char cell[32];
    std::snprintf(cell, sizeof cell, "%9s", p.name.c_str());
    table += cell;
  }
  std::uint64_t seed = 0;
  for (const Place& a : places) {
    char cell[32];
    std::snprintf(cell, sizeof cell, "\n%9s ", a.name.c_str());
    table += cell;
    for (const Place& b : places) {
      const Outcome got = run(++seed, a, b);
      EXPECT_STREQ(name(got.way), name(bestWay(a, b)))
          << a.name << " with " << b.name << ", seed " << seed;
      ++counts[got.way];
      std::snprintf(cell, sizeof cell, "%9s", name(got.way));
      table += cell;
    }
  }
  std::printf("%s\n%d direct, %d by TURN/UDP, %d by TURN/TCP, %d by TURN/TLS\n", table.c_str(),
              counts[Way::Direct], counts[Way::RelayUdp], counts[Way::RelayTcp],
              counts[Way::RelayTls]);
  EXPECT_EQ(counts[Way::None], 0);
}

}  // namespace
}  // namespace parley::sim::test
