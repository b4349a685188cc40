#include "tests/sim/turn_world.h"

#include <algorithm>

namespace parley::sim::test {
namespace {

turn::Config serverConfig(const WorldConfig& world, const Address& listener) {
  turn::Config c;
  c.realm = "parley";
  for (std::size_t i = 0; i < world.clients; ++i)
    c.credentials.users.push_back({"user" + std::to_string(i), "password" + std::to_string(i)});
  c.relayAddresses = {{listener.ip(), std::nullopt}};
  c.minPort = world.minPort;
  c.maxPort = world.maxPort;
  c.peers.ownAddresses = {listener.ip()};
  c.peers.listeners = {listener};
  return c;
}

Duration upTo(RandomSource& random, Duration most) {
  return Duration{
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count()) + 1))};
}

}  // namespace

LinkConditions conditionsOf(Weather weather, RandomSource& random) {
  LinkConditions c;
  c.delay = 1ms + upTo(random, 60ms);
  const bool foul = weather == Weather::Foul;
  if (weather != Weather::Fair) c.jitter = upTo(random, 20ms);
  if (weather == Weather::Lossy || foul) c.loss = random.unit() * 0.15;
  if (weather == Weather::Bursty || foul)
    c.burst = GilbertElliott{0.02, 0.2 + random.unit() * 0.3, 0, 0.9};
  if (weather == Weather::Shuffled || foul) c.reorder = random.unit() * 0.3;
  c.reorderDelay = upTo(random, 100ms);
  if (weather == Weather::Doubled || foul) c.duplicate = random.unit() * 0.3;
  if (weather == Weather::Corrupting || foul) c.corrupt = random.unit() * 0.2;
  return c;
}

TurnWorld::TurnWorld(std::uint64_t seed, const WorldConfig& config)
    : net(seed),
      random(seed ^ 0x5ce4a210),
      serverHost(net.addHost("server")),
      oracle(serverAddress, "parley"),
      layout_(seed ^ 0x1a10u) {
  serverHost.attach(net.internet(), serverAddress.ip(), conditionsOf(config.weather, layout_));
  server = std::make_unique<TurnServerHost>(serverHost, serverConfig(config, serverAddress),
                                            serverAddress, config.routes);
  server->setOnMessage([this](const Path& p, ConstBytes m) { oracle.received(p, m, now()); });
  server->setOnStreamSent(
      [this](const Path& p, ConstBytes m) { oracle.sentOnStream(p, m, now()); });
  server->setOnEvent([this](const turn::ServerEvent& e) { oracle.handleEvent(e); });
  serverHost.setTap([this](const Packet& packet, bool sent) {
    if (sent) oracle.sent(packet, now());
  });
  book.mayCorrupt = config.weather == Weather::Corrupting || config.weather == Weather::Foul;
  book.mayDuplicate = config.weather == Weather::Doubled || config.weather == Weather::Foul;
  for (const char* text : {"10.0.0.7:53", "127.0.0.1:80", "169.254.169.254:80", "192.168.1.1:443",
                           "203.0.113.10:3478"})
    deniedPeers.push_back(*Address::parse(text));
  for (const Address& a : deniedPeers)
    if (a.ip() != serverAddress.ip()) oracle.forbid(a.ip());
  for (std::size_t i = 0; i < config.clients; ++i)
    addMember(i, config);
  for (std::size_t i = 0; i < config.peers; ++i)
    addPeer(i, config);
}

void TurnWorld::attach(Member& member, std::size_t index, const WorldConfig& config,
                       IpAddress& local) {
  const auto n = static_cast<std::uint8_t>(index + 1);
  const IpAddress outer = IpAddress::v4(198, 51, 100, n);
  const LinkConditions conditions = conditionsOf(config.weather, layout_);
  if (layout_.unit() >= config.behindNat) {
    local = outer;
    member.host->attach(net.internet(), local, conditions);
    return;
  }
  RouterConfig router;
  router.nat.emplace();
  router.nat->externalAddresses = {outer};
  router.nat->mapping = static_cast<Dependence>(layout_.below(3));
  router.nat->filtering = static_cast<Dependence>(layout_.below(3));
  router.nat->refreshInbound = layout_.below(2) == 0;
  router.uplink = router.downlink = conditions;
  member.router = &net.addRouter("router" + std::to_string(index), net.internet(), router);
  local = IpAddress::v4(192, 168, n, 2);
  LinkConditions lan;
  lan.delay = 1ms;
  member.host->attach(member.router->inside(), local, lan);
}

void TurnWorld::addMember(std::size_t index, const WorldConfig& config) {
  Member member;
  member.name = "member" + std::to_string(index);
  member.host = &net.addHost(member.name);
  IpAddress local;
  attach(member, index, config, local);
  const std::string user = "user" + std::to_string(index);
  const std::string password = "password" + std::to_string(index);
  const Transport transport = layout_.unit() < config.overTcp ? Transport::Tcp : Transport::Udp;
  member.turn = std::make_unique<TurnClientHost>(*member.host, local, serverAddress, transport,
                                                 user, password);
  member.turn->client().usesFingerprint = layout_.below(2) == 0;
  member.turn->setOnHeard([this, index](const TurnClient::Heard& h) {
    const Member& self = members[index];
    book.heard(self.name, h.bytes, [&](const std::string& to) {
      const auto& had = self.turn->allocated;
      return std::any_of(had.begin(), had.end(),
                         [&](const auto& a) { return a.relayed.toString() == to; });
    });
  });
  oracle.addUser(user, password);
  members.push_back(std::move(member));
}

void TurnWorld::addPeer(std::size_t index, const WorldConfig& config) {
  Peer peer;
  peer.name = "peer" + std::to_string(index);
  peer.host = &net.addHost(peer.name);
  // Far apart, so that no single flipped bit makes one address out of another.
  const IpAddress ip = IpAddress::v4(192, 0, 2, static_cast<std::uint8_t>((index + 1) * 37));
  peer.host->attach(net.internet(), ip, conditionsOf(config.weather, layout_));
  peer.path =
      peer.host
          ->bind({ip, static_cast<std::uint16_t>(40'000 + index * 111)},
                 [this, name = peer.name](const Train& train) {
                   for (std::size_t i = 0; i < train.size(); ++i)
                     book.heard(name, train[i], [&](const std::string& to) { return to == name; });
                 })
          .value();
  peers.push_back(std::move(peer));
}

void TurnWorld::sendToPeer(Member& from, const Peer& to, std::size_t size) {
  const auto bytes = book.make(from.name, to.name, size);
  from.turn->with([&](TurnClient& c, Time) { c.send(to.path.local, bytes); });
}

void TurnWorld::sendToMember(Member& from, Member& to, std::size_t size) {
  if (!to.turn->client().hasAllocation()) return;
  sendTo(from, to.turn->client().relayed(), size);
}

void TurnWorld::sendTo(Member& from, const Address& to, std::size_t size) {
  const auto bytes = book.make(from.name, to.toString(), size);
  from.turn->with([&](TurnClient& c, Time) { c.send(to, bytes); });
}

void TurnWorld::sendFromPeer(const Peer& from, const Member& to, std::size_t size) {
  if (!to.turn->client().hasAllocation()) return;
  // To the address and not to the member: its port may be another's by now.
  const Address relayed = to.turn->client().relayed();
  from.host->send(from.path.link, relayed, book.make(from.name, relayed.toString(), size));
}

void TurnWorld::expect(bool holds, const std::string& what) {
  if (!holds && own_.size() < 10) own_.push_back(what);
}

void TurnWorld::finish() {
  for (Member& m : members) {
    m.turn->client().keepsAlive = false;
    if (chance(0.5))
      m.turn->with([](TurnClient& c, Time at) {
        if (c.hasAllocation()) c.refresh(Duration{}, at);
      });
    if (m.turn->transport() == Transport::Tcp) m.turn->disconnect();
  }
  // Longer than any allocation, permission, channel, connection or repeated request lives.
  runFor(3600s + 700s);
  expect(server->engine().allocationCount() == 0, "allocations are left");
  expect(server->relays().empty(), "relay sockets are left");
  expect(server->driver().links().size() == 1, "sockets are left");
  expect(server->engine().nextTimeout() == kNever, "the engine waits for something");
  expect(oracle.liveAllocations() == 0, "allocations began and did not end");
  for (const auto& transports : server->engine().counters().allocations)
    for (const std::uint64_t n : transports)
      expect(n == 0, "the gauge of allocations is not zero");
  for (const Member& m : members)
    expect(!m.turn->streamFailed(), m.name + " heard what is no TURN stream");
}

Failures TurnWorld::failures() const {
  Failures all = oracle.failures();
  all.insert(all.end(), book.failures.begin(), book.failures.end());
  all.insert(all.end(), own_.begin(), own_.end());
  return all;
}

}  // namespace parley::sim::test
