// No relayed packet allocates memory: operator new counts, and nothing counted may happen while
// trains are routed both ways, fast and slow.
#include <gtest/gtest.h>

#include "counting_new.h"
#include "turn_harness.h"

namespace parley::turn {
namespace {

using test::addr;
using test::Client;
using test::Harness;
using test::Octets;

class NoAllocation : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(client.allocate().code(), 0);
    ASSERT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 0);
    ASSERT_EQ(client.permit({"203.0.113.9:1"}).code(), 0);
  }
  // Allocations while `bytes` come in by `path` a thousand times, by route() and the slow path.
  std::size_t during(const Path& path, Octets bytes, Verdict::Kind expected) {
    std::vector<std::uint8_t> arena(256 * 1024);
    std::vector<Transmit> items(64);
    TransmitBatch batch(arena, items);
    Server& server = *h.server;
    const Train train(path, bytes);
    const auto round = [&] {
      const Verdict v = server.route(train, h.now);
      EXPECT_EQ(v.kind, expected);
      server.handleDatagrams(train, h.now);
      server.pollTransmit(batch, h.now);
      batch.clear();
    };
    round();  // the queue of the slow path is made at its first use
    const std::size_t before = parley::test::allocations();
    for (int i = 0; i < 1000; ++i)
      round();
    return parley::test::allocations() - before;
  }
  Path peer(const char* from) { return h.peerPath(client.relayed, addr(from)); }

  Harness h;
  Client client{h, "198.51.100.7:4000"};
};

TEST_F(NoAllocation, theCounterCounts) {
  const std::size_t before = parley::test::allocations();
  void* (*volatile allocate)(std::size_t) = &::operator new;  // volatile: not optimised away
  ::operator delete(allocate(4));
  EXPECT_EQ(parley::test::allocations(), before + 1);
}
TEST_F(NoAllocation, channelDataFromTheClient) {
  EXPECT_EQ(during(client.path, Client::channelData(0x4000, "payload"), Verdict::Kind::Forward),
            0u);
}
TEST_F(NoAllocation, sendIndicationFromTheClient) {
  EXPECT_EQ(during(client.path, client.sendIndication("203.0.113.9:777", "payload"),
                   Verdict::Kind::Forward),
            0u);
}
TEST_F(NoAllocation, channelDataToTheClient) {
  EXPECT_EQ(during(peer("203.0.113.5:5000"), test::octets("payload"), Verdict::Kind::Forward), 0u);
}
TEST_F(NoAllocation, dataIndicationToTheClient) {
  EXPECT_EQ(during(peer("203.0.113.9:777"), test::octets("payload"), Verdict::Kind::Forward), 0u);
}
TEST_F(NoAllocation, whatIsDropped) {
  EXPECT_EQ(during(peer("203.0.113.66:777"), test::octets("payload"), Verdict::Kind::Drop), 0u);
  EXPECT_EQ(during(client.path, Client::channelData(0x4777, "payload"), Verdict::Kind::Drop), 0u);
  EXPECT_EQ(during(client.path, Octets{0xff, 0xff}, Verdict::Kind::Drop), 0u);
}
TEST_F(NoAllocation, aBindingRequest) {
  Client other(h, "198.51.100.9:4000");
  EXPECT_EQ(during(other.path, other.request(stun::Method::Binding), Verdict::Kind::Control), 0u);
}

}  // namespace
}  // namespace parley::turn
