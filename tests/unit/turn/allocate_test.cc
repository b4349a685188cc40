// Allocate and Refresh: the checks of RFC 8656 section 7.2 in order, relay sockets, retransmission,
// lifetimes, quotas, reserved ports, two families.
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

TEST(Allocate, givesARelayAddress) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  const Reply r = c.allocate();
  ASSERT_EQ(r.code(), 0);
  EXPECT_EQ(c.relayed.ip(), ip("192.0.2.1"));
  EXPECT_GE(c.relayed.port(), 49152);
  EXPECT_EQ(r.xorAddress(attr::kXorMappedAddress), addr("198.51.100.7:4000"));
  EXPECT_EQ(r.lifetime(), 600u);
  EXPECT_FALSE(r.message().has(attr::kReservationToken));
  EXPECT_EQ(h.sockets.size(), 1u);
  const auto made = h.eventsOf<AllocationMade>();
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].relayed, c.relayed);
  EXPECT_EQ(made[0].user, "alice");
  EXPECT_EQ(h.server->counters().allocations[0][0], 1u);
}

TEST(Allocate, announcesTheExternalAddress) {
  Config config = test::defaultConfig();
  config.relayAddresses = {{ip("10.0.0.5"), ip("203.0.113.80")}};
  Harness h(config);
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  EXPECT_EQ(c.relayed.ip(), ip("203.0.113.80"));
  EXPECT_EQ(h.sockets.begin()->second, Address(ip("10.0.0.5"), c.relayed.port()));
}

TEST(Allocate, relaysOnTheAddressTheClientSpokeTo) {
  Config config = test::defaultConfig();
  config.relayAddresses = {{ip("192.0.2.1"), {}}, {ip("192.0.2.99"), {}}};
  Harness h(config);
  Client c(h, "198.51.100.7:4000", Transport::Udp, "192.0.2.99:3478");
  ASSERT_EQ(c.allocate().code(), 0);
  EXPECT_EQ(c.relayed.ip(), ip("192.0.2.99"));
}

TEST(Allocate, aRetransmissionGetsTheSameAnswer) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  const Octets request = c.request(stun::Method::Allocate, Client::udp);
  const Reply first = c.exchange(request);
  ASSERT_EQ(first.code(), 0);
  h.advance(3s);
  EXPECT_EQ(c.exchange(request).bytes, first.bytes);
  EXPECT_EQ(h.server->allocationCount(), 1u);
  EXPECT_EQ(h.sockets.size(), 1u);
}

TEST(Allocate, aRetransmissionWaitsWhileTheSocketIsMade) {
  Harness h;
  h.answerBinds = false;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  const Octets request = c.request(stun::Method::Allocate, Client::udp);
  EXPECT_FALSE(c.exchange(request).received());
  EXPECT_FALSE(c.exchange(request).received());
  ASSERT_EQ(h.unanswered.size(), 1u);
  h.answer(h.unanswered[0]);
  h.drainAll();
  EXPECT_EQ(c.takeReply(request).code(), 0);
  EXPECT_TRUE(h.sent.empty());
}

TEST(Allocate, nothingElseIsServedWhileTheSocketIsMade) {
  Harness h;
  h.answerBinds = false;
  Client c(h, "198.51.100.7:4000");
  EXPECT_FALSE(c.allocate().received());
  EXPECT_EQ(c.allocate().code(), 437);
  EXPECT_EQ(c.permit({"203.0.113.5:1"}).code(), 437);
  EXPECT_EQ(c.refresh(0).code(), 437);
  h.deliver(c.path, c.sendIndication("203.0.113.5:9999", "x"));
  EXPECT_EQ(h.drops(DropCause::NoPermission), 1u);
}

TEST(Allocate, aDriverThatNeverAnswersHoldsNothingForEver) {
  Harness h;
  h.answerBinds = false;
  Client c(h, "198.51.100.7:4000");
  EXPECT_FALSE(c.allocate().received());
  h.advance(60s);
  EXPECT_EQ(h.server->allocationCount(), 0u);
  h.answer(h.unanswered[0]);  // too late: closed at once
  h.drainAll();
  EXPECT_TRUE(h.sockets.empty());
  h.answerBinds = true;
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Allocate, anotherAllocateOnTheSame5TupleIs437) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  EXPECT_EQ(c.allocate().code(), 437);
  c.user = "bob";
  c.password = "hidden";
  EXPECT_EQ(c.allocate().code(), 437);
  Client same(h, "198.51.100.7:4000", Transport::Tcp);  // another transport, another 5-tuple
  EXPECT_EQ(same.allocate().code(), 0);
}

TEST(Allocate, needsARequestedTransportOfUdp) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  EXPECT_EQ(c.call(stun::Method::Allocate).code(), 400);
  EXPECT_EQ(c.call(stun::Method::Allocate,
                   [](auto& w) { w.attribute(attr::kRequestedTransport, Octets{17}); })
                .code(),
            400);
  for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{6, 0, 1, 255}) {
    EXPECT_EQ(
        c.call(stun::Method::Allocate, [&](auto& w) { w.requestedTransport(protocol); }).code(),
        442);
  }
  EXPECT_EQ(h.server->allocationCount(), 0u);
}

TEST(Allocate, dontFragmentIsUnknownHere) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  const Reply r = c.allocate([](auto& w) { w.flag(attr::kDontFragment); });
  ASSERT_EQ(r.code(), 420);
  EXPECT_EQ(r.text(attr::kUnknownAttributes), std::string("\x00\x1a", 2));
  EXPECT_NE(r.message().integrity(), stun::Integrity::None);
}

TEST(Allocate, optionalUnknownAttributesAreIgnored) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  EXPECT_EQ(c.allocate([](auto& w) { w.text(0x8fed, "what"); }).code(), 0);
}

TEST(Allocate, clampsLifetimes) {
  Harness h;
  int port = 4000;
  const std::pair<std::uint32_t, std::uint32_t> cases[] = {
      {0, 600}, {1, 600}, {600, 600}, {900, 900}, {3600, 3600}, {3601, 3600}, {0xffffffff, 3600}};
  for (const auto& [asked, given] : cases) {
    Client c(h, "198.51.100.7:" + std::to_string(port++));
    EXPECT_EQ(c.allocate([&](auto& w) { w.u32(attr::kLifetime, asked); }).lifetime(), given);
  }
  Client bad(h, "198.51.100.7:5000");
  EXPECT_EQ(bad.allocate([](auto& w) { w.u64(attr::kLifetime, 1); }).code(), 400);
}

TEST(Allocate, familiesAreServedOrRefused) {
  Harness h;
  Client v6(h, "198.51.100.7:4000");
  ASSERT_EQ(
      v6.allocate([](auto& w) { w.family(attr::kRequestedAddressFamily, Family::V6); }).code(), 0);
  EXPECT_EQ(v6.relayed.ip(), ip("2001:db8::1"));
  Client odd(h, "198.51.100.7:4001");
  EXPECT_EQ(odd.allocate([](auto& w) { w.u32(attr::kRequestedAddressFamily, 3u << 24); }).code(),
            440);
  EXPECT_EQ(odd.allocate([](auto& w) { w.u64(attr::kRequestedAddressFamily, 1); }).code(), 400);
  Config config = test::defaultConfig();
  config.relayAddresses = {{ip("192.0.2.1"), {}}};
  Harness only4(config);
  Client c(only4, "198.51.100.7:4000");
  EXPECT_EQ(c.allocate([](auto& w) { w.family(attr::kRequestedAddressFamily, Family::V6); }).code(),
            440);
  config.relayAddresses = {{ip("2001:db8::1"), {}}};
  Harness only6(config);
  Client d(only6, "198.51.100.7:4000");
  EXPECT_EQ(d.allocate().code(), 440);
}

TEST(AllocateDual, givesBothFamilies) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  const Reply r = c.allocate([](auto& w) { w.family(attr::kAdditionalAddressFamily, Family::V6); });
  ASSERT_EQ(r.code(), 0);
  std::vector<Address> relayed;
  const auto m = r.message();
  for (const stun::Attribute a : m.attributes()) {
    if (a.type == attr::kXorRelayedAddress) {
      relayed.push_back(*stun::decodeXorAddress(a.value, m.transactionId()));
    }
  }
  ASSERT_EQ(relayed.size(), 2u);
  EXPECT_EQ(relayed[0].family(), Family::V4);
  EXPECT_EQ(relayed[1].family(), Family::V6);
  EXPECT_EQ(h.eventsOf<AllocationMade>()[0].additional, relayed[1]);
  EXPECT_EQ(c.permit({"203.0.113.5:1", "[2001:db8:5::5]:1"}).code(), 0);
  h.deliver(c.path, c.sendIndication("[2001:db8:5::5]:777", "six"));
  ASSERT_EQ(h.sent.size(), 1u);
  EXPECT_EQ(h.sent[0].path.local, relayed[1]);
}

TEST(AllocateDual, saysWhenTheSecondFamilyIsNotToBeHad) {
  Config config = test::defaultConfig();
  config.relayAddresses = {{ip("192.0.2.1"), {}}};
  Harness h(config);
  Client c(h, "198.51.100.7:4000");
  const Reply r = c.allocate([](auto& w) { w.family(attr::kAdditionalAddressFamily, Family::V6); });
  ASSERT_EQ(r.code(), 0);
  const auto error = r.text(attr::kAddressErrorCode);
  ASSERT_GE(error.size(), 4u);
  EXPECT_EQ(error.substr(0, 4), std::string("\x02\x00\x04\x28", 4));  // IPv6, 440
  EXPECT_EQ(c.permit({"[2001:db8:5::5]:1"}).code(), 443);
}

TEST(AllocateDual, livesOnWithOneSocketWhenTheOtherFails) {
  Harness h;
  h.bindRule = [](const Address& a) -> Status {
    if (a.family() == Family::V6) return Error{ErrorCode::System, "bind", 99};
    return Ok{};
  };
  Client c(h, "198.51.100.7:4000");
  const Reply r = c.allocate([](auto& w) { w.family(attr::kAdditionalAddressFamily, Family::V6); });
  ASSERT_EQ(r.code(), 0);
  EXPECT_EQ(r.text(attr::kAddressErrorCode).substr(0, 4), std::string("\x02\x00\x05\x08", 4));
}

TEST(AllocateDual, refusesCombinationsThatMakeNoSense) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  EXPECT_EQ(
      c.allocate([](auto& w) { w.family(attr::kAdditionalAddressFamily, Family::V4); }).code(),
      400);
  EXPECT_EQ(c.allocate([](auto& w) {
               w.family(attr::kAdditionalAddressFamily, Family::V6);
               w.family(attr::kRequestedAddressFamily, Family::V4);
             }).code(),
            400);
  EXPECT_EQ(c.allocate([](auto& w) {
               w.family(attr::kAdditionalAddressFamily, Family::V6);
               w.attribute(attr::kEvenPort, Octets{0x80});
             }).code(),
            400);
  EXPECT_EQ(c.allocate([](auto& w) {
               w.u64(attr::kReservationToken, 1);
               w.attribute(attr::kEvenPort, Octets{0});
             }).code(),
            400);
  EXPECT_EQ(c.allocate([](auto& w) {
               w.u64(attr::kReservationToken, 1);
               w.family(attr::kRequestedAddressFamily, Family::V4);
             }).code(),
            400);
  EXPECT_EQ(c.allocate([](auto& w) { w.u32(attr::kReservationToken, 1); }).code(), 400);
  EXPECT_EQ(c.allocate([](auto& w) { w.u32(attr::kEvenPort, 0); }).code(), 400);
}

TEST(AllocateDual, refreshesAndDeletesOneFamilyAlone) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(
      c.allocate([](auto& w) { w.family(attr::kAdditionalAddressFamily, Family::V6); }).code(), 0);
  const auto family = [](Family f) {
    return [f](stun::MessageWriter& w) { w.family(attr::kRequestedAddressFamily, f); };
  };
  EXPECT_EQ(c.refresh(0, family(Family::V6)).code(), 0);
  EXPECT_EQ(h.sockets.size(), 1u);
  EXPECT_EQ(h.server->allocationCount(), 1u);
  EXPECT_EQ(c.refresh(600, family(Family::V6)).code(), 443);
  EXPECT_EQ(c.refresh(600, family(Family::V4)).code(), 0);
  EXPECT_EQ(c.refresh(0, family(Family::V4)).code(), 0);
  EXPECT_EQ(h.server->allocationCount(), 0u);
  EXPECT_TRUE(h.sockets.empty());
}

TEST(AllocateDual, theFirstFamilyCanGoAndTheSecondStays) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(
      c.allocate([](auto& w) { w.family(attr::kAdditionalAddressFamily, Family::V6); }).code(), 0);
  ASSERT_EQ(c.bind(0x4000, "203.0.113.5:5000").code(), 0);
  EXPECT_EQ(
      c.refresh(900, [](auto& w) { w.family(attr::kRequestedAddressFamily, Family::V6); }).code(),
      0);
  h.advance(700s);  // the IPv4 relay was not refreshed
  EXPECT_EQ(h.sockets.size(), 1u);
  EXPECT_EQ(h.sockets.begin()->second.family(), Family::V6);
  EXPECT_EQ(c.permit({"203.0.113.5:1"}).code(), 443);
  EXPECT_EQ(c.permit({"[2001:db8:5::5]:1"}).code(), 0);
  h.deliver(c.path, Client::channelData(0x4000, "late"));
  EXPECT_EQ(h.drops(DropCause::NoChannel), 1u);
}

TEST(RelaySockets, aPortInUseIsTriedElsewhere) {
  Harness h;
  int refused = 3;
  h.bindRule = [&](const Address&) -> Status {
    if (refused-- > 0) return Error{ErrorCode::InUse, "bind"};
    return Ok{};
  };
  Client c(h, "198.51.100.7:4000");
  EXPECT_EQ(c.allocate().code(), 0);
  EXPECT_EQ(h.eventsOf<BindRelay>().size(), 4u);
}

TEST(RelaySockets, noPortAtAllIs508) {
  Harness h;
  h.bindRule = [](const Address&) -> Status { return Error{ErrorCode::InUse, "bind"}; };
  Client c(h, "198.51.100.7:4000");
  EXPECT_EQ(c.allocate().code(), 508);
  EXPECT_EQ(h.eventsOf<BindRelay>().size(), static_cast<std::size_t>(kMaxBindAttempts));
  EXPECT_EQ(h.server->allocationCount(), 0u);
  EXPECT_EQ(h.eventsOf<RequestRefused>().size(), 1u);
  h.bindRule = {};
  EXPECT_EQ(c.allocate().code(), 0);  // the quota was given back
}

TEST(RelaySockets, anotherErrorIs508AtOnce) {
  Harness h;
  h.bindRule = [](const Address&) -> Status { return Error{ErrorCode::System, "bind", 24}; };
  Client c(h, "198.51.100.7:4000");
  EXPECT_EQ(c.allocate().code(), 508);
  EXPECT_EQ(h.eventsOf<BindRelay>().size(), 1u);
}

TEST(RelaySockets, portsStayInTheRangeAndDiffer) {
  Config config = test::defaultConfig();
  config.minPort = 50'000;
  config.maxPort = 50'031;
  Harness h(config);
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 10; ++i) {
    Client c(h, "198.51.100.7:" + std::to_string(4000 + i));
    ASSERT_EQ(c.allocate().code(), 0);
    EXPECT_GE(c.relayed.port(), 50'000);
    EXPECT_LE(c.relayed.port(), 50'031);
    ports.insert(c.relayed.port());
  }
  EXPECT_EQ(ports.size(), 10u);
}

TEST(EvenPort, givesAnEvenPort) {
  Harness h;
  for (int i = 0; i < 20; ++i) {
    Client c(h, "198.51.100.7:" + std::to_string(4000 + i));
    const Reply r = c.allocate([](auto& w) { w.attribute(attr::kEvenPort, Octets{0}); });
    ASSERT_EQ(r.code(), 0);
    EXPECT_EQ(c.relayed.port() % 2, 0);
    EXPECT_FALSE(r.message().has(attr::kReservationToken));
  }
}

Reply allocatePair(Client& c) {
  return c.allocate([](auto& w) { w.attribute(attr::kEvenPort, Octets{0x80}); });
}
std::uint64_t tokenOf(const Reply& r) {
  return *stun::decodeU64(*r.message().find(attr::kReservationToken));
}

TEST(EvenPort, reservesTheNextPortForItsToken) {
  Harness h;
  Client rtp(h, "198.51.100.7:4000");
  const Reply r = allocatePair(rtp);
  ASSERT_EQ(r.code(), 0);
  ASSERT_TRUE(r.message().has(attr::kReservationToken));
  EXPECT_EQ(h.sockets.size(), 2u);
  const auto byToken = [&](auto& w) { w.u64(attr::kReservationToken, tokenOf(r)); };
  Client thief(h, "198.51.100.7:4002");
  thief.user = "bob";
  thief.password = "hidden";
  EXPECT_EQ(thief.allocate(byToken).code(), 508);
  Client rtcp(h, "198.51.100.7:4001");
  ASSERT_EQ(rtcp.allocate(byToken).code(), 0);
  EXPECT_EQ(rtcp.relayed, rtp.relayed.withPort(static_cast<std::uint16_t>(rtp.relayed.port() + 1)));
  Client again(h, "198.51.100.7:4003");
  EXPECT_EQ(again.allocate(byToken).code(), 508);  // used once
}

TEST(EvenPort, aRetransmissionRepeatsTheToken) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  c.challenge();
  const Octets request = c.request(stun::Method::Allocate, [](auto& w) {
    Client::udp(w);
    w.attribute(attr::kEvenPort, Octets{0x80});
  });
  const Reply first = c.exchange(request);
  ASSERT_EQ(first.code(), 0);
  EXPECT_EQ(c.exchange(request).bytes, first.bytes);
}

TEST(EvenPort, aReservationEndsAfterThirtySeconds) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  const Reply r = allocatePair(c);
  ASSERT_EQ(r.code(), 0);
  h.advance(kReservationLifetime);
  EXPECT_EQ(h.sockets.size(), 1u);
  Client late(h, "198.51.100.7:4001");
  EXPECT_EQ(late.allocate([&](auto& w) { w.u64(attr::kReservationToken, tokenOf(r)); }).code(),
            508);
}

TEST(EvenPort, whatComesToAReservedPortGoesNowhere) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(allocatePair(c).code(), 0);
  const Address reserved = c.relayed.withPort(static_cast<std::uint16_t>(c.relayed.port() + 1));
  Client stranger(h, "203.0.113.5:5000");
  h.deliver(h.peerPath(reserved, addr("203.0.113.5:5000")),
            stranger.request(stun::Method::Binding));
  EXPECT_TRUE(h.sent.empty());  // above all, it does not answer as a server
}

TEST(EvenPort, takesAnotherPairWhenTheNeighbourIsTaken) {
  Harness h;
  int odd = 0;
  h.bindRule = [&](const Address& a) -> Status {
    if (a.port() % 2 == 1 && odd++ < 3) return Error{ErrorCode::InUse, "bind"};
    return Ok{};
  };
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(allocatePair(c).code(), 0);
  EXPECT_EQ(odd, 4);
  EXPECT_EQ(h.sockets.size(), 2u);
}

TEST(EvenPort, noPairIs508AndLeavesNothingOpen) {
  Harness h;
  h.bindRule = [&](const Address& a) -> Status {
    if (a.port() % 2 == 1) return Error{ErrorCode::InUse, "bind"};
    return Ok{};
  };
  Client c(h, "198.51.100.7:4000");
  EXPECT_EQ(allocatePair(c).code(), 508);
  EXPECT_TRUE(h.sockets.empty());
}

TEST(EvenPort, reservationsAreBounded) {
  Config config = test::defaultConfig();
  config.staticUserLimits.maxAllocations = 1000;
  Harness h(config);
  int made = 0;
  for (int i = 0; i < 300; ++i) {
    Client c(h, "198.51.100.7:" + std::to_string(4000 + i));
    if (allocatePair(c).success()) ++made;
  }
  EXPECT_EQ(made, 256);
  EXPECT_EQ(h.errors(508), 44u);
}

TEST(Quota, aUserHasSoMany) {
  Config config = test::defaultConfig();
  config.staticUserLimits.maxAllocations = 2;
  Harness h(config);
  Client a(h, "198.51.100.7:4000");
  Client b(h, "198.51.100.8:4000");
  Client c(h, "198.51.100.9:4000");
  EXPECT_EQ(a.allocate().code(), 0);
  EXPECT_EQ(b.allocate().code(), 0);
  EXPECT_EQ(c.allocate().code(), 486);
  Client other(h, "198.51.100.9:4001");
  other.user = "bob";
  other.password = "hidden";
  EXPECT_EQ(other.allocate().code(), 0);
  EXPECT_EQ(a.refresh(0).code(), 0);
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Quota, aSourceHasSoMany) {
  Config config = test::defaultConfig();
  config.maxAllocationsPerSource = 2;
  Harness h(config);
  const std::pair<const char*, int> cases[] = {
      {"198.51.100.7:1", 0},         {"198.51.100.7:2", 0},       {"198.51.100.7:3", 486},
      {"198.51.100.8:1", 0},         {"[2001:db8:7::1]:1", 0},    {"[2001:db8:7:0:1::2]:1", 0},
      {"[2001:db8:7:ff::3]:1", 486}, {"[2001:db8:7:100::3]:1", 0}};
  for (const auto& [source, code] : cases) {
    Client c(h, source);
    EXPECT_EQ(c.allocate().code(), code) << source;
  }
}

TEST(Quota, aFullTableIs508) {
  Config config = test::defaultConfig();
  config.maxAllocations = 3;
  Harness h(config);
  std::deque<Client> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back(h, "198.51.100.7:" + std::to_string(4000 + i));
    EXPECT_EQ(clients.back().allocate().code(), i < 3 ? 0 : 508);
  }
  EXPECT_EQ(clients[0].refresh(0).code(), 0);
  EXPECT_EQ(clients[3].allocate().code(), 0);
}

TEST(Refresh, prolongsAndDeletes) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  h.advance(590s);
  const Reply r = c.refresh();
  EXPECT_EQ(r.code(), 0);
  EXPECT_EQ(r.lifetime(), 600u);
  h.advance(590s);
  EXPECT_EQ(h.server->allocationCount(), 1u);
  const Reply gone = c.refresh(0);
  EXPECT_EQ(gone.code(), 0);
  EXPECT_EQ(gone.lifetime(), 0u);
  EXPECT_EQ(h.server->allocationCount(), 0u);
  EXPECT_TRUE(h.sockets.empty());
  ASSERT_EQ(h.eventsOf<AllocationEnded>().size(), 1u);
  EXPECT_EQ(h.eventsOf<AllocationEnded>()[0].reason, EndReason::Deleted);
  EXPECT_EQ(h.server->counters().allocations[0][0], 0u);
  // A retransmission of the deletion finds nothing, which clients take for success.
  EXPECT_EQ(c.refresh(0).code(), 437);
  EXPECT_EQ(h.server->nextTimeout(), kNever);
}

TEST(Refresh, clampsLifetimes) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  EXPECT_EQ(c.refresh(1).lifetime(), 600u);
  EXPECT_EQ(c.refresh(700).lifetime(), 700u);
  EXPECT_EQ(c.refresh(4000).lifetime(), 3600u);
}

TEST(Refresh, byAnotherUserIs441) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  c.user = "bob";
  c.password = "hidden";
  EXPECT_EQ(c.refresh(0).code(), 441);
  EXPECT_EQ(c.permit({"203.0.113.5:1"}).code(), 441);
  c.password = "wrong";
  EXPECT_EQ(c.refresh(0).code(), 401);
  EXPECT_EQ(h.server->allocationCount(), 1u);
}

TEST(Refresh, malformedAttributesAre400) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  EXPECT_EQ(c.refresh({}, [](auto& w) { w.u64(attr::kLifetime, 1); }).code(), 400);
  EXPECT_EQ(c.refresh({}, [](auto& w) { w.u64(attr::kRequestedAddressFamily, 1); }).code(), 400);
  EXPECT_EQ(c.refresh({}, [](auto& w) { w.u32(attr::kRequestedAddressFamily, 9u << 24); }).code(),
            443);
}

TEST(Expiry, anAllocationEndsOnTime) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  h.advance(599s);
  EXPECT_EQ(h.server->allocationCount(), 1u);
  h.advance(1s);
  EXPECT_EQ(h.server->allocationCount(), 0u);
  EXPECT_TRUE(h.sockets.empty());
  EXPECT_EQ(h.eventsOf<AllocationEnded>()[0].reason, EndReason::Expired);
  EXPECT_EQ(c.allocate().code(), 0);
}

TEST(Expiry, aLateTimerServesNobodyLonger) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  h.now += 601s;  // and handleTimeout() was not called
  EXPECT_EQ(c.refresh(600).code(), 437);
}

TEST(Expiry, anEarlyTimerIsHarmless) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  h.server->handleTimeout(h.now);
  h.server->handleTimeout(h.now - 5s);
  h.drainAll();
  EXPECT_EQ(h.server->allocationCount(), 1u);
}

TEST(Ends, aClosedStreamFreesItsAllocation) {
  Harness h;
  Client c(h, "198.51.100.7:4000", Transport::Tls);
  ASSERT_EQ(c.allocate().code(), 0);
  EXPECT_EQ(h.server->counters().allocations[static_cast<std::size_t>(Transport::Tls)][0], 1u);
  h.server->handlePathEvent(c.path, PathEvent::Writable, h.now);
  EXPECT_EQ(h.server->allocationCount(), 1u);
  h.server->handlePathEvent(c.path, PathEvent::Closed, h.now);
  h.server->handlePathEvent(c.path, PathEvent::Closed, h.now);
  h.drainAll();
  EXPECT_EQ(h.server->allocationCount(), 0u);
  EXPECT_TRUE(h.sockets.empty());
}

TEST(Ends, aStreamClosedWhileItsSocketIsMadeLeavesNothing) {
  Harness h;
  h.answerBinds = false;
  Client c(h, "198.51.100.7:4000", Transport::Tcp);
  c.allocate();
  h.server->handlePathEvent(c.path, PathEvent::Closed, h.now);
  ASSERT_EQ(h.unanswered.size(), 1u);
  h.answer(h.unanswered[0]);
  h.drainAll();
  EXPECT_TRUE(h.sockets.empty());
  EXPECT_EQ(h.server->allocationCount(), 0u);
}

TEST(Ends, closeAllClosesEverySocket) {
  Harness h;
  std::deque<Client> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(h, "198.51.100.7:" + std::to_string(4000 + i));
    ASSERT_TRUE(allocatePair(clients.back()).success());
  }
  h.server->closeAll(h.now);
  h.drainAll();
  EXPECT_TRUE(h.sockets.empty());
  EXPECT_EQ(h.server->nextTimeout(), kNever);
  EXPECT_EQ(h.eventsOf<AllocationEnded>().size(), 5u);
}

TEST(News, isBoundedWhenNobodyPolls) {
  Harness h;
  Client c(h, "198.51.100.7:4000");
  ASSERT_EQ(c.allocate().code(), 0);
  for (std::size_t i = 0; i < kMaxQueuedNews + 10; ++i) {
    Octets request = c.request(stun::Method::CreatePermission, [](auto& w) {
      w.xorAddress(attr::kXorPeerAddress, addr("127.0.0.1:1"));
    });
    h.server->handleDatagrams(Train(c.path, request), h.now);
  }
  EXPECT_EQ(h.server->counters().droppedNews, 10u);
}

}  // namespace
}  // namespace parley::turn
