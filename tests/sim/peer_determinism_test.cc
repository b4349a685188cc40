// One seed twice gives the same packets byte for byte, all of ICE, DTLS, SCTP and TURN; so a
// failing seed can be run again.
#include <gtest/gtest.h>

#include "tests/sim/peer_world.h"

namespace parley::sim::test {
namespace {

std::vector<std::uint8_t> packets(std::uint64_t seed) {
  PeerWorldConfig config;
  config.conditions.delay = 10ms;
  config.conditions.loss = 0.05;
  PeerWorld w(seed, config);
  w.net.startCapture();
  w.connect();
  EXPECT_TRUE(w.runUntil(60s, [&] { return w.isConnected(); }));
  w.a.peer->with([&](peer::Peer& p, Time now) {
    EXPECT_TRUE(p.send(w.chat, peer::MessageKind::Text, asBytes("hello"), now).ok());
  });
  w.runFor(5s);
  return w.net.capture()->bytes();
}

TEST(PeerDeterminism, oneSeedIsOneRun) {
  const auto first = packets(7);
  EXPECT_GT(first.size(), 5000u);
  EXPECT_TRUE(first == packets(7));
  EXPECT_FALSE(first == packets(8));
}

}  // namespace
}  // namespace parley::sim::test
