#include <gtest/gtest.h>

#include "sim/host.h"
#include "sim/network.h"
#include "sim/router.h"

namespace parley::sim {
namespace {

// Hears of streams, answers with what it was told to send, and may close after it.
class Peer final : public StreamUser {
 public:
  explicit Peer(Host& host) : host_(host) {}
  ~Peer() override { host_.tcp().leave(*this); }

  void onStreamOpened(const Path& path) override {
    opened.push_back(path);
    sendMore(path);
  }
  void onStreamData(const Path& path, Bytes bytes) override {
    received.insert(received.end(), bytes.begin(), bytes.end());
    if (closeAfter != 0 && received.size() >= closeAfter) host_.tcp().finish(path.link);
  }
  void onStreamClosed(const Path&, StreamEnd why) override { closed.push_back(why); }

  void sendMore(const Path& path) { EXPECT_EQ(host_.tcp().send(path.link, toSend), toSend.size()); }

  std::vector<Path> opened;
  std::vector<std::uint8_t> received;
  std::vector<StreamEnd> closed;
  std::vector<std::uint8_t> toSend;
  std::size_t closeAfter = 0;

 private:
  Host& host_;
};

std::vector<std::uint8_t> pattern(std::size_t size, std::uint64_t seed) {
  std::vector<std::uint8_t> bytes(size);
  SeededRandom{seed}.fill(bytes);
  return bytes;
}

struct World {
  explicit World(std::uint64_t seed = 1, const LinkConditions& conditions = {}) : net(seed) {
    client.attach(net.internet(), clientAddress.ip(), conditions);
    serverPort = &server.attach(net.internet(), serverAddress.ip(), conditions);
  }
  Result<Path> connect(Peer& peer) {
    return client.tcp().connect(clientAddress.withPort(client.freePort(clientAddress.ip())),
                                serverAddress, peer);
  }

  Network net;
  Host& client = net.addHost("client");
  Host& server = net.addHost("server");
  Address clientAddress{IpAddress::v4(192, 0, 2, 1), 0};
  Address serverAddress{IpAddress::v4(192, 0, 2, 2), 80};
  Port* serverPort = nullptr;
};

TEST(Tcp, opensCarriesAndFinishes) {
  World w;
  Peer a(w.client);
  Peer b(w.server);
  a.toSend = pattern(100'000, 1);
  b.toSend = pattern(50'000, 2);
  b.closeAfter = 100'000;
  ASSERT_TRUE(w.server.tcp().listen(w.serverAddress, b).ok());
  ASSERT_TRUE(w.connect(a).ok());
  w.net.events().runFor(10s);
  EXPECT_EQ(b.received, a.toSend);
  EXPECT_EQ(a.received, b.toSend);
  EXPECT_EQ(a.closed, std::vector<StreamEnd>{StreamEnd::Finished});
  EXPECT_EQ(b.closed, std::vector<StreamEnd>{StreamEnd::Finished});
  EXPECT_EQ(w.client.tcp().connections() + w.server.tcp().connections(), 0u);
  EXPECT_TRUE(w.net.events().empty());
}

// Every byte in order and once, whatever the links do.
TEST(Tcp, carriesEverythingThroughBadLinks) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    LinkConditions bad;
    bad.loss = 0.05;
    bad.reorder = 0.1;
    bad.duplicate = 0.05;
    bad.corrupt = 0.02;
    bad.jitter = 5ms;
    if (seed % 3 == 0) bad.burst = GilbertElliott{0.01, 0.3, 0, 1};
    if (seed % 4 == 0) bad.rate = DataRate::bitsPerSecond(2'000'000);
    World w(seed, bad);
    Peer a(w.client);
    Peer b(w.server);
    a.toSend = pattern(60'000, seed);
    b.toSend = pattern(20'000, seed + 1);
    ASSERT_TRUE(w.server.tcp().listen(w.serverAddress, b).ok());
    ASSERT_TRUE(w.connect(a).ok());
    const bool done = w.net.events().runUntil(Time{300s}, [&] {
      return b.received.size() >= a.toSend.size() && a.received.size() >= b.toSend.size();
    });
    EXPECT_TRUE(done) << "seed " << seed;
    EXPECT_EQ(b.received, a.toSend) << "seed " << seed;
    EXPECT_EQ(a.received, b.toSend) << "seed " << seed;
  }
}

TEST(Tcp, isRefusedWhereNobodyListens) {
  World w;
  Peer a(w.client);
  ASSERT_TRUE(w.connect(a).ok());
  w.net.events().runFor(1s);
  EXPECT_EQ(a.closed, std::vector<StreamEnd>{StreamEnd::Refused});
  EXPECT_TRUE(a.opened.empty());
}

TEST(Tcp, timesOutWhereNobodyAnswers) {
  World w;
  Peer a(w.client);
  Peer b(w.server);
  ASSERT_TRUE(w.server.tcp().listen(w.serverAddress, b).ok());
  w.serverPort->setConditions({.down = true});
  ASSERT_TRUE(w.connect(a).ok());
  w.net.events().runFor(200s);
  EXPECT_EQ(a.closed, std::vector<StreamEnd>{StreamEnd::TimedOut});
  EXPECT_TRUE(b.opened.empty());
  EXPECT_EQ(w.client.tcp().connections(), 0u);
}

TEST(Tcp, heldUpIsNotLost) {
  World w;
  Peer a(w.client);
  Peer b(w.server);
  a.toSend = pattern(40'000, 3);
  ASSERT_TRUE(w.server.tcp().listen(w.serverAddress, b).ok());
  ASSERT_TRUE(w.connect(a).ok());
  w.net.events().runFor(50ms);
  w.serverPort->setConditions({.down = true});
  w.net.events().runFor(15s);
  EXPECT_LT(b.received.size(), a.toSend.size());
  w.serverPort->setConditions({});
  w.net.events().runFor(30s);
  EXPECT_EQ(b.received, a.toSend);
  EXPECT_TRUE(a.closed.empty());
}

TEST(Tcp, abortIsHeardAsReset) {
  World w;
  Peer a(w.client);
  Peer b(w.server);
  ASSERT_TRUE(w.server.tcp().listen(w.serverAddress, b).ok());
  const auto path = w.connect(a);
  w.net.events().runFor(1s);
  ASSERT_EQ(b.opened.size(), 1u);
  w.client.tcp().abort(path->link);
  w.net.events().runFor(1s);
  EXPECT_EQ(b.closed, std::vector<StreamEnd>{StreamEnd::Reset});
  EXPECT_TRUE(a.closed.empty());  // who aborts is not told
  EXPECT_EQ(w.client.tcp().send(path->link, pattern(1, 1)), 0u);
}

TEST(Tcp, aRebootedNatResetsTheConnection) {
  Network net(5);
  RouterConfig config;
  config.nat.emplace();
  config.nat->externalAddresses = {IpAddress::v4(198, 51, 100, 1)};
  Router& home = net.addRouter("home", net.internet(), config);
  Host& client = net.addHost("client");
  Host& server = net.addHost("server");
  const Address inner{IpAddress::v4(192, 168, 0, 2), 40'000};
  const Address outer{IpAddress::v4(192, 0, 2, 2), 443};
  client.attach(home.inside(), inner.ip(), {});
  server.attach(net.internet(), outer.ip(), {});
  Peer a(client);
  Peer b(server);
  ASSERT_TRUE(server.tcp().listen(outer, b).ok());
  const auto path = client.tcp().connect(inner, outer, a);
  net.events().runFor(1s);
  ASSERT_EQ(b.opened.size(), 1u);
  EXPECT_EQ(b.opened[0].remote.ip(), IpAddress::v4(198, 51, 100, 1));
  home.nat().forget();
  client.tcp().send(path->link, pattern(10, 1));
  net.events().runFor(1s);
  EXPECT_EQ(a.closed, std::vector<StreamEnd>{StreamEnd::Reset});
  EXPECT_TRUE(b.received.empty());
}

TEST(Tcp, takesABoundedAmountToSend) {
  World w;
  Peer a(w.client);
  const auto path = w.connect(a);
  const auto bytes = pattern(TcpConnection::kMaxUnsent + 10, 1);
  EXPECT_EQ(w.client.tcp().send(path->link, bytes), TcpConnection::kMaxUnsent);
  EXPECT_EQ(w.client.tcp().send(path->link, bytes), 0u);
  EXPECT_EQ(w.client.tcp().unacknowledged(path->link), TcpConnection::kMaxUnsent);
}

TEST(Tcp, aLeavingUserHearsNothingMore) {
  World w;
  Peer b(w.server);
  ASSERT_TRUE(w.server.tcp().listen(w.serverAddress, b).ok());
  {
    Peer a(w.client);
    ASSERT_TRUE(w.connect(a).ok());
    w.net.events().runFor(1s);
    b.toSend = pattern(3000, 1);
    b.sendMore(b.opened.at(0));
  }
  w.net.events().runFor(1s);
  EXPECT_EQ(b.closed, std::vector<StreamEnd>{StreamEnd::Reset});
}

}  // namespace
}  // namespace parley::sim
