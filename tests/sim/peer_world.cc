#include "tests/sim/peer_world.h"

#include "base/check.h"
#include "tests/support/seeded_openssl.h"

namespace parley::sim::test {

using namespace parley::peer;

namespace {

turn::Config turnConfig(const Address& listener, const Address& tls) {
  turn::Config c;
  c.realm = "parley";
  c.credentials.users.push_back({"user", "password"});
  c.relayAddresses = {{listener.ip(), std::nullopt}};
  c.minPort = 50'000;
  c.maxPort = 50'399;
  c.peers.ownAddresses = {listener.ip()};
  c.peers.listeners = {listener, tls};
  return c;
}

std::vector<IceServer> iceServers() {
  return {
      {{"stun:203.0.113.10:3478"}, "", ""},
      {{"turn:turn.example:3478", "turn:turn.example:3478?transport=tcp", "turns:turn.example:443"},
       "user",
       "password"}};
}

const PeerHost::Names& names() {
  static const PeerHost::Names all = {{"turn.example", {IpAddress::v4(203, 0, 113, 10)}}};
  return all;
}

}  // namespace

std::vector<Place> allPlaces() {
  std::vector<Place> out{{"open"}};
  static constexpr const char* kNames[] = {"ei", "ad", "apd"};
  for (int m = 0; m < 3; ++m)
    for (int f = 0; f < 3; ++f) {
      Place p;
      p.name = std::string{kNames[m]} + '/' + kNames[f];
      p.nat.emplace();
      p.nat->mapping = static_cast<Dependence>(m);
      p.nat->filtering = static_cast<Dependence>(f);
      out.push_back(p);
    }
  Place blocked{"no-udp"};
  blocked.firewall.blockUdp = true;
  out.push_back(blocked);
  blocked.name = "443-only";
  blocked.firewall.tcpPorts = {443};
  out.push_back(blocked);
  return out;
}

dtls::Context& PeerWorld::dtlsContext() {
  static dtls::Context context;
  return context;
}

// Made once: keys are random, and a run must not depend on them.
const crypto::Identity& PeerWorld::identity(int which) {
  const auto make = [] {
    return crypto::Identity::generate(crypto::KeyKind::EcdsaP256,
                                      wallTimeFromUnixSeconds(1'700'000'000),
                                      wallTimeFromUnixSeconds(4'000'000'000))
        .value();
  };
  static const std::array<crypto::Identity, 2> both{make(), make()};
  return both[static_cast<std::size_t>(which)];
}

PeerWorld::PeerWorld(std::uint64_t seed, const PeerWorldConfig& config)
    : net(seed), random(seed ^ 0x9eed), serverHost(net.addHost("server")), config_(config) {
  // One seed, one run, byte for byte: OpenSSL's randomness begins anew behind what is made once.
  parley::test::seedOpenSsl(0);
  identity(0);
  dtlsContext();
  parley::test::seedOpenSsl(seed);
  LinkConditions backbone;
  backbone.delay = 5ms;
  serverHost.attach(net.internet(), serverAddress.ip(), backbone);
  server = std::make_unique<TurnServerHost>(serverHost, turnConfig(serverAddress, tlsAddress),
                                            serverAddress, config.routes);
  server->listenAt(tlsAddress);
  server->streamQueue = PeerHost::kStreamQueue;
  addSide(a, "a", config.places[0], 1, config);
  addSide(b, "b", config.places[1], 2, config);
  a.peer->setSignal([this](const LocalCandidate& c) { deliver(b, c, c.ufrag); });
  b.peer->setSignal([this](const LocalCandidate& c) { deliver(a, c, c.ufrag); });
}

PeerWorld::~PeerWorld() {
  *alive_ = false;
}

void PeerWorld::addSide(Side& side, const std::string& name, const Place& place,
                        std::uint8_t number, const PeerWorldConfig& config) {
  side.name = name;
  side.host = &net.addHost(name);
  const IpAddress outer = IpAddress::v4(198, 51, 100, number);
  if (place.nat) {
    RouterConfig router;
    router.nat = place.nat;
    router.nat->externalAddresses = {outer};
    router.firewall = place.firewall;
    side.router = &net.addRouter(name + "-router", net.internet(), router);
    side.local = IpAddress::v4(10, number, 0, 5);
  } else {
    RouterConfig router;
    router.firewall = place.firewall;
    router.insidePrefixes = {Prefix{outer, 32}};
    side.router = &net.addRouter(name + "-router", net.internet(), router);
    side.local = outer;
  }
  side.port = &side.host->attach(side.router->inside(), side.local, config.conditions);
  PeerConfig peerConfig = config.peer;
  if (config.servers) peerConfig.iceServers = iceServers();
  side.peer =
      std::make_unique<PeerHost>(*side.host, peerConfig, identity(number - 1), dtlsContext());
  side.peer->setNames(&names());
  side.link = side.peer->bind(side.local);
  side.peer->with([](Peer& p, Time now) { p.endOfLinks(now); });
}

void PeerWorld::deliver(Side& to, const LocalCandidate& candidate, std::string ufrag) {
  net.events().after(config_.signalDelay,
                     [this, &to, text = candidate.text, ufrag = std::move(ufrag), alive = alive_] {
                       if (!*alive) return;
                       to.peer->with([&](Peer& p, Time now) {
                         static_cast<void>(p.addRemoteCandidate(p.transport(), text, ufrag, now));
                       });
                     });
}

void PeerWorld::connect() {
  chat = a.peer->with([](Peer& p, Time now) {
    ChannelInit init;
    init.label = "chat";
    return p.createChannel(init, now).value();
  });
  exchange(true);
}

void PeerWorld::restartIce() {
  exchange(false);
}

// As offer and answer would do it: a's parameters travel, b applies them with its own, which travel
// back. They are on their way before the candidates that follow from them.
void PeerWorld::exchange(bool first) {
  a.ice = a.peer->peer().makeIceParameters();
  net.events().after(config_.signalDelay, [this, first, ice = a.ice, alive = alive_] {
    if (*alive) answer(first, ice);
  });
  a.peer->with([&](Peer& p, Time now) { p.setLocal(p.transport(), a.ice, true, now); });
}

void PeerWorld::answer(bool first, const IceParameters& theirs) {
  b.ice = b.peer->peer().makeIceParameters();
  net.events().after(config_.signalDelay, [this, first, ice = b.ice, alive = alive_] {
    if (!*alive) return;
    const Fingerprint bPrint = b.peer->peer().fingerprint();
    a.peer->with([&](Peer& p, Time now) {
      p.setRemote(p.transport(), ice, now);
      if (!first) return;
      PARLEY_CHECK(p.startDtls(p.transport(), DtlsRole::Server, {bPrint}, now).ok());
      p.startData({5000, 5000, config_.peer.maxMessageSize}, now);
    });
  });
  const Fingerprint aPrint = a.peer->peer().fingerprint();
  b.peer->with([&](Peer& p, Time now) {
    p.setRemote(p.transport(), theirs, now);
    p.setLocal(p.transport(), b.ice, false, now);
    if (!first) return;
    PARLEY_CHECK(p.startDtls(p.transport(), DtlsRole::Client, {aPrint}, now).ok());
    p.startData({5000, 5000, config_.peer.maxMessageSize}, now);
  });
}

bool PeerWorld::isConnected() const {
  return a.peer->isOpen(chat) && b.peer->announcedAs("chat") &&
         b.peer->isOpen(*b.peer->announcedAs("chat"));
}

}  // namespace parley::sim::test
