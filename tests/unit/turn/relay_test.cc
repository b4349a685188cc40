// The fast path: verdicts for trains of both sides, and what they come to when carried out.
#include <gtest/gtest.h>

#include "turn_harness.h"

namespace parley::turn {
namespace {

using test::addr;
using test::Client;
using test::Harness;
using test::ip;
using test::Octets;
using test::octets;
using test::Reply;
namespace attr = stun::attr;

// Carries a verdict out the way a driver does, by slices of the train.
std::vector<Octets> carryOut(const Verdict& v, const Train& in) {
  std::vector<Octets> out;
  for (std::size_t i = 0; i < v.count; ++i) {
    Octets one;
    const auto prefix = v.prefixOf(i);
    const auto payload = v.payloadOf(in, i);
    one.insert(one.end(), prefix.begin(), prefix.end());
    one.insert(one.end(), payload.begin(), payload.end());
    one.insert(one.end(), v.paddingOf(i), 0);
    EXPECT_EQ(one.size(), v.sizeOf(i));
    out.push_back(std::move(one));
  }
  return out;
}

Octets join(const std::vector<Octets>& parts) {
  Octets all;
  for (const Octets& p : parts)
    all.insert(all.end(), p.begin(), p.end());
  return all;
}

class Relay : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(client.allocate().code(), 0);
    ASSERT_EQ(client.bind(0x4000, kPeer).code(), 0);
    ASSERT_EQ(client.permit({"203.0.113.9:1"}).code(), 0);
  }
  Verdict fromClient(Octets& bytes, std::size_t segment) {
    return h.server->routeFromClient(Train(client.path, bytes, segment), h.now);
  }
  Path peerPath(const char* from = kPeer) { return h.peerPath(client.relayed, addr(from)); }

  static constexpr const char* kPeer = "203.0.113.5:5000";
  Harness h;
  Client client{h, "198.51.100.7:4000"};
};

TEST_F(Relay, aTrainOfChannelDataIsOneVerdict) {
  const std::string full(100, 'a');
  Octets bytes = join({Client::channelData(0x4000, full), Client::channelData(0x4000, full),
                       Client::channelData(0x4000, "short")});
  const Verdict v = fromClient(bytes, 104);
  ASSERT_EQ(v.kind, Verdict::Kind::Forward);
  EXPECT_EQ(v.count, 3u);
  EXPECT_EQ(v.prefixLength, 0);
  EXPECT_EQ(v.out.remote, addr(kPeer));
  EXPECT_EQ(v.out.local, client.relayed);
  EXPECT_EQ(v.out.link, h.linkOf(client.relayed));
  const auto out = carryOut(v, Train(client.path, bytes, 104));
  EXPECT_EQ(out[0], octets(full));
  EXPECT_EQ(out[2], octets("short"));
  EXPECT_EQ(h.server->counters().packetsToPeers, 3u);
  EXPECT_EQ(h.server->counters().bytesToPeers, 205u);
}

TEST_F(Relay, forwardsExactlyTheLengthAndNoPadding) {
  Octets bytes = Client::channelData(0x4000, "abcde");
  bytes.insert(bytes.end(), 3, 0xee);  // RFC 8656 section 12.5 allows padding over UDP
  const Verdict v = fromClient(bytes, bytes.size());
  ASSERT_EQ(v.kind, Verdict::Kind::Forward);
  EXPECT_EQ(carryOut(v, Train(client.path, bytes))[0], octets("abcde"));
}

TEST_F(Relay, emptyPayloadsPass) {
  Octets bytes = Client::channelData(0x4000, "");
  const Verdict v = fromClient(bytes, 4);
  ASSERT_EQ(v.kind, Verdict::Kind::Forward);
  EXPECT_TRUE(carryOut(v, Train(client.path, bytes))[0].empty());
  const Verdict back = h.server->routeFromPeer(Train(peerPath(), {}), h.now);
  ASSERT_EQ(back.kind, Verdict::Kind::Forward);
  EXPECT_EQ(back.sizeOf(0), 4u);
}

TEST_F(Relay, aLengthBeyondTheDatagramIsDropped) {
  Octets bytes = Client::channelData(0x4000, "abcd");
  bytes[3] = 5;
  EXPECT_EQ(fromClient(bytes, 8).cause, DropCause::Malformed);
  bytes[2] = 0xff;
  EXPECT_EQ(fromClient(bytes, 8).cause, DropCause::Malformed);
}

TEST_F(Relay, aTrainIsCutWhereItChanges) {
  ASSERT_EQ(client.bind(0x4001, "203.0.113.9:5000").code(), 0);
  const std::string ten(10, 'x');
  // Same size on the wire; the second run goes to another peer, then a control message, then
  // rubbish, then Lengths that differ though the datagrams do not.
  Octets binding(24);
  stun::MessageWriter w(binding, stun::Method::Binding, stun::Class::Request, {});
  w.flag(attr::kSoftware);
  ASSERT_EQ(w.finish(), 24u);
  const std::string twenty(20, 'y');
  Octets small = Client::channelData(0x4000, twenty);
  small[3] = 10;  // says 10, carries 20
  Octets rubbish(24, 0xff);
  Octets bytes = join({Client::channelData(0x4000, twenty), Client::channelData(0x4000, twenty),
                       Client::channelData(0x4001, twenty), binding, rubbish, small,
                       Client::channelData(0x4000, twenty)});
  Train rest(client.path, bytes, 24);
  const auto next = [&] {
    const Verdict v = h.server->routeFromClient(rest, h.now);
    rest = rest.from(v.count);
    return v;
  };
  Verdict v = next();
  EXPECT_EQ(v.kind, Verdict::Kind::Forward);
  EXPECT_EQ(v.count, 2u);
  v = next();
  EXPECT_EQ(v.count, 1u);
  EXPECT_EQ(v.out.remote, addr("203.0.113.9:5000"));
  v = next();
  EXPECT_EQ(v.kind, Verdict::Kind::Control);
  EXPECT_EQ(v.count, 1u);
  v = next();
  EXPECT_EQ(v.cause, DropCause::NotTurn);
  v = next();
  EXPECT_EQ(v.count, 1u);  // a longer one may not follow in the same train
  EXPECT_EQ(v.lastLength, 10u);
  v = next();
  EXPECT_EQ(v.lastLength, 20u);
  EXPECT_TRUE(rest.bytes().empty());
}

TEST_F(Relay, aShorterOneEndsTheRun) {
  const std::string twenty(20, 'y');
  Octets small = Client::channelData(0x4000, twenty);
  small[3] = 10;
  Octets bytes =
      join({Client::channelData(0x4000, twenty), small, Client::channelData(0x4000, twenty)});
  const Verdict v = fromClient(bytes, 24);
  EXPECT_EQ(v.count, 2u);
  EXPECT_EQ(v.length, 20u);
  EXPECT_EQ(v.lastLength, 10u);
}

TEST_F(Relay, unboundAndImpossibleChannelsGoNowhere) {
  for (const std::uint16_t n : std::initializer_list<std::uint16_t>{0x4001, 0x4fff, 0x7fff}) {
    Octets bytes = Client::channelData(n, "abcd");
    EXPECT_EQ(fromClient(bytes, 8).cause, DropCause::NoChannel) << n;
  }
  for (const std::uint16_t n : std::initializer_list<std::uint16_t>{0x8000, 0xbfff, 0xffff}) {
    Octets bytes = Client::channelData(n, "abcd");
    EXPECT_EQ(fromClient(bytes, 8).cause, DropCause::NotTurn) << n;
  }
}

TEST_F(Relay, fromABoundPeerComesChannelData) {
  Octets bytes(250, 'p');
  const Train in(peerPath(), bytes, 100);
  const Verdict v = h.server->routeFromPeer(in, h.now);
  ASSERT_EQ(v.kind, Verdict::Kind::Forward);
  EXPECT_EQ(v.count, 3u);
  EXPECT_EQ(v.out, client.path);
  const auto out = carryOut(v, in);
  EXPECT_EQ(out[0], Client::channelData(0x4000, std::string(100, 'p')));
  EXPECT_EQ(out[2], Client::channelData(0x4000, std::string(50, 'p')));
  EXPECT_EQ(h.server->counters().bytesToClients, 250u);
}

TEST_F(Relay, fromAnotherPortOfAPermittedPeerComesADataIndication) {
  for (const std::size_t last : {std::size_t{50}, std::size_t{49}, std::size_t{1}}) {
    Octets bytes(200 + last, 'p');
    const Train in(peerPath("203.0.113.9:777"), bytes, 100);
    const Verdict v = h.server->routeFromPeer(in, h.now);
    ASSERT_EQ(v.kind, Verdict::Kind::Forward);
    const auto out = carryOut(v, in);
    ASSERT_EQ(out.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto m = stun::Message::parse(out[i]);
      ASSERT_TRUE(m.ok());
      EXPECT_EQ(m->method(), stun::Method::Data);
      EXPECT_EQ(m->messageClass(), stun::Class::Indication);
      EXPECT_EQ(stun::decodeXorAddress(*m->find(attr::kXorPeerAddress), m->transactionId()),
                addr("203.0.113.9:777"));
      EXPECT_EQ(m->find(attr::kData)->size(), i == 2 ? last : 100u);
    }
  }
}

TEST_F(Relay, dataIndicationsOfIpv6PeersParse) {
  Client six(h, "198.51.100.7:4001");
  ASSERT_EQ(
      six.allocate([](auto& w) { w.family(attr::kRequestedAddressFamily, Family::V6); }).code(), 0);
  ASSERT_EQ(six.permit({"[2001:db8:5::5]:1"}).code(), 0);
  Octets bytes = octets("hello");
  const Train in(h.peerPath(six.relayed, addr("[2001:db8:5::5]:777")), bytes);
  const Verdict v = h.server->routeFromPeer(in, h.now);
  EXPECT_EQ(v.prefixLength, Verdict::kMaxPrefix);
  const auto out = carryOut(v, in);
  const auto m = stun::Message::parse(out[0]);
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(stun::decodeXorAddress(*m->find(attr::kXorPeerAddress), m->transactionId()),
            addr("[2001:db8:5::5]:777"));
  EXPECT_EQ(asText(*m->find(attr::kData)), "hello");
}

TEST_F(Relay, aStranglersPacketIsDropped) {
  Octets bytes(10, 'p');
  EXPECT_EQ(h.server->routeFromPeer(Train(peerPath("203.0.113.66:5000"), bytes), h.now).cause,
            DropCause::NoPermission);
  Path gone = peerPath();
  gone.link = LinkId{424242};
  EXPECT_EQ(h.server->routeFromPeer(Train(gone, bytes), h.now).cause, DropCause::NoAllocation);
}

TEST_F(Relay, sendIndicationsGoOutAsTheyAre) {
  Octets one = client.sendIndication("203.0.113.9:777", "hello");
  const Verdict v = h.server->route(Train(client.path, one), h.now);
  ASSERT_EQ(v.kind, Verdict::Kind::Forward);
  EXPECT_EQ(v.out.remote, addr("203.0.113.9:777"));
  EXPECT_EQ(carryOut(v, Train(client.path, one))[0], octets("hello"));
  // A train of them, the last shorter.
  Octets bytes = join({client.sendIndication("203.0.113.9:777", std::string(32, 'a')),
                       client.sendIndication("203.0.113.9:777", std::string(32, 'b')),
                       client.sendIndication("203.0.113.9:777", std::string(8, 'c'))});
  const Train in(client.path, bytes, (bytes.size() + 24) / 3);
  const Verdict many = h.server->routeFromClient(in, h.now);
  EXPECT_EQ(many.count, 3u);
  EXPECT_EQ(carryOut(many, in)[2], octets(std::string(8, 'c')));
}

TEST_F(Relay, badSendIndicationsGoNowhere) {
  const auto bad = [&](const Octets& bytes) {
    Octets copy = bytes;
    return fromClient(copy, copy.size());
  };
  Octets noData(64);
  stun::MessageWriter w(noData, stun::Method::Send, stun::Class::Indication, {});
  w.xorAddress(attr::kXorPeerAddress, addr("203.0.113.9:777"));
  noData.resize(w.finish());
  EXPECT_EQ(bad(noData).cause, DropCause::Malformed);
  Octets noPeer(64);
  stun::MessageWriter w2(noPeer, stun::Method::Send, stun::Class::Indication, {});
  w2.text(attr::kData, "hello");
  noPeer.resize(w2.finish());
  EXPECT_EQ(bad(noPeer).cause, DropCause::Malformed);
  EXPECT_EQ(bad(client.sendIndication("203.0.113.9:777", "x",
                                      [](auto& m) { m.flag(attr::kDontFragment); }))
                .cause,
            DropCause::Malformed);
  EXPECT_EQ(
      bad(client.sendIndication("203.0.113.9:777", "x", [](auto& m) { m.flag(0x7eee); })).cause,
      DropCause::Malformed);
  EXPECT_EQ(bad(client.sendIndication("[2001:db8:5::5]:777", "x")).cause, DropCause::NoPermission);
  Octets cut = client.sendIndication("203.0.113.9:777", "hello");
  cut.resize(cut.size() - 4);
  EXPECT_EQ(bad(cut).cause, DropCause::Malformed);
}

TEST_F(Relay, theSlowPathDoesTheSame) {
  h.deliver(client.path,
            join({Client::channelData(0x4000, "abcd"), Client::channelData(0x4000, "efgh")}), 8,
            Ecn::Ect0);
  ASSERT_EQ(h.sent.size(), 2u);
  EXPECT_EQ(h.sent[1].bytes, octets("efgh"));
  EXPECT_EQ(h.sent[1].ecn, Ecn::Ect0);
  h.sent.clear();
  h.deliver(peerPath(), octets("back"), 0, Ecn::Ce);
  ASSERT_EQ(h.sent.size(), 1u);
  EXPECT_EQ(h.sent[0].bytes, Client::channelData(0x4000, "back"));
  EXPECT_EQ(h.sent[0].path, client.path);
  EXPECT_EQ(h.sent[0].ecn, Ecn::Ce);
}

TEST_F(Relay, whatIsTooLargeForTheClientIsDropped) {
  Octets bytes(65'507, 'x');
  EXPECT_EQ(h.server->routeFromPeer(Train(peerPath(), bytes), h.now).cause, DropCause::TooLarge);
  bytes.resize(65'503);
  EXPECT_EQ(h.server->routeFromPeer(Train(peerPath(), bytes), h.now).kind, Verdict::Kind::Forward);
  EXPECT_EQ(h.server->routeFromPeer(Train(peerPath("203.0.113.9:777"), bytes), h.now).cause,
            DropCause::TooLarge);
}

TEST_F(Relay, whatIsTooLargeForADatagramIsDropped) {
  Client tcp(h, "198.51.100.7:4001", Transport::Tcp);
  ASSERT_EQ(tcp.allocate().code(), 0);
  ASSERT_EQ(tcp.bind(0x4000, kPeer).code(), 0);
  Octets bytes = Client::channelData(0x4000, std::string(65'508, 'x'));
  EXPECT_EQ(h.server->routeFromClient(Train(tcp.path, bytes), h.now).cause, DropCause::TooLarge);
  ASSERT_EQ(tcp.permit({"203.0.113.9:1"}).code(), 0);
  Octets back(65'507, 'y');  // with a Data indication around it, more than 16 bits can say
  EXPECT_EQ(
      h.server->routeFromPeer(Train(h.peerPath(tcp.relayed, addr("203.0.113.9:777")), back), h.now)
          .cause,
      DropCause::TooLarge);
  EXPECT_EQ(h.server->routeFromPeer(Train(h.peerPath(tcp.relayed, addr(kPeer)), back), h.now).kind,
            Verdict::Kind::Forward);
}

TEST_F(Relay, streamsGetPadding) {
  Client tcp(h, "198.51.100.7:4001", Transport::Tcp);
  ASSERT_EQ(tcp.allocate().code(), 0);
  ASSERT_EQ(tcp.bind(0x4000, kPeer).code(), 0);
  for (const std::string& payload : {std::string("abcd"), std::string("abcde"), std::string("a")}) {
    Octets bytes = octets(payload);
    const Train in(h.peerPath(tcp.relayed, addr(kPeer)), bytes);
    const Verdict v = h.server->routeFromPeer(in, h.now);
    const auto out = carryOut(v, in);
    EXPECT_EQ(out[0].size() % 4, 0u);
    EXPECT_EQ(out[0].size(), (4 + payload.size() + 3) / 4 * 4);
    EXPECT_EQ(loadBe16(out[0].data() + 2), payload.size());
  }
}

TEST_F(Relay, aCappedBandwidthDropsWhatIsOver) {
  Config config = test::defaultConfig();
  config.staticUserLimits.bandwidth = DataRate::bytesPerSecond(10'000);
  h.events.clear();
  h.sockets.clear();
  h.restart(config);
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  ASSERT_EQ(c.bind(0x4000, kPeer).code(), 0);
  const auto passes = [&](int seconds) {
    std::uint64_t n = 0;
    for (int i = 0; i < seconds * 100; ++i) {
      Octets bytes = Client::channelData(0x4000, std::string(1000, 'x'));
      const auto kind = h.server->routeFromClient(Train(c.path, bytes), h.now).kind;
      if (kind == Verdict::Kind::Forward) ++n;
      h.now += 10ms;
    }
    return n;
  };
  EXPECT_NEAR(static_cast<double>(passes(10)), 110, 5);  // ten a second and a second's burst
  EXPECT_GT(h.drops(DropCause::OverRate), 800u);
  // The other way has its own bucket.
  Octets back(1000, 'y');
  EXPECT_EQ(h.server->routeFromPeer(Train(h.peerPath(c.relayed, addr(kPeer)), back), h.now).kind,
            Verdict::Kind::Forward);
}

TEST_F(Relay, lowPortsAreClosedToWhoMayNotReachThem) {
  Config config = test::defaultConfig();
  config.staticUserLimits.minPeerPort = 1024;
  h.events.clear();
  h.sockets.clear();
  h.restart(config);
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  EXPECT_EQ(c.bind(0x4000, "203.0.113.5:53").code(), 403);
  ASSERT_EQ(c.permit({"203.0.113.5:53"}).code(), 0);  // a permission has no port
  Octets low = c.sendIndication("203.0.113.5:53", "query");
  EXPECT_EQ(h.server->routeFromClient(Train(c.path, low), h.now).cause, DropCause::DeniedPeer);
  Octets answer = octets("answer");
  EXPECT_EQ(
      h.server->routeFromPeer(Train(h.peerPath(c.relayed, addr("203.0.113.5:53")), answer), h.now)
          .cause,
      DropCause::DeniedPeer);
  Octets high = c.sendIndication("203.0.113.5:1024", "hello");
  EXPECT_EQ(h.server->routeFromClient(Train(c.path, high), h.now).kind, Verdict::Kind::Forward);
}

TEST_F(Relay, portZeroIsNoPeer) {
  EXPECT_EQ(client.bind(0x4005, "203.0.113.9:0").code(), 403);
  Octets bytes = client.sendIndication("203.0.113.9:0", "x");
  EXPECT_EQ(fromClient(bytes, bytes.size()).cause, DropCause::DeniedPeer);
}

TEST_F(Relay, trafficIsCountedForTheLog) {
  h.deliver(client.path, Client::channelData(0x4000, "12345"));
  h.deliver(peerPath(), octets("123"));
  ASSERT_EQ(client.refresh(0).code(), 0);
  const auto ended = h.eventsOf<AllocationEnded>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].traffic.packetsToPeers, 1u);
  EXPECT_EQ(ended[0].traffic.bytesToPeers, 5u);
  EXPECT_EQ(ended[0].traffic.packetsToClient, 1u);
  EXPECT_EQ(ended[0].traffic.bytesToClient, 3u);
}

// Two clients of one server talk through their relayed addresses: design rule, safe by the port.
class SameServer : public testing::Test {
 protected:
  void start(const char* bindIp, const char* announced) {
    Config config = test::defaultConfig();
    RelayAddress relay{ip(bindIp), {}};
    if (announced != nullptr) relay.announced = ip(announced);
    config.relayAddresses = {relay};
    config.peers.ownAddresses = {ip(bindIp), ip("127.0.0.1")};
    config.peers.listeners = {Address(ip(bindIp), 3478), addr("0.0.0.0:8080")};
    h.restart(config);
    ASSERT_EQ(a.allocate().code(), 0);
    ASSERT_EQ(b.allocate().code(), 0);
    boundA = Address(ip(bindIp), a.relayed.port());
    boundB = Address(ip(bindIp), b.relayed.port());
  }
  // What the kernel would do with a packet between our relay sockets.
  std::vector<test::Sent> throughKernel(const test::Sent& s) {
    h.sent.clear();
    h.deliver({h.linkOf(s.path.remote), Transport::Udp, s.path.remote, s.path.local}, s.bytes);
    return h.takeSent();
  }
  void talk() {
    ASSERT_EQ(a.permit({b.relayed.toString()}).code(), 0);
    ASSERT_EQ(b.bind(0x4000, a.relayed.toString()).code(), 0);
    h.sent.clear();
    h.deliver(a.path, a.sendIndication(b.relayed.toString(), "hello"));
    ASSERT_EQ(h.sent.size(), 1u);
    EXPECT_EQ(h.sent[0].path.local, boundA);
    EXPECT_EQ(h.sent[0].path.remote, boundB);
    const auto atB = throughKernel(test::Sent(h.sent[0]));
    ASSERT_EQ(atB.size(), 1u);
    EXPECT_EQ(atB[0].bytes, Client::channelData(0x4000, "hello"));
    h.deliver(b.path, Client::channelData(0x4000, "back"));
    ASSERT_EQ(h.sent.size(), 1u);
    const auto atA = throughKernel(test::Sent(h.sent[0]));
    ASSERT_EQ(atA.size(), 1u);
    const auto m = stun::Message::parse(atA[0].bytes);
    ASSERT_TRUE(m.ok());
    EXPECT_EQ(stun::decodeXorAddress(*m->find(attr::kXorPeerAddress), m->transactionId()),
              b.relayed);
  }
  Harness h;
  Client a{h, "198.51.100.7:4000"};
  Client b{h, "198.51.100.8:4000"};
  Address boundA;
  Address boundB;
};

TEST_F(SameServer, twoRelaysOnLoopbackTalk) {
  start("127.0.0.1", nullptr);
  talk();
}
TEST_F(SameServer, twoRelaysBehindAnExternalAddressTalk) {
  start("10.0.0.5", "203.0.113.80");
  talk();
}

TEST_F(SameServer, onlyWhereARelayLives) {
  start("127.0.0.1", nullptr);
  ASSERT_EQ(a.permit({"127.0.0.1:1"}).code(), 0);  // by address: nothing is opened by it
  for (const char* port : {"22", "80", "3478", "8080"}) {
    h.sent.clear();
    h.deliver(a.path, a.sendIndication(std::string("127.0.0.1:") + port, "x"));
    EXPECT_TRUE(h.sent.empty()) << port;
  }
  EXPECT_EQ(h.drops(DropCause::DeniedPeer), 4u);
  EXPECT_EQ(a.bind(0x4001, "127.0.0.1:22").code(), 403);
  EXPECT_EQ(a.bind(0x4001, "127.0.0.1:3478").code(), 403);
  EXPECT_EQ(a.permit({"127.0.0.1:3478"}).code(), 403);  // a listener, by its name
  EXPECT_EQ(a.permit({"127.0.0.1:8080"}).code(), 403);
  EXPECT_EQ(a.permit({"127.0.0.2:1"}).code(), 403);  // loopback, and no relay of ours
}

TEST_F(SameServer, aLocalProcessIsNoPeer) {
  start("127.0.0.1", nullptr);
  ASSERT_EQ(a.permit({b.relayed.toString()}).code(), 0);
  h.sent.clear();
  h.deliver(h.peerPath(boundA, addr("127.0.0.1:22")), octets("SSH-2.0"));
  EXPECT_TRUE(h.sent.empty());
  EXPECT_EQ(h.drops(DropCause::DeniedPeer), 1u);
}

TEST_F(SameServer, endsWhenTheOtherRelayEnds) {
  start("127.0.0.1", nullptr);
  talk();
  ASSERT_EQ(a.bind(0x4002, b.relayed.toString()).code(), 0);
  ASSERT_EQ(b.refresh(0).code(), 0);
  h.sent.clear();
  h.deliver(a.path, Client::channelData(0x4002, "anyone?"));
  h.deliver(a.path, a.sendIndication(b.relayed.toString(), "anyone?"));
  EXPECT_TRUE(h.sent.empty());
  EXPECT_EQ(a.bind(0x4002, b.relayed.toString()).code(), 403);
}

TEST_F(SameServer, aRegistryOfAllShardsIsAsked) {
  LocalRelayRegistry all;
  Config config = test::defaultConfig();
  config.relayAddresses = {{ip("127.0.0.1"), {}}};
  config.peers.ownAddresses = {ip("127.0.0.1")};
  h.server = std::make_unique<Server>(config, h.random, &all);
  ASSERT_EQ(a.allocate().code(), 0);
  EXPECT_TRUE(all.isLive(a.relayed));
  all.setLive(addr("127.0.0.1:60001"), true);  // another shard's
  EXPECT_EQ(a.bind(0x4000, "127.0.0.1:60001").code(), 0);
  EXPECT_EQ(a.bind(0x4001, "127.0.0.1:60002").code(), 403);
  ASSERT_EQ(a.refresh(0).code(), 0);
  EXPECT_FALSE(all.isLive(a.relayed));
}

TEST_F(SameServer, anExplicitAllowOpensTheOwnAddressButNoListener) {
  Config config = test::defaultConfig();
  config.relayAddresses = {{ip("127.0.0.1"), {}}};
  config.peers.ownAddresses = {ip("127.0.0.1")};
  config.peers.listeners = {addr("0.0.0.0:3478"), addr("127.0.0.1:8080")};
  config.peers.allow = {*Prefix::parse("127.0.0.0/8")};
  h.restart(config);
  ASSERT_EQ(a.allocate().code(), 0);
  EXPECT_EQ(a.bind(0x4000, "127.0.0.1:3480").code(), 0);
  EXPECT_EQ(a.bind(0x4001, "127.0.0.1:3478").code(), 403);
  EXPECT_EQ(a.bind(0x4001, "127.0.0.1:8080").code(), 403);
  EXPECT_EQ(a.bind(0x4001, "127.0.0.2:3478").code(), 403);  // the wildcard hears there too
  EXPECT_EQ(a.bind(0x4001, "127.0.0.2:3480").code(), 0);
  h.sent.clear();
  h.deliver(a.path, a.sendIndication("127.0.0.1:3478", "x"));
  EXPECT_TRUE(h.sent.empty());
  h.deliver(a.path, a.sendIndication("127.0.0.1:3481", "x"));
  EXPECT_EQ(h.sent.size(), 1u);
}

TEST_F(SameServer, newRulesCountForOldPermissions) {
  start("192.0.2.1", nullptr);
  ASSERT_EQ(a.permit({"203.0.113.5:1"}).code(), 0);
  ASSERT_EQ(a.bind(0x4000, "203.0.113.6:5000").code(), 0);
  PeerRules rules;
  rules.deny = {*Prefix::parse("203.0.113.0/24")};
  h.server->setPeerRules(rules);
  h.sent.clear();
  h.deliver(a.path, a.sendIndication("203.0.113.5:5000", "x"));
  h.deliver(a.path, Client::channelData(0x4000, "x"));
  EXPECT_TRUE(h.sent.empty());
  EXPECT_EQ(a.permit({"203.0.113.5:1"}).code(), 403);
}

}  // namespace
}  // namespace parley::turn
