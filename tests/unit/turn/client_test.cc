// A client's allocation at our own server engine: what it keeps alive, what it wraps and unwraps.
#include "client_harness.h"

namespace parley::turn {
namespace {

using client::Allocated;
using client::ChannelBound;
using client::Closed;
using client::Failed;
using client::PermissionFailed;
using client::PermissionGranted;
using client::Remedy;
using test::addr;
using test::defaultConfig;
using test::ip;
using test::Octets;
using test::RealServer;

const Address kPeer = *Address::parse("203.0.113.5:5000");
constexpr const char* kPeerText = "203.0.113.5:5000";

TEST(TurnClient, AllocatesOverEachTransportWithSha256) {
  for (const Transport t : {Transport::Udp, Transport::Tcp, Transport::Tls}) {
    RealServer s({.username = "alice", .password = "secret"}, defaultConfig(), t);
    s.start();
    const auto made = s.only<Allocated>();
    EXPECT_EQ(made.relayed.ip(), ip("192.0.2.1"));
    EXPECT_EQ(made.mapped, s.path.local);
    EXPECT_EQ(made.lifetime, 600s);
    EXPECT_EQ(s.allocation.state(), client::Allocation::State::Live);
    EXPECT_EQ(s.sent, 2u);  // one challenge
    EXPECT_EQ(s.allocation.roundTrip(), Duration{});
  }
}

TEST(TurnClient, AllocatesIPv6AndForALifetime) {
  RealServer s(
      {.username = "alice", .password = "secret", .family = Family::V6, .lifetime = 1200s});
  s.start();
  EXPECT_EQ(s.only<Allocated>().relayed.ip(), ip("2001:db8::1"));
  EXPECT_EQ(s.only<Allocated>().lifetime, 1200s);
  EXPECT_EQ(s.allocation.addPermission(kPeer, s.now).error().code(), ErrorCode::Invalid);
  EXPECT_EQ(s.allocation.bindChannel(kPeer, s.now).error().code(), ErrorCode::Invalid);
  EXPECT_TRUE(s.allocation.addPermission(addr("[2001:db8:9::1]:5"), s.now));
  s.exchange();
  EXPECT_TRUE(s.has<PermissionGranted>());
}

TEST(TurnClient, AWrongPasswordIsSaidToBeOne) {
  RealServer s({.username = "alice", .password = "guess"});
  s.start();
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::CheckCredentials);
}

TEST(TurnClient, LossIsRepairedByRetransmission) {
  RealServer s;
  SeededRandom dice(3);
  s.loses = [&](const Octets&) { return dice.below(3) == 0; };
  s.start();
  s.advance(60s);
  EXPECT_TRUE(s.has<Allocated>());
  EXPECT_EQ(s.harness.server->counters().allocationsMade, 1u);
}

TEST(TurnClient, PermissionsAskedForEarlyComeWithTheAllocation) {
  RealServer s;
  EXPECT_TRUE(s.allocation.addPermission(kPeer, s.now));
  EXPECT_TRUE(s.allocation.addPermission(addr("203.0.113.5:9999"), s.now));  // the same IP
  EXPECT_TRUE(s.allocation.addPermission(addr("203.0.113.6:1"), s.now));
  s.start();
  EXPECT_EQ(s.all<PermissionGranted>().size(), 2u);
  EXPECT_EQ(s.sent, 3u);  // both in one request
  EXPECT_TRUE(s.allocation.hasPermission(kPeer.ip()));
}

TEST(TurnClient, DataGoesByIndicationAndSoonByChannel) {
  RealServer s;
  ASSERT_TRUE(s.allocation.addPermission(kPeer, s.now));
  s.start();
  EXPECT_EQ(s.allocation.headroom(kPeer), 36u);
  EXPECT_EQ(s.send(kPeer, "hello"), 36u + 8u);
  ASSERT_EQ(s.toPeers.size(), 1u);
  EXPECT_EQ(s.toPeers[0].bytes, test::octets("hello"));
  EXPECT_EQ(s.toPeers[0].path.remote, kPeer);

  // What carried data has a channel now.
  EXPECT_EQ(s.only<ChannelBound>().peer, kPeer);
  EXPECT_EQ(s.allocation.headroom(kPeer), 4u);
  EXPECT_EQ(s.send(kPeer, "world!"), 4u + 6u);  // no padding over UDP
  ASSERT_EQ(s.toPeers.size(), 2u);
  EXPECT_EQ(s.toPeers[1].bytes, test::octets("world!"));

  s.sendFromPeer(kPeerText, "back");
  ASSERT_EQ(s.heard.size(), 1u);
  EXPECT_EQ(s.heard[0].first, kPeer);
  EXPECT_EQ(s.heard[0].second, "back");
}

TEST(TurnClient, PeersWithoutAChannelComeAsIndications) {
  RealServer s({.username = "alice", .password = "secret", .bindsChannels = false});
  ASSERT_TRUE(s.allocation.addPermission(kPeer, s.now));
  s.start();
  s.send(kPeer, "x");
  EXPECT_FALSE(s.has<ChannelBound>());
  s.sendFromPeer(kPeerText, "odd");
  s.sendFromPeer("203.0.113.5:77", "other port");
  ASSERT_EQ(s.heard.size(), 2u);
  EXPECT_EQ(s.heard[0].second, "odd");
  EXPECT_EQ(s.heard[1].first, addr("203.0.113.5:77"));
}

TEST(TurnClient, StunChecksBindNoChannel) {
  RealServer s;
  ASSERT_TRUE(s.allocation.addPermission(kPeer, s.now));
  s.start();
  Octets check(20);
  stun::MessageWriter w(check, stun::Method::Binding, stun::Class::Request, {});
  w.finish();
  s.send(kPeer, asText(check));
  EXPECT_EQ(s.toPeers.size(), 1u);
  EXPECT_FALSE(s.has<ChannelBound>());
  ASSERT_TRUE(s.allocation.bindChannel(kPeer, s.now));
  s.exchange();
  EXPECT_TRUE(s.has<ChannelBound>());
}

TEST(TurnClient, ChannelDataIsPaddedOverStreams) {
  RealServer s({.username = "alice", .password = "secret"}, defaultConfig(), Transport::Tcp);
  s.start();
  ASSERT_TRUE(s.allocation.bindChannel(kPeer, s.now));
  s.exchange();
  EXPECT_EQ(s.send(kPeer, "12345"), 4u + 8u);
  ASSERT_EQ(s.toPeers.size(), 1u);
  EXPECT_EQ(s.toPeers[0].bytes, test::octets("12345"));
}

TEST(TurnClient, EverythingIsKeptAliveForHours) {
  RealServer s;
  ASSERT_TRUE(s.allocation.addPermission(kPeer, s.now));
  ASSERT_TRUE(s.allocation.addPermission(addr("203.0.113.8:1"), s.now));
  s.start();
  ASSERT_TRUE(s.allocation.bindChannel(kPeer, s.now));
  s.exchange();
  for (int minute = 0; minute < 180; ++minute) {
    s.advance(60s);
    const std::size_t before = s.heard.size();
    s.send(kPeer, "keep");
    s.sendFromPeer(kPeerText, "alive");
    s.sendFromPeer("203.0.113.8:9", "too");
    ASSERT_EQ(s.heard.size(), before + 2) << "after " << minute << " minutes";
  }
  // The nonce became stale on the way, twice.
  EXPECT_FALSE(s.has<Failed>());
  EXPECT_GE(s.harness.errors(438), 2u);
  EXPECT_EQ(s.toPeers.size(), 180u);
  EXPECT_EQ(s.all<ChannelBound>().size(), 1u);
}

TEST(TurnClient, AnIdleChannelLapsesAndComesBackWithTheNextPacket) {
  RealServer s;
  s.start();
  ASSERT_TRUE(s.allocation.bindChannel(kPeer, s.now));
  s.exchange();
  s.advance(700s);
  EXPECT_FALSE(s.allocation.hasChannel(kPeer));
  EXPECT_EQ(s.send(kPeer, "again"), 36u + 8u);
  EXPECT_TRUE(s.allocation.hasChannel(kPeer));
  EXPECT_EQ(s.all<ChannelBound>().size(), 2u);
  EXPECT_EQ(s.send(kPeer, "x"), 5u);
  EXPECT_EQ(s.toPeers.size(), 2u);
}

TEST(TurnClient, AForbiddenPeerDoesNotCostTheOthersTheirs) {
  RealServer s;
  for (const char* p : {"203.0.113.1:1", "10.0.0.1:1", "203.0.113.2:1", "127.0.0.1:1"})
    ASSERT_TRUE(s.allocation.addPermission(addr(p), s.now));
  s.start();
  EXPECT_EQ(s.all<PermissionGranted>().size(), 2u);
  const auto refused = s.all<PermissionFailed>();
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_EQ(refused[0].code, 403);
  EXPECT_FALSE(s.allocation.hasPermission(ip("10.0.0.1")));
  EXPECT_TRUE(s.allocation.hasPermission(ip("203.0.113.2")));
  // Asked for again it is refused again.
  ASSERT_TRUE(s.allocation.addPermission(addr("10.0.0.1:1"), s.now));
  s.exchange();
  EXPECT_EQ(s.all<PermissionFailed>().size(), 3u);
}

TEST(TurnClient, PermissionsAndChannelsAreBounded) {
  RealServer s;
  s.start();
  for (std::size_t i = 0; i < client::kMaxPermissions; ++i) {
    const Address peer(IpAddress::v4(203, 0, 113, static_cast<std::uint8_t>(i)), 1);
    ASSERT_TRUE(s.allocation.addPermission(peer, s.now));
  }
  EXPECT_EQ(s.allocation.addPermission(addr("198.51.100.99:1"), s.now).error().code(),
            ErrorCode::Limit);
  s.exchange();
  EXPECT_EQ(s.all<PermissionGranted>().size(), client::kMaxPermissions);
  for (std::uint16_t i = 0; i < client::kMaxChannels; ++i)
    ASSERT_TRUE(s.allocation.bindChannel(kPeer.withPort(static_cast<std::uint16_t>(i + 1)), s.now));
  EXPECT_EQ(s.allocation.bindChannel(kPeer, s.now).error().code(), ErrorCode::Limit);
  s.exchange();
  EXPECT_EQ(s.all<ChannelBound>().size(), client::kMaxChannels);
  // Their numbers are another's only after fifteen minutes.
  s.advance(12min);
  EXPECT_FALSE(s.allocation.bindChannel(kPeer, s.now));
  s.advance(5min);
  EXPECT_TRUE(s.allocation.bindChannel(kPeer, s.now));
  s.exchange();
  EXPECT_TRUE(s.allocation.hasChannel(kPeer));
}

TEST(TurnClient, ARemovedPermissionLapses) {
  RealServer s;
  ASSERT_TRUE(s.allocation.addPermission(kPeer, s.now));
  s.start();
  s.allocation.removePermission(kPeer);
  s.advance(301s);
  s.sendFromPeer(kPeerText, "late");
  EXPECT_TRUE(s.heard.empty());
  EXPECT_FALSE(s.allocation.hasPermission(kPeer.ip()));
}

TEST(TurnClient, APermissionRemovedWhileItIsAskedForHarmsNobody) {
  RealServer s;
  s.start();
  ASSERT_TRUE(s.allocation.addPermission(kPeer, s.now));
  s.loses = [](const Octets&) { return true; };
  ASSERT_TRUE(s.allocation.addPermission(addr("203.0.113.7:1"), s.now));
  s.exchange();
  s.allocation.removePermission(kPeer);
  s.loses = nullptr;
  s.exchange();
  s.advance(10s);
  EXPECT_EQ(s.only<PermissionGranted>().peer, ip("203.0.113.7"));
}

TEST(TurnClient, ReleaseEndsItAtTheServerToo) {
  RealServer s;
  s.start();
  EXPECT_EQ(s.harness.sockets.size(), 1u);
  s.allocation.release(s.now);
  s.exchange();
  EXPECT_TRUE(s.has<Closed>());
  EXPECT_TRUE(s.harness.sockets.empty());
  EXPECT_EQ(s.allocation.nextTimeout(), kNever);
  Octets room(100);
  EXPECT_EQ(s.allocation.finish(room, 10, kPeer), 0u);
}

TEST(TurnClient, ReleaseDoesNotWaitLongForASilentServer) {
  RealServer s;
  s.start();
  s.loses = [](const Octets&) { return true; };
  s.allocation.release(s.now);
  s.exchange();
  s.advance(8s);
  EXPECT_TRUE(s.has<Closed>());
}

TEST(TurnClient, ReleaseBeforeTheAnswerLeavesNothingBehind) {
  RealServer s;
  s.allocation.start(s.now);
  s.allocation.release(s.now);
  s.exchange();
  EXPECT_TRUE(s.has<Closed>());
  EXPECT_FALSE(s.has<Allocated>());
  EXPECT_TRUE(s.harness.sockets.empty());
  RealServer idle;
  idle.allocation.release(idle.now);
  idle.exchange();
  EXPECT_TRUE(idle.has<Closed>());
}

TEST(TurnClient, AForgetfulServerEndsTheAllocation) {
  RealServer s;
  s.start();
  s.harness.sockets.clear();
  s.harness.restart(defaultConfig());
  s.advance(600s);
  const auto failed = s.only<Failed>();
  EXPECT_EQ(failed.code, 437);
  EXPECT_EQ(failed.remedy, Remedy::Again);
}

TEST(TurnClient, ASilentServerEndsTheAllocationWithItsLifetime) {
  RealServer s;
  s.start();
  s.loses = [](const Octets&) { return true; };
  s.advance(590s);
  EXPECT_FALSE(s.has<Failed>());
  s.advance(11s);
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::Again);
}

TEST(TurnClient, TheSamePortAskedTwiceNeedsAnotherSocket) {
  RealServer s;
  s.start();
  client::Allocation second(s.path, {.username = "alice", .password = "secret"}, s.random);
  second.start(s.now);
  std::vector<std::uint8_t> arena(64 * 1024);
  std::vector<Transmit> items(16);
  std::optional<Failed> failed;
  for (int i = 0; i < 4 && !failed; ++i) {
    TransmitBatch batch(arena, items);
    second.pollTransmit(batch, s.now);
    for (const Transmit& t : batch.trains())
      s.harness.deliver(s.atServer, {batch.bytes(t).begin(), batch.bytes(t).end()});
    for (test::Sent& a : s.harness.takeSent())
      second.handleDatagrams(Train(s.path, a.bytes), s.now);
    while (const auto e = second.pollEvent())
      if (const auto* f = std::get_if<Failed>(&*e)) failed = *f;
  }
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->code, 437);
  EXPECT_EQ(failed->remedy, Remedy::NewSocket);
  s.sendFromPeer(kPeerText, "x");  // the first is unharmed
  EXPECT_EQ(s.allocation.state(), client::Allocation::State::Live);
}

TEST(TurnClient, AClosedStreamEndsIt) {
  RealServer s({.username = "alice", .password = "secret"}, defaultConfig(), Transport::Tcp);
  s.start();
  s.allocation.handlePathEvent(s.path, PathEvent::Writable, s.now);
  EXPECT_FALSE(s.has<Failed>());
  s.allocation.handlePathEvent(s.path, PathEvent::Closed, s.now);
  s.drainClient();
  EXPECT_EQ(s.only<Failed>().remedy, Remedy::Again);
}

TEST(TurnClient, PeersErrorsAreTold) {
  RealServer s;
  ASSERT_TRUE(s.allocation.addPermission(kPeer, s.now));
  s.start();
  Octets out(128);
  stun::MessageWriter w(out, stun::Method::Data, stun::Class::Indication, {});
  w.xorAddress(stun::attr::kXorPeerAddress, kPeer);
  // Type 3 code 4, "fragmentation needed", MTU 1400 (RFC 8656 section 18.13).
  w.attribute(stun::attr::kIcmp, Octets{0, 0, 3 << 1, 4, 0, 0, 0x05, 0x78});
  out.resize(w.finish());
  EXPECT_FALSE(s.allocation.unwrap(out));
  s.receive(out);
  s.drainClient();
  const auto e = s.only<client::PeerUnreachable>();
  EXPECT_EQ(e.peer, kPeer);
  EXPECT_EQ(e.type, 3);
  EXPECT_EQ(e.code, 4);
  EXPECT_EQ(e.data, 1400u);
}

TEST(TurnClient, RubbishIsNotUnwrapped) {
  RealServer s;
  s.start();
  ASSERT_TRUE(s.allocation.bindChannel(kPeer, s.now));
  s.exchange();
  Octets good = {0x40, 0, 0, 2, 'h', 'i', 0, 0};
  const auto data = s.allocation.unwrap(good);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->payload.size(), 2u);
  for (Octets bad : std::vector<Octets>{{},
                                        {0x40},
                                        {0x40, 0, 0, 5, 'h', 'i'},  // longer than it is
                                        {0x40, 1, 0, 2, 'h', 'i'},  // no such channel
                                        {0x7F, 0xFF, 0, 0},
                                        {0x00, 0x17, 0, 0, 1, 2, 3, 4}}) {
    EXPECT_FALSE(s.allocation.unwrap(bad));
    s.receive(bad);
  }
  // A peer that was given no permission: not from our server's mouth.
  Octets out(128);
  stun::MessageWriter w(out, stun::Method::Data, stun::Class::Indication, {});
  w.xorAddress(stun::attr::kXorPeerAddress, addr("203.0.113.99:1"));
  w.text(stun::attr::kData, "boo");
  out.resize(w.finish());
  EXPECT_FALSE(s.allocation.unwrap(out));
}

TEST(TurnClient, WhatDoesNotFitIsNotSent) {
  RealServer s;
  s.start();
  Octets room(100);
  EXPECT_EQ(s.allocation.finish(room, 61, kPeer), 100u);  // 36 + 61 + 3
  EXPECT_EQ(s.allocation.finish(room, 65, kPeer), 0u);
  Octets big(70'000);
  EXPECT_EQ(s.allocation.finish(big, 65'536, kPeer), 0u);
}

}  // namespace
}  // namespace parley::turn
