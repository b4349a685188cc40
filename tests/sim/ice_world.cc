#include "tests/sim/ice_world.h"

#include <array>

namespace parley::sim::test {
namespace {

constexpr std::uint8_t kDataMark = 0x80;  // what no STUN message begins with

turn::Config stunConfig(const Address& listener) {
  turn::Config c;
  c.realm = "parley";
  c.relayAddresses = {{listener.ip(), std::nullopt}};
  c.peers.ownAddresses = {listener.ip()};
  c.peers.listeners = {listener};
  return c;
}

const char* shortName(Dependence d) {
  constexpr const char* kNames[] = {"EI", "AD", "APD"};
  return kNames[static_cast<unsigned>(d)];
}

}  // namespace

std::string name(const NatKind& kind) {
  if (!kind.present) return "none";
  return std::string{shortName(kind.mapping)} + "/" + shortName(kind.filtering);
}

std::vector<NatKind> allNatKinds() {
  std::vector<NatKind> all{{}};
  for (int m = 0; m < 3; ++m) {
    for (int f = 0; f < 3; ++f)
      all.push_back({true, static_cast<Dependence>(m), static_cast<Dependence>(f)});
  }
  return all;
}

// A side whose mapping depends on the destination is reached at its reflexive address by nobody it
// has not sent to, unless its filter lets all in; and it comes from a port that nobody was told.
bool canConnectDirectly(const NatKind& a, const NatKind& b) {
  constexpr auto kNone = Dependence::EndpointIndependent;
  constexpr auto kStrict = Dependence::AddressAndPortDependent;
  const bool movesA = a.present && a.mapping != kNone;
  const bool movesB = b.present && b.mapping != kNone;
  if (!movesA && !movesB) return true;
  if (movesA && movesB) {
    // Each answer would come from yet another port than the one that was asked.
    if (a.mapping == kStrict && b.mapping == kStrict) return false;
    return (a.filtering == kNone && b.filtering != kStrict) ||
           (b.filtering == kNone && a.filtering != kStrict);
  }
  const NatKind& fixed = movesA ? b : a;
  return !fixed.present || fixed.filtering != kStrict;
}

IceWorld::IceWorld(std::uint64_t seed, const IceWorldConfig& config)
    : net(seed), random(seed ^ 0x1ce), config_(config) {
  LinkConditions clean;
  clean.delay = 5ms;
  Host& host = net.addHost("server");
  host.attach(net.internet(), serverAddress.ip(), clean);
  server = std::make_unique<TurnServerHost>(host, stunConfig(serverAddress), serverAddress, false);
  a.name = "a";
  b.name = "b";
  build(a, config.natA, config, 1);
  build(b, config.natB, config, 2);
}

void IceWorld::build(IceSide& side, const NatKind& nat, const IceWorldConfig& config,
                     std::uint8_t index) {
  side.host = &net.addHost(side.name);
  const IpAddress outer = IpAddress::v4(198, 51, 100, index);
  if (nat.present) {
    RouterConfig router;
    router.nat.emplace();
    router.nat->externalAddresses = {outer};
    router.nat->mapping = nat.mapping;
    router.nat->filtering = nat.filtering;
    router.uplink = router.downlink = config.internet;
    side.router = &net.addRouter("router-" + side.name, net.internet(), router);
    side.local = IpAddress::v4(192, 168, index, 2);
    LinkConditions lan;
    lan.delay = 1ms;
    side.host->attach(side.router->inside(), side.local, lan);
  } else {
    side.local = outer;
    side.host->attach(net.internet(), side.local, config.internet);
  }
  side.random = std::make_unique<SeededRandom>(net.nextSeed());
  ice::AgentConfig agent;
  agent.role = index == 1 ? config.roleA : config.roleB;
  agent.timing = config.timing;
  agent.hideHostAddresses = index == 2 && config.hideB;
  side.agent = std::make_unique<ice::Agent>(agent, *side.random);
  IceSide& other = index == 1 ? b : a;
  side.driver = std::make_unique<EngineHost<ice::Agent>>(
      *side.host, *side.agent,
      [this, &side, &other](ice::AgentEvent& event) { handleEvent(side, other, event); });
  side.driver->setOnTrain([this, &side](const Train& train) { handleTrain(side, train); });
}

Result<Path> IceWorld::addSocket(IceSide& side, const IpAddress& local) {
  Result<Path> path = side.driver->bind({local, 0});
  if (path.ok()) {
    side.agent->addLink(path->link, path->local, ice::InterfaceKind::Ethernet, now());
    pump(side);
  }
  return path;
}

void IceWorld::startSide(IceSide& side) {
  PARLEY_CHECK(addSocket(side, side.local).ok());
  if (config_.stun) side.agent->addStunServer(serverAddress, 0, now());
  side.agent->endOfLocalCandidates(now());
  pump(side);
}

void IceWorld::signalCredentials(IceSide& from, IceSide& to, bool lite) {
  const ice::Credentials credentials = from.agent->localCredentials();
  net.events().after(config_.signalDelay, [this, &to, credentials, lite] {
    to.agent->setRemoteCredentials(credentials, lite, now());
    pump(to);
  });
}

void IceWorld::start() {
  startSide(a);
  signalCredentials(a, b);
  net.events().after(config_.signalDelay, [this] {
    startSide(b);
    signalCredentials(b, a);
  });
}

void IceWorld::restart() {
  a.nominations = b.nominations = 0;
  a.agent->restart(now());
  a.agent->endOfLocalCandidates(now());
  net.events().after(config_.signalDelay, [this, theirs = a.agent->localCredentials()] {
    b.agent->restart(now());
    b.agent->endOfLocalCandidates(now());
    b.agent->setRemoteCredentials(theirs, false, now());
    signalCredentials(b, a);
    pump(b);
  });
  // Not before the new credentials are on their way.
  pump(a);
}

void IceWorld::handleEvent(IceSide& side, IceSide& other, ice::AgentEvent& event) {
  if (const auto* e = std::get_if<ice::LocalCandidate>(&event)) {
    side.candidates.push_back(*e);
    const Duration extra = trickleDelay ? trickleDelay(side, e->candidate) : Duration{};
    net.events().after(config_.signalDelay + extra, [this, &other, c = e->candidate] {
      // Of a generation that has passed: refused, as it must be.
      static_cast<void>(other.agent->addRemoteCandidate(c, now()));
      pump(other);
    });
  }
  if (const auto* e = std::get_if<ice::GatheringChanged>(&event)) {
    if (e->state == ice::GatheringState::Complete) {
      side.sawComplete = true;
      const std::string ufrag = side.agent->localCredentials().ufrag;
      const Duration extra = trickleDelay ? trickleDelay(side, {}) : Duration{};
      net.events().after(config_.signalDelay + extra, [this, &side, &other, ufrag] {
        if (side.agent->localCredentials().ufrag != ufrag) return;
        other.agent->setRemoteEnd(now());
        pump(other);
      });
    }
  }
  if (const auto* e = std::get_if<ice::StateChanged>(&event)) {
    side.states.push_back(e->state);
    if (e->state == ice::State::Connected && !side.connectedAt) side.connectedAt = now();
  }
  if (const auto* e = std::get_if<ice::SelectedPath>(&event)) side.selections.push_back(*e);
  if (const auto* e = std::get_if<ice::CandidateError>(&event)) side.errors.push_back(*e);
  if (std::holds_alternative<ice::RoleChanged>(event)) ++side.roleChanges;
  if (const auto* e = std::get_if<ice::PairReport>(&event)) {
    side.reports.push_back(*e);
    if (e->news == ice::PairNews::Nominated) ++side.nominations;
  }
  if (const auto* e = std::get_if<ice::PublishMdns>(&event)) names_[e->name] = e->address;
  if (const auto* e = std::get_if<ice::ResolveMdns>(&event)) {
    net.events().after(30ms, [this, &side, text = e->name] {
      const auto it = names_.find(text);
      if (it != names_.end())
        side.agent->handleMdnsResolved(text, it->second, now());
      else
        side.agent->handleMdnsFailed(text, now());
      pump(side);
    });
  }
}

void IceWorld::handleTrain(IceSide& side, const Train& train) {
  for (std::size_t i = 0; i < train.size(); ++i) {
    const Bytes bytes = train[i];
    if (bytes.empty() || bytes[0] != kDataMark) {
      side.driver->handle(Train{train.path(), bytes});
      continue;
    }
    if (!side.agent->isKnown(train.path())) {
      ++side.strangers;
      continue;
    }
    side.agent->countReceived(train.path(), 1, bytes.size(), now());
    ++side.heard;
    side.heardBy = train.path();
    side.heardAt = now();
  }
}

void IceWorld::sendData(IceSide& side) {
  const auto path = side.agent->selectedPath();
  if (!path) return;
  const std::array<std::uint8_t, 100> data{kDataMark};
  side.host->send(path->link, path->remote, data);
  side.agent->countSent(*path, 1, data.size(), now());
  ++side.sent;
  pump(side);
}

void IceWorld::startData(Duration every) {
  tick(every);
}

void IceWorld::tick(Duration every) {
  sendData(a);
  sendData(b);
  net.events().after(every, [this, every] { tick(every); });
}

bool IceWorld::bothConnected() const {
  return a.agent->selectedPath().has_value() && b.agent->selectedPath().has_value();
}

bool IceWorld::bothCompleted() const {
  return a.agent->state() == ice::State::Completed && b.agent->state() == ice::State::Completed;
}

bool IceWorld::bothFailed() const {
  return a.agent->state() == ice::State::Failed && b.agent->state() == ice::State::Failed;
}

bool IceWorld::agree() const {
  const auto pathA = a.agent->selectedPath();
  const auto pathB = b.agent->selectedPath();
  if (!pathA || !pathB || !a.heardBy || !b.heardBy) return false;
  return a.heardBy->link == pathA->link && a.heardBy->remote == pathA->remote &&
         b.heardBy->link == pathB->link && b.heardBy->remote == pathB->remote;
}

void IceWorld::expect(bool holds, const std::string& what) {
  if (!holds && failures.size() < 10) failures.push_back(what);
}

void IceWorld::checkEnd() {
  expect(agree(), "the two sides are not on one pair");
  for (const IceSide* s : {&a, &b}) {
    expect(s->nominations == 1,
           s->name + " saw " + std::to_string(s->nominations) + " nominations in a generation");
  }
  expect(a.agent->role() != b.agent->role(), "both have one role");
}

}  // namespace parley::sim::test
