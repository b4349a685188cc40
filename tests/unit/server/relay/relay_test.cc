// The relay over real sockets on loopback, from the request to the peer and back.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <tuple>

#include "driver/udp_socket.h"
#include "tests/unit/server/relay/relay_testing.h"

namespace parley::server {
namespace {

constexpr std::uint16_t kChannel = 0x4001;

std::string filled(std::size_t n, char c) {
  return std::string(n, c);
}

class RelayWays : public testing::TestWithParam<std::tuple<Transport, Family, Family>> {
 protected:
  Transport transport() const { return std::get<0>(GetParam()); }
  Family clientFamily() const { return std::get<1>(GetParam()); }
  Family relayFamily() const { return std::get<2>(GetParam()); }
};

std::string wayName(const testing::TestParamInfo<RelayWays::ParamType>& info) {
  const auto family = [](Family f) { return f == Family::V4 ? "V4" : "V6"; };
  return transportName({std::get<0>(info.param), 0}) + "Client" + family(std::get<1>(info.param)) +
         "Relay" + family(std::get<2>(info.param));
}

INSTANTIATE_TEST_SUITE_P(All, RelayWays,
                         testing::Combine(testing::Values(Transport::Udp, Transport::Tcp,
                                                          Transport::Tls),
                                          testing::Values(Family::V4, Family::V6),
                                          testing::Values(Family::V4, Family::V6)),
                         wayName);

TEST_P(RelayWays, BindingTellsTheClientItsAddress) {
  TestRelay relay;
  RelayClient client = relay.client(transport(), clientFamily());
  EXPECT_EQ(client.binding(), client.local());
}

// Two relayed addresses of one server may always talk: what a call of two browsers that are both
// relayed needs.
TEST_P(RelayWays, TwoRelayedClientsTalk) {
  TestRelay relay;
  RelayClient a = relay.client(transport(), clientFamily());
  RelayClient b = relay.client(transport(), clientFamily());
  const auto atA = a.allocate(relayFamily());
  const auto atB = b.allocate(relayFamily());
  ASSERT_TRUE(atA && atB) << a.lastError() << " " << b.lastError();
  EXPECT_EQ(atA->family(), relayFamily());

  // By indications.
  ASSERT_EQ(a.permit(*atB), 0);
  ASSERT_EQ(b.permit(*atA), 0);
  a.sendTo(*atB, "by indication");
  EXPECT_EQ(b.receive(), (RelayClient::Data{0, *atA, "by indication"}));
  b.sendTo(*atA, "and back");
  EXPECT_EQ(a.receive(), (RelayClient::Data{0, *atB, "and back"}));

  // By channels, in all sizes of padding.
  ASSERT_EQ(a.bindChannel(kChannel, *atB), 0);
  ASSERT_EQ(b.bindChannel(kChannel + 1, *atA), 0);
  for (const std::size_t size : {1u, 2u, 3u, 4u, 5u, 1200u, 8000u}) {
    a.sendOn(kChannel, filled(size, 'a'));
    EXPECT_EQ(b.receive(), (RelayClient::Data{kChannel + 1, {}, filled(size, 'a')}));
    b.sendOn(kChannel + 1, filled(size, 'b'));
    EXPECT_EQ(a.receive(), (RelayClient::Data{kChannel, {}, filled(size, 'b')}));
  }
}

TEST(Relay, AnnouncesTheSecondPortWhichAnswersBindingsOnly) {
  TestRelay relay;
  ASSERT_EQ(relay->endpoints().stunAlt.size(), 2u);
  const Address alt = relay->endpoints().stunAlt[0];
  EXPECT_NE(alt.port(), relay->endpoints().udp[0].port());
  RelayClient client(alt, {});
  const std::array<std::uint8_t, 20> allocate = {0, 3, 0, 0, 0x21, 0x12, 0xA4, 0x42};
  client.sendRaw(allocate);  // has no answer
  EXPECT_EQ(client.binding(), client.local());
  EXPECT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.droppedOther == 1; }));
  EXPECT_EQ(relay->metrics().challenges, 0u);
}

TEST(Relay, UdpTcpShareAPortOnAllAddresses) {
  TestRelay relay;
  const RelayEndpoints& e = relay->endpoints();
  ASSERT_EQ(e.udp.size(), 2u);
  EXPECT_EQ(e.udp, e.tcp);
  EXPECT_EQ(e.udp[0].port(), e.udp[1].port());
  EXPECT_EQ(e.tls.size(), 2u);
}

TEST(Relay, RelaysToAPeerThatTheRulesAllow) {
  RelayConfig config = testConfig();
  config.allowPeers = {*Prefix::parse("127.0.0.0/8")};
  TestRelay relay(config);
  RelayClient peer(relay.address(Transport::Udp), {});  // any UDP socket will do
  RelayClient client = relay.client();
  const auto relayed = client.allocate();
  ASSERT_TRUE(relayed);
  ASSERT_EQ(client.bindChannel(kChannel, peer.local()), 0);
  RelayClient stranger(*relayed, {});  // from another port of the permitted address
  ASSERT_EQ(client.permit(stranger.local()), 0);
  stranger.sendRaw(asBytes("hello"));
  EXPECT_EQ(client.receive(), (RelayClient::Data{0, stranger.local(), "hello"}));
}

TEST(Relay, OnlyLiveRelayedAddressesOfOurOwnAreReached) {
  TestRelay relay;
  RelayClient a = relay.client();
  RelayClient b = relay.client();
  const auto atA = a.allocate();
  const auto atB = b.allocate();
  ASSERT_TRUE(atA && atB);
  EXPECT_EQ(a.permit(Address(IpAddress::v4(10, 0, 0, 1), 5000)), 403);
  EXPECT_EQ(a.permit(Address(IpAddress::v4(169, 254, 169, 254), 80)), 403);
  // The permission is per address, so it covers all ports of loopback; packets are what counts.
  ASSERT_EQ(a.permit(*atB), 0);
  ASSERT_EQ(b.permit(*atA), 0);
  a.sendTo(relay.address(Transport::Udp), "to the listener");
  a.sendTo(b.local(), "to a client behind the relay");
  ASSERT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.droppedDeniedPeer == 2; }));
  a.sendTo(*atB, "to a relayed address");
  EXPECT_EQ(b.receive(), (RelayClient::Data{0, *atA, "to a relayed address"}));
  // It was live; now it is not.
  ASSERT_EQ(b.refresh(0), 0);
  a.sendTo(*atB, "too late");
  EXPECT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.droppedDeniedPeer == 3; }));
}

TEST(Relay, APermissionIsNeededBothWays) {
  TestRelay relay;
  RelayClient a = relay.client();
  RelayClient b = relay.client();
  const auto atA = a.allocate();
  const auto atB = b.allocate();
  ASSERT_TRUE(atA && atB);
  a.sendTo(*atB, "without permission");
  ASSERT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.droppedNoPermission == 1; }));
  ASSERT_EQ(a.permit(*atB), 0);
  a.sendTo(*atB, "b has not permitted a");
  ASSERT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.droppedNoPermission == 2; }));
  ASSERT_EQ(b.permit(*atA), 0);
  a.sendTo(*atB, "now");
  EXPECT_EQ(b.receive(), (RelayClient::Data{0, *atA, "now"}));
}

TEST(Relay, WrongPasswordsAndUnknownUsersAreRefused) {
  TestRelay relay;
  RelayClient::Options wrong;
  wrong.password = "guessed";
  RelayClient a = relay.client(Transport::Udp, Family::V4, wrong);
  EXPECT_FALSE(a.allocate());
  EXPECT_EQ(a.lastError(), 401);
  RelayClient::Options unknown;
  unknown.user = "eve";
  RelayClient b = relay.client(Transport::Udp, Family::V4, unknown);
  EXPECT_FALSE(b.allocate());
  EXPECT_EQ(b.lastError(), 401);
  EXPECT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.challenges == 4; }));
}

TEST(Relay, UsersComeAndGoWhileRunning) {
  TestRelay relay;
  RelayClient::Options options;
  options.user = "cleo";
  options.password = "new";
  const auto admitted = [&] {
    return relay.client(Transport::Udp, Family::V4, options).allocate().has_value();
  };
  const auto becomes = [&](bool wanted) {
    for (int i = 0; i < 1000; ++i) {
      if (admitted() == wanted) return true;
    }
    return false;
  };
  EXPECT_FALSE(admitted());
  EXPECT_TRUE(relay->setUser("cleo", "new"));
  EXPECT_TRUE(becomes(true));
  EXPECT_TRUE(relay->removeUser("cleo"));
  EXPECT_TRUE(becomes(false));
}

TEST(Relay, LifetimeZeroEndsTheAllocationAndFreesItsPort) {
  TestRelay relay;
  RelayClient client = relay.client();
  const auto relayed = client.allocate();
  ASSERT_TRUE(relayed);
  EXPECT_FALSE(driver::UdpSocket::bind(*relayed).ok());
  EXPECT_EQ(client.refresh(0), 0);
  ASSERT_TRUE(relay.untilMetrics([](const RelayMetrics& m) { return m.allocationsUdp == 0; }));
  EXPECT_TRUE(driver::UdpSocket::bind(*relayed).ok());
  EXPECT_EQ(client.refresh(600), 437);
}

class RelayStreams : public testing::TestWithParam<Transport> {};
INSTANTIATE_TEST_SUITE_P(All, RelayStreams, testing::Values(Transport::Tcp, Transport::Tls),
                         transportName);

TEST_P(RelayStreams, MessagesAreCutHoweverTheyCome) {
  TestRelay relay;
  RelayClient a = relay.client(GetParam());
  RelayClient b = relay.client();
  const auto atA = a.allocate();
  const auto atB = b.allocate();
  ASSERT_TRUE(atA && atB);
  ASSERT_EQ(a.bindChannel(kChannel, *atB), 0);
  ASSERT_EQ(b.permit(*atA), 0);
  // Byte by byte, then many messages in one piece.
  a.sendSlowly(a.channelData(kChannel, "abc"));
  EXPECT_EQ(b.receive(), (RelayClient::Data{0, *atA, "abc"}));
  std::vector<std::uint8_t> many;
  for (int i = 0; i < 50; ++i) {
    const auto one = a.channelData(kChannel, filled(static_cast<std::size_t>(i + 1), 'm'));
    many.insert(many.end(), one.begin(), one.end());
  }
  a.sendRaw(many);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(b.receive(),
              (RelayClient::Data{0, *atA, filled(static_cast<std::size_t>(i + 1), 'm')}));
  }
}

TEST_P(RelayStreams, ClosingTheStreamEndsTheAllocation) {
  TestRelay relay;
  RelayClient client = relay.client(GetParam());
  const auto relayed = client.allocate();
  ASSERT_TRUE(relayed);
  ASSERT_TRUE(relay.untilMetrics([](const RelayMetrics& m) {
    return m.allocationsTcp + m.allocationsTls == 1 && m.connections == 1;
  }));
  client.disconnect();
  EXPECT_TRUE(relay.untilMetrics([](const RelayMetrics& m) {
    return m.allocationsTcp + m.allocationsTls == 0 && m.connections == 0;
  }));
  EXPECT_TRUE(driver::UdpSocket::bind(*relayed).ok());
}

TEST_P(RelayStreams, RubbishEndsTheConnection) {
  TestRelay relay;
  RelayClient client = relay.client(GetParam());
  client.sendRaw(asBytes("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(relay.untilMetrics(
      [](const RelayMetrics& m) { return m.connections == 0 && m.connectionsFailed == 1; }));
}

TEST(Relay, StopClosesEverythingAndMayBeCalledAgain) {
  TestRelay relay;
  RelayClient tcp = relay.client(Transport::Tcp);
  const auto relayed = tcp.allocate();
  ASSERT_TRUE(relayed);
  const Address udp = relay.address(Transport::Udp);
  relay->stop();
  relay->stop();
  EXPECT_TRUE(tcp.closed());
  EXPECT_TRUE(driver::UdpSocket::bind(*relayed).ok());
  EXPECT_TRUE(driver::UdpSocket::bind(udp).ok());
}

TEST(Relay, APortInUseIsNamed) {
  TestRelay first;
  RelayConfig config = testConfig();
  config.turnPort = first.address(Transport::Udp).port();
  const auto second = RelayServer::start(config);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().key, "turn-port");
  EXPECT_EQ(second.error().value, first.address(Transport::Udp).toString() + "/udp");
  EXPECT_EQ(second.error().error.code(), ErrorCode::InUse);
}

TEST(Relay, AnAddressThatIsNotOursIsNamed) {
  RelayConfig config = testConfig();
  config.bind = {IpAddress::v4(192, 0, 2, 1)};
  const auto server = RelayServer::start(config);
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().key, "bind");
  config = testConfig();
  config.relayAddresses = {{IpAddress::v4(192, 0, 2, 1), std::nullopt}};
  const auto other = RelayServer::start(config);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().key, "relay-address");
  EXPECT_EQ(other.error().value, "192.0.2.1");
}

TEST(Relay, AnExternalAddressIsAnnouncedAndRewrittenInside) {
  RelayConfig config = testConfig();
  const IpAddress outside = IpAddress::v4(198, 51, 100, 7);
  config.relayAddresses = {{IpAddress::v4(127, 0, 0, 1), outside}};
  TestRelay relay(config);
  RelayClient a = relay.client();
  RelayClient b = relay.client();
  const auto atA = a.allocate();
  const auto atB = b.allocate();
  ASSERT_TRUE(atA && atB);
  EXPECT_EQ(atA->ip(), outside);
  ASSERT_EQ(a.permit(*atB), 0);
  ASSERT_EQ(b.permit(*atA), 0);
  a.sendTo(*atB, "no hairpin needed");
  EXPECT_EQ(b.receive(), (RelayClient::Data{0, *atA, "no hairpin needed"}));
}

}  // namespace
}  // namespace parley::server
