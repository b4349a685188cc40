#include "sim/nat.h"

#include <gtest/gtest.h>

#include <set>

namespace parley::sim {
namespace {

using To = NatVerdict::To;

constexpr Dependence kAll[] = {Dependence::EndpointIndependent, Dependence::AddressDependent,
                               Dependence::AddressAndPortDependent};

const IpAddress kOuter = IpAddress::v4(198, 51, 100, 1);
const Address kInner{IpAddress::v4(192, 168, 1, 2), 5000};
const Address kPeerA1{IpAddress::v4(203, 0, 113, 1), 1000};
const Address kPeerA2{IpAddress::v4(203, 0, 113, 1), 2000};
const Address kPeerB1{IpAddress::v4(203, 0, 113, 2), 1000};

Flow udp(const Address& from, const Address& to) {
  return {Protocol::Udp, from, to, 0};
}

NatConfig base() {
  NatConfig c;
  c.externalAddresses = {kOuter};
  return c;
}

class Bench {
 public:
  explicit Bench(NatConfig config) : nat(std::move(config), random) {}

  // The outer end that a packet gets; an empty address when it was dropped.
  Address out(const Address& from, const Address& to) {
    const NatVerdict v = nat.fromInside(udp(from, to), now);
    return v.to == To::Outside ? v.flow.source : Address{};
  }
  NatVerdict in(const Address& from, const Address& to) {
    return nat.fromOutside(udp(from, to), now);
  }
  bool lets(const Address& from, const Address& to) { return in(from, to).to == To::Inside; }

  SeededRandom random{1};
  Time now{};
  Nat nat;
};

// RFC 4787 section 4.1: how many outer ends one inner end gets for A:1, A:2 and B:1. And section 5:
// who of the three reaches it when only A:1 was spoken to. All nine kinds.
TEST(Nat, mapsAndFiltersByEveryKind) {
  for (const Dependence mapping : kAll) {
    for (const Dependence filtering : kAll) {
      NatConfig config = base();
      config.mapping = mapping;
      config.filtering = filtering;
      SCOPED_TRACE(testing::Message()
                   << static_cast<int>(mapping) << "/" << static_cast<int>(filtering));

      Bench filter(config);
      const Address outer = filter.out(kInner, kPeerA1);
      EXPECT_EQ(outer.ip(), kOuter);
      EXPECT_TRUE(filter.lets(kPeerA1, outer));
      EXPECT_EQ(filter.lets(kPeerA2, outer), filtering != Dependence::AddressAndPortDependent);
      EXPECT_EQ(filter.lets(kPeerB1, outer), filtering == Dependence::EndpointIndependent);
      EXPECT_EQ(filter.in(kPeerA1, outer).flow, udp(kPeerA1, kInner));

      Bench mapper(config);
      const std::set<Address> ends = {mapper.out(kInner, kPeerA1), mapper.out(kInner, kPeerA2),
                                      mapper.out(kInner, kPeerB1), mapper.out(kInner, kPeerA1)};
      const std::size_t expected = mapping == Dependence::EndpointIndependent ? 1
                                   : mapping == Dependence::AddressDependent  ? 2
                                                                              : 3;
      EXPECT_EQ(ends.size(), expected);
      EXPECT_FALSE(ends.contains(Address{}));
    }
  }
}

TEST(Nat, keepsInnerEndsAndProtocolsApart) {
  Bench b(base());
  const Address other = kInner.withPort(5001);
  const Address first = b.out(kInner, kPeerA1);
  const Address second = b.out(other, kPeerA1);
  EXPECT_NE(first, second);
  EXPECT_EQ(b.in(kPeerA1, second).flow.destination, other);
  EXPECT_EQ(b.nat.fromOutside({Protocol::Tcp, kPeerA1, first, kTcpSyn}, b.now).drop,
            NatDrop::NoMapping);
}

TEST(Nat, saysWhyItDrops) {
  NatConfig config = base();
  config.filtering = Dependence::AddressDependent;
  config.hairpinning = false;
  Bench b(config);
  const Address outer = b.out(kInner, kPeerA1);
  EXPECT_EQ(b.in(kPeerA1, outer.withPort(outer.port() == 9 ? 10 : 9)).drop, NatDrop::NoMapping);
  EXPECT_EQ(b.in(kPeerB1, outer).drop, NatDrop::Filtered);
  EXPECT_EQ(b.in(kPeerA1, kPeerB1).drop, NatDrop::NotOurs);
  EXPECT_EQ(b.nat.fromInside(udp(kInner, outer), b.now).drop, NatDrop::NoHairpin);
}

// Section 4.3, REQ-5 and REQ-6.
TEST(Nat, mappingsLiveAsLongAsTheyAreRefreshed) {
  for (const bool inbound : {false, true}) {
    NatConfig config = base();
    config.refreshInbound = inbound;
    config.udpLifetime = 120s;
    Bench b(config);
    const Address outer = b.out(kInner, kPeerA1);
    b.now += 100s;
    EXPECT_TRUE(b.lets(kPeerA1, outer));
    b.now += 100s;
    EXPECT_EQ(b.lets(kPeerA1, outer), inbound);
    EXPECT_EQ(b.nat.liveMappings(b.now), inbound ? 1u : 0u);
  }
  NatConfig config = base();
  config.udpLifetime = 120s;
  Bench b(config);
  const Address outer = b.out(kInner, kPeerA1);
  for (int i = 0; i < 5; ++i) {
    b.now += 119s;
    EXPECT_EQ(b.out(kInner, kPeerA1), outer);
  }
  b.now += 120s;
  EXPECT_NE(b.out(kInner, kPeerA1), outer);  // drawn anew
}

TEST(Nat, aMappingThatOutboundPacketsDoNotRefreshEnds) {
  NatConfig config = base();
  config.refreshOutbound = false;
  config.udpLifetime = 60s;
  Bench b(config);
  const Address outer = b.out(kInner, kPeerA1);
  b.now += 59s;
  EXPECT_EQ(b.out(kInner, kPeerA1), outer);
  b.now += 1s;
  EXPECT_FALSE(b.lets(kPeerA1, outer));
}

TEST(Nat, filtersEndByThemselves) {
  NatConfig config = base();
  config.filtering = Dependence::AddressDependent;
  config.udpLifetime = 60s;
  Bench b(config);
  const Address outer = b.out(kInner, kPeerA1);
  b.now += 40s;
  EXPECT_EQ(b.out(kInner, kPeerB1), outer);
  b.now += 40s;
  EXPECT_FALSE(b.lets(kPeerA1, outer));
  EXPECT_TRUE(b.lets(kPeerB1, outer));
}

// Section 4.2.
TEST(Nat, preservesPortsWhenFree) {
  NatConfig config = base();
  config.preservePort = true;
  Bench b(config);
  EXPECT_EQ(b.out(kInner, kPeerA1).port(), kInner.port());
  const Address rival{IpAddress::v4(192, 168, 1, 3), kInner.port()};
  const Address outer = b.out(rival, kPeerA1);
  EXPECT_NE(outer.port(), kInner.port());
  EXPECT_NE(outer.port(), 0);
}

TEST(Nat, keepsParityAndRange) {
  NatConfig config = base();
  config.keepParity = true;
  Bench b(config);
  for (std::uint16_t port = 40'000; port < 40'200; ++port) {
    const Address outer = b.out(kInner.withPort(port), kPeerA1);
    EXPECT_EQ(outer.port() % 2, port % 2);
    EXPECT_GE(outer.port(), 1024);
  }
  for (std::uint16_t port = 500; port < 600; ++port)
    EXPECT_LT(b.out(kInner.withPort(port), kPeerA1).port(), 1024);
}

TEST(Nat, countsPortsUpInSequence) {
  NatConfig config = base();
  config.order = NatConfig::Order::Sequential;
  config.mapping = Dependence::AddressAndPortDependent;
  config.minPort = 20'000;
  config.maxPort = 20'003;
  Bench b(config);
  for (std::uint16_t i = 0; i < 4; ++i)
    EXPECT_EQ(b.out(kInner, kPeerA1.withPort(static_cast<std::uint16_t>(100 + i))).port(),
              20'000 + i);
  // All are taken now.
  EXPECT_EQ(b.nat.fromInside(udp(kInner, kPeerB1), b.now).drop, NatDrop::Full);
  b.now += 300s;
  EXPECT_EQ(b.out(kInner, kPeerB1).port(), 20'000);
}

// Linux's masquerading: the same outer port for each remote end while the five-tuples differ.
TEST(Nat, overloadsPorts) {
  NatConfig config = base();
  config.mapping = config.filtering = Dependence::AddressAndPortDependent;
  config.overload = config.preservePort = true;
  Bench b(config);
  const Address outer = b.out(kInner, kPeerA1);
  EXPECT_EQ(b.out(kInner, kPeerB1), outer);
  const Address rival{IpAddress::v4(192, 168, 1, 3), kInner.port()};
  EXPECT_NE(b.out(rival, kPeerA1), outer);
  EXPECT_EQ(b.out(rival, kPeerA2), outer);
  EXPECT_EQ(b.in(kPeerA2, outer).flow.destination, rival);
  EXPECT_EQ(b.in(kPeerA1, outer).flow.destination, kInner);
}

TEST(Nat, refusesBeyondItsTable) {
  NatConfig config = base();
  config.maxMappings = 3;
  Bench b(config);
  for (std::uint16_t i = 0; i < 3; ++i)
    EXPECT_NE(b.out(kInner.withPort(static_cast<std::uint16_t>(2000 + i)), kPeerA1), Address{});
  EXPECT_EQ(b.nat.fromInside(udp(kInner, kPeerA1), b.now).drop, NatDrop::Full);
  b.now += 300s;
  EXPECT_NE(b.out(kInner, kPeerA1), Address{});
}

TEST(Nat, remembersABoundedNumberOfFilters) {
  NatConfig config = base();
  config.filtering = Dependence::AddressAndPortDependent;
  Bench b(config);
  Address outer;
  for (std::size_t i = 0; i <= Nat::kMaxFilters; ++i) {
    outer = b.out(kInner, kPeerA1.withPort(static_cast<std::uint16_t>(i + 1)));
    b.now += 1ms;
  }
  EXPECT_FALSE(b.lets(kPeerA1.withPort(1), outer));
  EXPECT_TRUE(b.lets(kPeerA1.withPort(2), outer));
}

// REQ-2.
TEST(Nat, pairsAddressesOrDrawsThem) {
  for (const bool paired : {true, false}) {
    NatConfig config = base();
    config.pairedPooling = paired;
    config.externalAddresses = {kOuter, IpAddress::v4(198, 51, 100, 2)};
    Bench b(config);
    std::set<IpAddress> used;
    for (std::uint16_t port = 1; port < 40; ++port)
      used.insert(b.out(kInner.withPort(port), kPeerA1).ip());
    EXPECT_EQ(used.size(), paired ? 1u : 2u);
    if (paired) {
      const Address other{IpAddress::v4(192, 168, 1, 3), 1};
      EXPECT_FALSE(used.contains(b.out(other, kPeerA1).ip()));
    }
  }
}

// Section 6, REQ-9: both inner hosts behind one NAT, by their outer ends.
TEST(Nat, hairpins) {
  for (const Dependence filtering : kAll) {
    for (const bool internalSource : {false, true}) {
      NatConfig config = base();
      config.filtering = filtering;
      config.hairpinInternalSource = internalSource;
      Bench b(config);
      const Address neighbour{IpAddress::v4(192, 168, 1, 3), 6000};
      const Address outerOfUs = b.out(kInner, kPeerA1);
      const Address outerOfNeighbour = b.out(neighbour, kPeerA1);

      NatVerdict v = b.nat.fromInside(udp(kInner, outerOfNeighbour), b.now);
      if (filtering == Dependence::EndpointIndependent) {
        ASSERT_EQ(v.to, To::Inside);
      } else {
        EXPECT_EQ(v.drop, NatDrop::Filtered);
        b.nat.fromInside(udp(neighbour, outerOfUs), b.now);  // opens its side
        v = b.nat.fromInside(udp(kInner, outerOfNeighbour), b.now);
        ASSERT_EQ(v.to, To::Inside);
      }
      EXPECT_EQ(v.flow.destination, neighbour);
      EXPECT_EQ(v.flow.source, internalSource ? kInner : outerOfUs);
    }
  }
}

// RFC 5382 section 5.
TEST(Nat, tcpLivesLongWhenEstablishedOnly) {
  Bench b(base());
  const auto tcp = [&](const Address& from, const Address& to, std::uint8_t flags) {
    return Flow{Protocol::Tcp, from, to, flags};
  };
  const Address outer = b.nat.fromInside(tcp(kInner, kPeerA1, kTcpSyn), b.now).flow.source;
  b.nat.fromOutside(tcp(kPeerA1, outer, kTcpSyn | kTcpAck), b.now);
  b.nat.fromInside(tcp(kInner, kPeerA1, kTcpAck), b.now);
  b.now += 2h;
  EXPECT_EQ(b.nat.fromOutside(tcp(kPeerA1, outer, kTcpAck), b.now).to, To::Inside);
  b.nat.fromInside(tcp(kInner, kPeerA1, kTcpFin | kTcpAck), b.now);
  b.now += 241s;
  EXPECT_EQ(b.nat.fromOutside(tcp(kPeerA1, outer, kTcpAck), b.now).to, To::Drop);

  const Address half = b.nat.fromInside(tcp(kInner, kPeerB1, kTcpSyn), b.now).flow.source;
  b.now += 241s;
  EXPECT_EQ(b.nat.fromOutside(tcp(kPeerB1, half, kTcpSyn | kTcpAck), b.now).to, To::Drop);
}

TEST(Nat, forgetsAndRenumbers) {
  Bench b(base());
  const Address outer = b.out(kInner, kPeerA1);
  b.nat.forget();
  EXPECT_FALSE(b.lets(kPeerA1, outer));
  EXPECT_NE(b.out(kInner, kPeerA1), outer);

  const IpAddress fresh = IpAddress::v4(198, 51, 100, 99);
  b.nat.setExternalAddresses({fresh});
  EXPECT_EQ(b.out(kInner, kPeerA1).ip(), fresh);
  EXPECT_EQ(b.in(kPeerA1, outer).drop, NatDrop::NotOurs);
}

TEST(Nat, translatesV6Too) {
  NatConfig config;
  config.externalAddresses = {*IpAddress::parse("2001:db8::1")};
  Bench b(config);
  const Address inner = *Address::parse("[fd00::2]:5000");
  const Address peer = *Address::parse("[2001:db8:1::1]:1");
  const Address outer = b.out(inner, peer);
  EXPECT_EQ(outer.ip(), config.externalAddresses[0]);
  EXPECT_EQ(b.in(peer, outer).flow.destination, inner);
}

}  // namespace
}  // namespace parley::sim
