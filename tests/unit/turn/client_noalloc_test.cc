// No relayed packet of a client allocates memory, wrapped or unwrapped, by channel or indication.
#include "client_harness.h"
#include "counting_new.h"

namespace parley::turn {
namespace {

using test::addr;
using test::Octets;
using test::RealServer;

class ClientNoAllocation : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(s.allocation.addPermission(peer, s.now));
    s.start();
  }
  template <class F>
  static std::size_t during(F&& f) {
    f();
    const std::size_t before = parley::test::allocations();
    for (int i = 0; i < 1000; ++i)
      f();
    return parley::test::allocations() - before;
  }

  RealServer s{{.username = "alice", .password = "secret", .bindsChannels = false}};
  const Address peer = addr("203.0.113.5:5000");
};

TEST_F(ClientNoAllocation, wrappingAndUnwrapping) {
  Octets room(1300);
  EXPECT_EQ(s.allocation.headroom(peer), 36u);
  EXPECT_EQ(during([&] { EXPECT_NE(s.allocation.finish(room, 1200, peer), 0u); }), 0u);
  Octets indication(1300);
  stun::MessageWriter w(indication, stun::Method::Data, stun::Class::Indication, {});
  w.xorAddress(stun::attr::kXorPeerAddress, peer);
  w.attribute(stun::attr::kData, Octets(1200));
  indication.resize(w.finish());
  EXPECT_EQ(during([&] { EXPECT_TRUE(s.allocation.unwrap(indication)); }), 0u);

  ASSERT_TRUE(s.allocation.bindChannel(peer, s.now));
  s.exchange();
  EXPECT_EQ(s.allocation.headroom(peer), 4u);
  EXPECT_EQ(during([&] { EXPECT_NE(s.allocation.finish(room, 1200, peer), 0u); }), 0u);
  EXPECT_EQ(during([&] { EXPECT_TRUE(s.allocation.unwrap(Bytes(room).first(1204))); }), 0u);
}

}  // namespace
}  // namespace parley::turn
