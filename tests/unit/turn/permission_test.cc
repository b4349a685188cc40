// CreatePermission and ChannelBind (RFC 8656 sections 9 to 12), and the ways around them.
#include <gtest/gtest.h>

#include "turn_harness.h"

namespace parley::turn {
namespace {

using test::addr;
using test::Client;
using test::Harness;
using test::ip;
using test::Octets;
using test::Reply;
namespace attr = stun::attr;

class Permissions : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(client.allocate().code(), 0); }
  // A packet from a peer to the relay; whether anything went to the client.
  bool arrives(const char* from) {
    h.sent.clear();
    h.deliver(h.peerPath(client.relayed, addr(from)), test::octets("hello"));
    const bool any = !h.sent.empty();
    h.sent.clear();
    return any;
  }
  bool leaves(const char* to) {
    h.sent.clear();
    h.deliver(client.path, client.sendIndication(to, "hello"));
    const bool any = !h.sent.empty();
    h.sent.clear();
    return any;
  }
  Harness h;
  Client client{h, "198.51.100.7:4000"};
};

TEST_F(Permissions, nothingPassesWithoutOne) {
  EXPECT_FALSE(arrives("203.0.113.5:5000"));
  EXPECT_FALSE(leaves("203.0.113.5:5000"));
  EXPECT_EQ(h.drops(DropCause::NoPermission), 2u);
}

TEST_F(Permissions, oneIsForAnAddressWithAnyPort) {
  ASSERT_EQ(client.permit({"203.0.113.5:1"}).code(), 0);
  EXPECT_TRUE(arrives("203.0.113.5:5000"));
  EXPECT_TRUE(leaves("203.0.113.5:6000"));
  EXPECT_FALSE(arrives("203.0.113.6:5000"));
  EXPECT_FALSE(leaves("203.0.113.4:5000"));
}

TEST_F(Permissions, severalAtOnceAreAllOrNone) {
  EXPECT_EQ(client.permit({"203.0.113.5:1", "127.0.0.1:1"}).code(), 403);
  EXPECT_FALSE(arrives("203.0.113.5:5000"));
  EXPECT_EQ(client.permit({"203.0.113.5:1", "203.0.113.6:1", "203.0.113.5:2"}).code(), 0);
  EXPECT_TRUE(arrives("203.0.113.5:5000"));
  EXPECT_TRUE(arrives("203.0.113.6:5000"));
}

TEST_F(Permissions, endAfterFiveMinutesUnlessRenewed) {
  ASSERT_EQ(client.permit({"203.0.113.5:1", "203.0.113.6:1"}).code(), 0);
  h.advance(299s);
  EXPECT_TRUE(arrives("203.0.113.5:5000"));
  ASSERT_EQ(client.permit({"203.0.113.6:1"}).code(), 0);
  h.advance(1s);
  EXPECT_FALSE(arrives("203.0.113.5:5000"));
  EXPECT_FALSE(leaves("203.0.113.5:5000"));
  EXPECT_TRUE(leaves("203.0.113.6:5000"));
}

TEST_F(Permissions, trafficRenewsNothing) {
  ASSERT_EQ(client.permit({"203.0.113.5:1"}).code(), 0);
  for (int i = 0; i < 30; ++i) {
    h.advance(10s);
    leaves("203.0.113.5:5000");
  }
  EXPECT_FALSE(leaves("203.0.113.5:5000"));
}

// The time of the packet counts, whether or not the timer has come.
TEST_F(Permissions, aLateTimerLetsNothingPass) {
  ASSERT_EQ(client.permit({"203.0.113.5:1"}).code(), 0);
  ASSERT_EQ(client.bind(0x4000, "203.0.113.6:5000").code(), 0);
  const auto cause = [&](const Path& path, Octets bytes) {
    return h.server->route(Train(path, bytes), h.now).cause;
  };
  h.now += kPermissionLifetime;
  EXPECT_EQ(cause(client.path, client.sendIndication("203.0.113.5:5000", "x")),
            DropCause::NoPermission);
  EXPECT_EQ(cause(h.peerPath(client.relayed, addr("203.0.113.5:5000")), test::octets("x")),
            DropCause::NoPermission);
  EXPECT_EQ(cause(client.path, Client::channelData(0x4000, "x")), DropCause::NoPermission);
  h.now += kChannelLifetime - kPermissionLifetime;
  EXPECT_EQ(cause(client.path, Client::channelData(0x4000, "x")), DropCause::NoChannel);
}

TEST_F(Permissions, badRequestsAre400) {
  EXPECT_EQ(client.call(stun::Method::CreatePermission).code(), 400);
  EXPECT_EQ(client
                .call(stun::Method::CreatePermission,
                      [](auto& w) {
                        w.attribute(attr::kXorPeerAddress, Octets{0, 1, 2});
                      })
                .code(),
            400);
  EXPECT_EQ(client
                .call(stun::Method::CreatePermission,
                      [](auto& w) {
                        w.xorAddress(attr::kXorPeerAddress, addr("203.0.113.5:1"));
                        w.attribute(attr::kXorPeerAddress, Octets(20, 1));
                      })
                .code(),
            400);
}

TEST_F(Permissions, theOtherFamilyIs443) {
  EXPECT_EQ(client.permit({"[2001:db8:5::5]:1"}).code(), 443);
  EXPECT_EQ(client.bind(0x4000, "[2001:db8:5::5]:5000").code(), 443);
}

TEST_F(Permissions, anIpv4MappedPeerIsJudgedAsIpv4AndNeverServed) {
  EXPECT_EQ(client.permit({"[::ffff:127.0.0.1]:1"}).code(), 403);
  EXPECT_EQ(client.permit({"[::ffff:203.0.113.5]:1"}).code(), 443);
  Client six(h, "198.51.100.7:4001");
  ASSERT_EQ(
      six.allocate([](auto& w) { w.family(attr::kRequestedAddressFamily, Family::V6); }).code(), 0);
  EXPECT_EQ(six.permit({"[::ffff:10.0.0.1]:1"}).code(), 403);
  EXPECT_EQ(six.permit({"[::ffff:203.0.113.5]:1"}).code(), 443);
  EXPECT_EQ(six.bind(0x4000, "[::ffff:203.0.113.5]:5000").code(), 443);
  EXPECT_EQ(six.bind(0x4000, "[::ffff:169.254.169.254]:80").code(), 403);
}

TEST_F(Permissions, areBounded) {
  for (std::size_t i = 0; i < kMaxPermissions; ++i) {
    const std::string peer =
        "203.0." + std::to_string(i / 250 + 100) + "." + std::to_string(i % 250 + 1) + ":1";
    ASSERT_EQ(client.permit({peer}).code(), 0) << peer;
  }
  EXPECT_EQ(client.permit({"203.0.200.1:1"}).code(), 508);
  EXPECT_EQ(client.bind(0x4000, "203.0.200.1:5000").code(), 508);
  EXPECT_EQ(client.permit({"203.0.100.1:1"}).code(), 0);  // there already
  EXPECT_EQ(client.bind(0x4000, "203.0.100.1:5000").code(), 0);
  h.advance(kPermissionLifetime);
  EXPECT_EQ(client.permit({"203.0.200.1:1"}).code(), 0);
}

TEST_F(Permissions, soManyPeersInOneRequest) {
  std::vector<std::string> peers;
  for (std::size_t i = 0; i < kMaxPeersPerRequest; ++i)
    peers.push_back("203.0.113." + std::to_string(i + 1) + ":1");
  EXPECT_EQ(client.permit(peers).code(), 0);
  peers.emplace_back("203.0.113.200:1");
  EXPECT_EQ(client.permit(peers).code(), 508);
  EXPECT_FALSE(arrives("203.0.113.200:5000"));
}

TEST_F(Permissions, withoutAnAllocationAre437) {
  Client other(h, "198.51.100.7:4999");
  other.challenge();
  EXPECT_EQ(other.permit({"203.0.113.5:1"}).code(), 437);
  EXPECT_EQ(other.bind(0x4000, "203.0.113.5:5000").code(), 437);
  EXPECT_EQ(other.refresh(600).code(), 437);
}

TEST_F(Permissions, aRequestWithoutCredentialsChangesNothing) {
  const std::string nonce = client.nonce;
  client.nonce.clear();
  EXPECT_EQ(client.permit({"203.0.113.5:1"}).code(), 401);
  EXPECT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 401);
  EXPECT_EQ(client.refresh(0).code(), 401);
  client.nonce = nonce;
  EXPECT_FALSE(arrives("203.0.113.5:5000"));
  EXPECT_EQ(h.server->allocationCount(), 1u);
}

// What follows MESSAGE-INTEGRITY is not the client's: a man in the middle could add peers there.
TEST_F(Permissions, aPeerAppendedBehindTheIntegrityIsIgnored) {
  Octets request = client.request(stun::Method::CreatePermission, [](auto& w) {
    w.xorAddress(attr::kXorPeerAddress, addr("203.0.113.5:1"));
  });
  Octets extra(12);
  storeBe16(extra.data(), attr::kXorPeerAddress);
  storeBe16(extra.data() + 2, 8);
  stun::encodeXorAddress(Bytes(extra).subspan(4), addr("203.0.113.66:1"), {});
  request.insert(request.end(), extra.begin(), extra.end());
  storeBe16(request.data() + 2, static_cast<std::uint16_t>(request.size() - 20));
  EXPECT_EQ(client.exchange(request).code(), 0);
  EXPECT_TRUE(arrives("203.0.113.5:5000"));
  EXPECT_FALSE(arrives("203.0.113.66:5000"));
}

class Channels : public Permissions {};

TEST_F(Channels, bindANumberToAPeerAndPermitIt) {
  ASSERT_EQ(client.bind(0x4001, "203.0.113.5:5000").code(), 0);
  h.deliver(client.path, Client::channelData(0x4001, "hello"));
  ASSERT_EQ(h.sent.size(), 1u);
  EXPECT_EQ(h.sent[0].bytes, test::octets("hello"));
  EXPECT_EQ(h.sent[0].path.remote, addr("203.0.113.5:5000"));
  EXPECT_TRUE(arrives("203.0.113.5:6000"));  // the permission is for the address
}

// RFC 8656 leaves 0x4000 to 0x4FFF; clients of RFC 5766 use numbers up to 0x7FFF.
TEST_F(Channels, onlyTheNumbersOfTheRfcsCanBeBound) {
  for (const std::uint16_t n :
       std::initializer_list<std::uint16_t>{0, 1, 0x3fff, 0x8000, 0xbfff, 0xffff}) {
    EXPECT_EQ(client.bind(n, "203.0.113.5:5000").code(), 400) << n;
  }
  int port = 5000;
  for (const std::uint16_t n :
       std::initializer_list<std::uint16_t>{0x4000, 0x4fff, 0x5000, 0x7fff}) {
    EXPECT_EQ(client.bind(n, "203.0.113.5:" + std::to_string(++port)).code(), 0) << n;
    h.deliver(client.path, Client::channelData(n, "x"));
    ASSERT_EQ(h.sent.size(), 1u);
    EXPECT_EQ(h.takeSent()[0].path.remote.port(), port);
  }
}

TEST_F(Channels, canBeRenewedButNotMoved) {
  ASSERT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 0);
  EXPECT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 0);
  EXPECT_EQ(client.bind(0x4000, "203.0.113.5:5001").code(), 400);  // another peer
  EXPECT_EQ(client.bind(0x4000, "203.0.113.6:5000").code(), 400);
  EXPECT_EQ(client.bind(0x4001, "203.0.113.5:5000").code(), 400);  // another number
  EXPECT_EQ(client.bind(0x4001, "203.0.113.5:5001").code(), 0);
}

TEST_F(Channels, twoBoundPeersDoNotSwap) {
  ASSERT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 0);
  ASSERT_EQ(client.bind(0x4001, "203.0.113.6:5000").code(), 0);
  EXPECT_EQ(client.bind(0x4000, "203.0.113.6:5000").code(), 400);
}

TEST_F(Channels, endAfterTenMinutesAndAreFreeAgain) {
  ASSERT_EQ(client.refresh(3600).code(), 0);
  ASSERT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 0);
  h.advance(299s);
  ASSERT_EQ(client.permit({"203.0.113.5:1"}).code(), 0);
  h.advance(299s);
  ASSERT_EQ(client.permit({"203.0.113.5:1"}).code(), 0);
  h.advance(1s);
  h.deliver(client.path, Client::channelData(0x4000, "still"));
  EXPECT_EQ(h.takeSent().size(), 1u);
  h.advance(1s);
  h.deliver(client.path, Client::channelData(0x4000, "no more"));
  EXPECT_TRUE(h.sent.empty());
  EXPECT_EQ(client.bind(0x4000, "203.0.113.6:5000").code(), 0);
}

TEST_F(Channels, outliveTheirPermissionOnlyWhenItIsRenewed) {
  ASSERT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 0);
  h.advance(kPermissionLifetime);
  h.deliver(client.path, Client::channelData(0x4000, "hello"));
  EXPECT_TRUE(h.sent.empty());
  EXPECT_EQ(h.drops(DropCause::NoPermission), 1u);
  ASSERT_EQ(client.permit({"203.0.113.5:1"}).code(), 0);
  h.deliver(client.path, Client::channelData(0x4000, "hello"));
  EXPECT_EQ(h.sent.size(), 1u);
}

TEST_F(Channels, badRequestsAre400) {
  EXPECT_EQ(client.call(stun::Method::ChannelBind, [](auto& w) { w.channelNumber(0x4000); }).code(),
            400);
  EXPECT_EQ(client
                .call(stun::Method::ChannelBind,
                      [](auto& w) { w.xorAddress(attr::kXorPeerAddress, addr("203.0.113.5:1")); })
                .code(),
            400);
  EXPECT_EQ(client
                .call(stun::Method::ChannelBind,
                      [](auto& w) {
                        w.attribute(attr::kChannelNumber, Octets{0x40, 0});
                        w.xorAddress(attr::kXorPeerAddress, addr("203.0.113.5:1"));
                      })
                .code(),
            400);
}

TEST_F(Channels, areBounded) {
  for (std::size_t i = 0; i < kMaxChannels; ++i) {
    const auto n = static_cast<std::uint16_t>(0x4000 + i);
    ASSERT_EQ(client.bind(n, "203.0.113.5:" + std::to_string(5000 + i)).code(), 0);
  }
  EXPECT_EQ(client.bind(0x4f00, "203.0.113.5:9999").code(), 508);
  EXPECT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 0);
}

TEST_F(Channels, anotherClientsChannelIsNobodyElses) {
  ASSERT_EQ(client.bind(0x4000, "203.0.113.5:5000").code(), 0);
  Client other(h, "198.51.100.7:4001");
  ASSERT_EQ(other.allocate().code(), 0);
  h.deliver(other.path, Client::channelData(0x4000, "mine?"));
  EXPECT_EQ(h.drops(DropCause::NoChannel), 1u);
  Client nobody(h, "198.51.100.7:4002");
  h.deliver(nobody.path, Client::channelData(0x4000, "mine?"));
  EXPECT_EQ(h.drops(DropCause::NoAllocation), 1u);
  EXPECT_TRUE(h.sent.empty());
}

TEST_F(Channels, areReportedToAKernelDriverWhenAsked) {
  Config config = test::defaultConfig();
  config.reportBindings = true;
  h.events.clear();
  h.sockets.clear();
  h.restart(config);
  Client c(h, "198.51.100.9:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  ASSERT_EQ(c.bind(0x4000, "203.0.113.5:5000").code(), 0);
  ASSERT_EQ(c.bind(0x4000, "203.0.113.5:5000").code(), 0);
  const auto added = h.eventsOf<BindingAdded>();
  ASSERT_EQ(added.size(), 1u);
  EXPECT_EQ(added[0].client, c.path);
  EXPECT_EQ(added[0].peer.remote, addr("203.0.113.5:5000"));
  EXPECT_EQ(added[0].peer.local, c.relayed);
  ASSERT_EQ(c.refresh(0).code(), 0);
  EXPECT_EQ(h.eventsOf<BindingRemoved>().size(), 1u);
}

}  // namespace
}  // namespace parley::turn
