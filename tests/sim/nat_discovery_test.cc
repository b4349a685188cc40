// RFC 5780's tests through every kind of NAT of RFC 4787, against a STUN server with two addresses
// and two ports; and what can be said when there is none.
#include "stun/client/nat_discovery.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "sim/engine_host.h"
#include "sim/network.h"
#include "sim/router.h"
#include "stun/attributes.h"
#include "stun/message_writer.h"

namespace parley::sim::test {
namespace {

using stun::NatBehaviour;
using stun::NatDiscovery;
using stun::NatReport;
namespace attr = stun::attr;

const IpAddress kFirst = IpAddress::v4(203, 0, 113, 10);
const IpAddress kSecond = IpAddress::v4(203, 0, 113, 11);
constexpr std::uint16_t kPort = 3478;
constexpr std::uint16_t kOtherPort = 3479;

// What the server has of RFC 5780.
enum class Offers { Nothing, Everything, OtherAddressOnly };

// Answers Binding requests at two addresses and two ports of each.
class TwoAddresses {
 public:
  TwoAddresses(Network& net, Offers offers) : host_(net.addHost("server")), offers_(offers) {
    host_.attach(net.internet(), kFirst, {});
    host_.attach(net.internet(), kSecond, {});
    for (std::size_t i = 0; i < 4; ++i)
      links_[i] = host_
                      .bind({i / 2 == 0 ? kFirst : kSecond, i % 2 == 0 ? kPort : kOtherPort},
                            [this, i](const Train& t) { answer(i, t); })
                      .value()
                      .link;
  }

 private:
  void answer(std::size_t at, const Train& train) {
    const auto m = stun::Message::parse(train.bytes());
    if (!m || m->messageClass() != stun::Class::Request) return;
    std::array<std::uint8_t, 256> room{};
    const auto change = m->find(attr::kChangeRequest);
    const std::uint32_t flags = change ? stun::decodeU32(*change).value_or(0) : 0;
    const bool error = change && offers_ == Offers::OtherAddressOnly;
    stun::MessageWriter w(room, stun::Method::Binding,
                          error ? stun::Class::Error : stun::Class::Success, m->transactionId());
    if (error) {
      w.errorCode(420, "Unknown Attribute");
    } else {
      w.xorAddress(attr::kXorMappedAddress, train.path().remote);
      if (offers_ != Offers::Nothing)
        w.address(attr::kOtherAddress,
                  Address(at / 2 == 0 ? kSecond : kFirst, at % 2 == 0 ? kOtherPort : kPort));
    }
    std::size_t from = at;
    if ((flags & 4) != 0) from ^= 2;
    if ((flags & 2) != 0) from ^= 1;
    host_.send(links_[from], train.path().remote, ConstBytes(room).first(w.finish()), Ecn::NotEct);
  }

  Host& host_;
  Offers offers_;
  std::array<LinkId, 4> links_;
};

struct Terrain {
  std::optional<Dependence> mapping{};  // nothing: no NAT
  Dependence filtering = Dependence::EndpointIndependent;
  Offers offers = Offers::Everything;
  std::vector<Address> servers = {{kFirst, kPort}};
  double loss = 0;
  bool blocked = false;
  bool wildcard = false;
};

NatReport discover(const Terrain& s, std::uint64_t seed = 1) {
  Network net(seed);
  TwoAddresses server(net, s.offers);
  Host& host = net.addHost("client");
  const IpAddress local =
      s.mapping ? IpAddress::v4(192, 168, 1, 2) : IpAddress::v4(198, 51, 100, 1);
  if (s.mapping) {
    RouterConfig router;
    router.nat.emplace();
    router.nat->externalAddresses = {IpAddress::v4(198, 51, 100, 1)};
    router.nat->mapping = *s.mapping;
    router.nat->filtering = s.filtering;
    router.uplink.loss = router.downlink.loss = s.loss;
    host.attach(net.addRouter("router", net.internet(), router).inside(), local, {});
  } else {
    host.attach(net.internet(), local, {});
  }
  SeededRandom random(seed);
  std::unique_ptr<NatDiscovery> machine;
  std::optional<NatReport> report;
  // The socket is bound by the driver, whose machine needs its path: the machine comes second.
  const std::uint16_t port = host.freePort(local);
  Path path{LinkId{}, Transport::Udp, Address(local, port), {}};
  std::unique_ptr<EngineHost<NatDiscovery>> driver;
  const Path bound = host.bind({local, port}, [&](const Train& t) { driver->handle(t); }).value();
  path.link = bound.link;
  if (s.wildcard) path.local = Address(IpAddress::any(Family::V4), port);
  machine = std::make_unique<NatDiscovery>(path, s.servers, std::vector<IpAddress>{local}, random);
  driver = std::make_unique<EngineHost<NatDiscovery>>(host, *machine, [&](NatDiscovery::Event& e) {
    report = std::get<NatDiscovery::Done>(e).report;
  });
  machine->start(driver->now());
  driver->pump();
  net.events().runFor(60s);
  EXPECT_TRUE(report.has_value());
  EXPECT_EQ(machine->nextTimeout(), kNever);
  return report.value_or(NatReport{});
}

NatBehaviour named(Dependence d) {
  return d == Dependence::EndpointIndependent ? NatBehaviour::EndpointIndependent
         : d == Dependence::AddressDependent  ? NatBehaviour::AddressDependent
                                              : NatBehaviour::AddressAndPortDependent;
}

constexpr std::array kAll = {Dependence::EndpointIndependent, Dependence::AddressDependent,
                             Dependence::AddressAndPortDependent};

TEST(NatDiscoverySim, tellsEveryKindOfNatApart) {
  for (const Dependence mapping : kAll)
    for (const Dependence filtering : kAll) {
      Terrain s;
      s.mapping = mapping;
      s.filtering = filtering;
      const NatReport r = discover(s);
      EXPECT_TRUE(r.byRfc5780);
      EXPECT_EQ(r.mapping, named(mapping)) << describe(r.mapping);
      EXPECT_EQ(r.filtering, named(filtering)) << describe(r.filtering);
      EXPECT_EQ(r.servers.at(0).mapped->ip(), IpAddress::v4(198, 51, 100, 1));
      EXPECT_EQ(r.servers[0].other, Address(kSecond, kOtherPort));
    }
}

TEST(NatDiscoverySim, knowsWhenThereIsNone) {
  Terrain s;
  EXPECT_EQ(discover(s).mapping, NatBehaviour::NoNat);
  EXPECT_EQ(discover(s).filtering, NatBehaviour::EndpointIndependent);
  s.wildcard = true;
  EXPECT_EQ(discover(s).mapping, NatBehaviour::NoNat);
}

TEST(NatDiscoverySim, lossCostsTimeAndNotTheTruth) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Terrain s;
    s.mapping = Dependence::AddressDependent;
    s.filtering = Dependence::EndpointIndependent;
    s.loss = 0.1;
    const NatReport r = discover(s, seed);
    EXPECT_EQ(r.mapping, NatBehaviour::AddressDependent) << seed;
    EXPECT_EQ(r.filtering, NatBehaviour::EndpointIndependent) << seed;
  }
}

TEST(NatDiscoverySim, infersMappingFromSeveralServersAndSaysWhatItCannotKnow) {
  Terrain s;
  s.offers = Offers::Nothing;
  s.mapping = Dependence::EndpointIndependent;
  EXPECT_EQ(discover(s).mapping, NatBehaviour::Unknown);  // one server tells nothing
  s.servers = {{kFirst, kPort}, {kFirst, kOtherPort}};
  EXPECT_EQ(discover(s).mapping, NatBehaviour::NotPortDependent);
  s.servers = {{kFirst, kPort}, {kSecond, kPort}};
  EXPECT_EQ(discover(s).mapping, NatBehaviour::EndpointIndependent);
  EXPECT_EQ(discover(s).filtering, NatBehaviour::Unknown);
  EXPECT_FALSE(discover(s).byRfc5780);
  s.mapping = Dependence::AddressDependent;
  EXPECT_EQ(discover(s).mapping, NatBehaviour::Dependent);
  s.mapping = Dependence::AddressAndPortDependent;
  EXPECT_EQ(discover(s).mapping, NatBehaviour::Dependent);
  s.servers.push_back({kFirst, kOtherPort});
  EXPECT_EQ(discover(s).mapping, NatBehaviour::AddressAndPortDependent);
}

TEST(NatDiscoverySim, aServerThatRefusesToChangeStillTellsTheMapping) {
  Terrain s;
  s.offers = Offers::OtherAddressOnly;
  s.mapping = Dependence::AddressAndPortDependent;
  const NatReport r = discover(s);
  EXPECT_EQ(r.mapping, NatBehaviour::AddressAndPortDependent);
  EXPECT_EQ(r.filtering, NatBehaviour::Unknown);
}

TEST(NatDiscoverySim, silenceIsUnknown) {
  Terrain s;
  s.servers = {{IpAddress::v4(203, 0, 113, 99), kPort}, {*IpAddress::parse("2001:db8::1"), kPort}};
  const NatReport r = discover(s);
  EXPECT_EQ(r.mapping, NatBehaviour::Unknown);
  EXPECT_EQ(r.servers.size(), 1u);  // of the socket's family
  EXPECT_FALSE(r.servers[0].mapped);
  s.servers.clear();
  EXPECT_EQ(discover(s).mapping, NatBehaviour::Unknown);
}

}  // namespace
}  // namespace parley::sim::test
