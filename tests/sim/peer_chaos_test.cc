// Two peers under everything that a network does: messages on ordered, unordered and unreliable
// channels both ways while links lose, shuffle, double and corrupt, NATs forget their mappings, ICE
// restarts and channels close. What must hold: reliable messages come exactly once, ordered ones in
// order, unreliable ones at most once; nothing stalls; nothing is left when it is over.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "crypto/digest.h"
#include "tests/sim/peer_world.h"
#include "tests/sim/turn_world.h"

namespace parley::sim::test {
namespace {

using peer::ChannelId;
using peer::ChannelInit;
using peer::MessageKind;
using peer::Peer;

constexpr std::size_t kHeader = 16;

struct Totals {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t rebinds = 0;
  std::uint64_t restarts = 0;
  std::uint64_t relayed = 0;
};

// One direction of one channel: what was sent and what of it was heard.
struct Flow {
  bool ordered = true;
  bool reliable = true;
  std::uint64_t sent = 0;
  std::uint64_t next = 0;           // of an ordered one
  std::set<std::uint64_t> heard{};  // of an unordered one
  std::uint64_t heardCount = 0;
};

std::uint64_t checksum(ConstBytes bytes) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const std::uint8_t b : bytes)
    h = (h ^ b) * 0x100000001b3u;
  return h;
}

class Chaos {
 public:
  Chaos(PeerWorld& world, Totals& totals) : w_(world), totals_(totals) {
    for (PeerWorld::Side* side : {&w_.a, &w_.b}) {
      side->peer->setOnMessage([this, side](ChannelId id, MessageKind, ConstBytes data) {
        heard(*side, labelOf(*side, id), data);
      });
    }
  }

  // Channels of both sides, before and after the connection stands.
  void openChannels() {
    for (PeerWorld::Side* side : {&w_.a, &w_.b}) {
      for (int i = 0; i < 3; ++i) {
        ChannelInit init;
        init.label = side->name + std::to_string(i);
        init.ordered = i != 1;
        if (i == 2) init.maxRetransmits = static_cast<std::uint16_t>(w_.random.below(3));
        const Result<ChannelId> id =
            side->peer->with([&](Peer& p, Time now) { return p.createChannel(init, now); });
        expect(id.ok(), "a channel could not be made");
        own_[{side, init.label}] = *id;
        for (PeerWorld::Side* from : {&w_.a, &w_.b})
          flows_[{from, init.label}] = Flow{init.ordered, i != 2, 0, 0, {}, 0};
      }
    }
  }

  void sendSome(PeerWorld::Side& from) {
    if (own_.empty()) return;
    auto it = own_.begin();
    std::advance(it, static_cast<long>(w_.random.below(own_.size())));
    const std::string& label = it->first.second;
    const auto id = idOf(from, label);
    if (!id || !from.peer->isOpen(*id)) return;
    for (std::uint64_t n = 1 + w_.random.below(6); n > 0; --n)
      sendOne(from, label, *id);
  }

  // Every reliable message has come.
  bool isQuiet() const {
    for (const auto& [key, f] : flows_)
      if (f.reliable && f.heardCount != f.sent) return false;
    return true;
  }
  void expect(bool holds, const std::string& what) {
    if (!holds && failures.size() < 10) failures.push_back(what);
  }
  std::string missing() const {
    std::string out;
    for (const auto& [key, f] : flows_)
      if (f.reliable && f.heardCount != f.sent)
        out += " " + key.first->name + "->" + key.second + " " + std::to_string(f.heardCount) +
               "/" + std::to_string(f.sent);
    return out;
  }
  Failures failures;

 private:
  using Key = std::pair<const PeerWorld::Side*, std::string>;

  std::optional<ChannelId> idOf(const PeerWorld::Side& side, const std::string& label) const {
    if (const auto it = own_.find({&side, label}); it != own_.end()) return it->second;
    return side.peer->announcedAs(label);
  }
  std::string labelOf(const PeerWorld::Side& side, ChannelId id) const {
    for (const auto& [key, own] : own_)
      if (key.first == &side && own == id) return key.second;
    const auto it = side.peer->announced.find(id);
    return it == side.peer->announced.end() ? "" : it->second.label;
  }

  void sendOne(PeerWorld::Side& from, const std::string& label, ChannelId id) {
    Flow& f = flows_.at({&from, label});
    const std::size_t size =
        kHeader + (w_.random.below(8) == 0 ? w_.random.below(60'000) : w_.random.below(1500));
    std::vector<std::uint8_t> bytes(size);
    SeededRandom{w_.random.next64()}.fill(bytes);
    storeBe64(bytes.data() + 8, f.sent);
    storeBe64(bytes.data(), checksum(ConstBytes(bytes).subspan(8)));
    const Status sent = from.peer->with(
        [&](Peer& p, Time now) { return p.send(id, MessageKind::Binary, bytes, now); });
    if (sent.ok()) ++f.sent;
  }

  void heard(const PeerWorld::Side& by, const std::string& label, ConstBytes data) {
    const PeerWorld::Side* from = &by == &w_.a ? &w_.b : &w_.a;
    const auto it = flows_.find({from, label});
    if (it == flows_.end()) {
      if (label != "chat") expect(false, by.name + " heard on an unknown channel " + label);
      return;
    }
    Flow& f = it->second;
    ++totals_.messages;
    totals_.bytes += data.size();
    ++f.heardCount;
    const bool whole = data.size() >= kHeader && loadBe64(data.data()) == checksum(data.subspan(8));
    expect(whole, by.name + " heard what nobody sent on " + label);
    if (!whole) return;
    const std::uint64_t number = loadBe64(data.data() + 8);
    expect(number < f.sent, by.name + " heard a number that was not sent");
    if (f.ordered) {
      expect(f.reliable ? number == f.next : number >= f.next,
             by.name + " heard " + std::to_string(number) + " in place of " +
                 std::to_string(f.next) + " on " + label);
      f.next = number + 1;
    } else {
      expect(f.heard.insert(number).second,
             by.name + " heard " + std::to_string(number) + " twice on " + label);
    }
  }

  PeerWorld& w_;
  Totals& totals_;
  std::map<Key, ChannelId> own_;
  std::map<Key, Flow> flows_;
};

// A path between the two crosses both links: half of the trouble each. Together up to a fifth of
// all packets are lost.
LinkConditions roughLink(Weather weather, RandomSource& random) {
  LinkConditions c = conditionsOf(weather, random);
  if (weather == Weather::Lossy) c.loss = random.unit() * 0.2;
  c.loss /= 2;
  c.corrupt /= 4;
  c.duplicate /= 2;
  c.reorder /= 2;
  if (c.burst) c.burst->toBad /= 2;
  return c;
}

// Everything ends: closed by one or both, and nothing is left that waits.
void finish(PeerWorld& w, Chaos& chaos) {
  PeerWorld::Side& first = w.random.below(2) == 0 ? w.a : w.b;
  PeerWorld::Side& second = &first == &w.a ? w.b : w.a;
  first.peer->with([](Peer& p, Time now) { p.close(now); });
  w.runFor(1s);
  second.peer->with([](Peer& p, Time now) { p.close(now); });
  w.runFor(60s);
  for (PeerWorld::Side* side : {&w.a, &w.b}) {
    chaos.expect(side->peer->peer().isDone(), side->name + " is not done after close()");
    chaos.expect(side->peer->peer().nextTimeout() == kNever,
                 side->name + " waits for something after close()");
    chaos.expect(side->peer->openStreams() == 0, side->name + " left streams open");
  }
  // Longer than an allocation lives whose release was lost.
  w.runFor(900s);
  chaos.expect(w.server->engine().allocationCount() == 0, "allocations are left at the server");
}

// The event log of a side that failed.
std::string story(const PeerWorld::Side& side) {
  const peer::EventLog& log = side.peer->peer().log();
  std::string out = side.name + ":";
  log.forEach([&](const peer::LogEntry& e) { out += "\n    " + log.describe(e); });
  for (const peer::Stats& s : side.peer->peer().stats(side.peer->now()))
    if (const auto* t = std::get_if<peer::SctpTransportStats>(&s))
      out += "\n    sctp: window " + std::to_string(t->congestionWindow) + ", theirs " +
             std::to_string(t->receiverWindow) + ", in flight " + std::to_string(t->bytesInFlight) +
             ", sent again " + std::to_string(t->retransmittedChunks) + ", round trip " +
             std::to_string(t->smoothedRoundTripTime);
  return out;
}

// All that is under way arrives; a path that is lost is looked for anew, as the call page does.
bool settles(PeerWorld& w, const Chaos& chaos, Totals& totals) {
  for (int i = 0; i < 60; ++i) {
    if (w.runUntil(3s, [&] { return chaos.isQuiet(); })) return true;
    bool lost = false;
    for (const PeerWorld::Side* side : {&w.a, &w.b}) {
      const peer::ConnectionState s = side->peer->peer().connectionState();
      lost = lost || s == peer::ConnectionState::Failed || s == peer::ConnectionState::Disconnected;
    }
    if (!lost) continue;
    w.restartIce();
    ++totals.restarts;
  }
  return false;
}

Failures run(std::uint64_t seed, Weather weather, Capture& capture, Totals& totals) {
  SeededRandom random(seed ^ 0xc4a05u);
  const std::vector<Place> places = allPlaces();
  PeerWorldConfig config;
  config.places = {places[random.below(places.size())], places[random.below(places.size())]};
  const LinkConditions rough = roughLink(weather, random);
  // A flipped bit in a handshake that nothing protects yet ends it, as it must.
  config.conditions = rough;
  config.conditions.corrupt = 0;
  PeerWorld w(seed, config);
  capture.begin(w.net);
  Chaos chaos(w, totals);
  chaos.openChannels();
  w.connect();
  if (!w.runUntil(60s, [&] { return w.isConnected(); })) {
    capture.end(w.net);
    return {"no connection: " + config.places[0].name + " with " + config.places[1].name,
            story(w.a), story(w.b)};
  }
  for (PeerWorld::Side* side : {&w.a, &w.b})
    side->port->setConditions(rough);
  for (std::uint64_t i = 20 + w.random.below(60); i > 0; --i) {
    w.runFor(Duration{static_cast<std::int64_t>(w.random.below(80'000'000))});
    chaos.sendSome(w.random.below(2) == 0 ? w.a : w.b);
    if (w.random.below(60) == 0) {
      PeerWorld::Side& side = w.random.below(2) == 0 ? w.a : w.b;
      if (side.router->hasNat()) side.router->nat().forget();
      ++totals.rebinds;
      // A move that consent cannot follow is followed by a restart, as an application would.
      w.runFor(2s);
      w.restartIce();
      ++totals.restarts;
      w.runFor(300ms);
    } else if (w.random.below(60) == 0) {
      w.restartIce();
      ++totals.restarts;
      w.runFor(300ms);
    }
  }
  if (!w.a.peer->selected.empty() && w.a.peer->selected.back().relayProtocol) ++totals.relayed;
  if (!settles(w, chaos, totals)) {
    capture.end(w.net);
    return {"it stalls, " + config.places[0].name + " with " + config.places[1].name + ":" +
                chaos.missing(),
            story(w.a), story(w.b)};
  }
  finish(w, chaos);
  capture.end(w.net);
  return chaos.failures;
}

class PeerChaos : public testing::TestWithParam<Weather> {};

TEST_P(PeerChaos, everyMessageAsPromised) {
  static constexpr const char* kNames[] = {"fair",    "lossy",      "bursty", "shuffled",
                                           "doubled", "corrupting", "foul"};
  Totals totals;
  forEachSeed(
      std::string{"peer-"} + kNames[static_cast<int>(GetParam())], 150,
      [&](std::uint64_t seed, Capture& capture) { return run(seed, GetParam(), capture, totals); });
  RecordProperty("messages", static_cast<int>(totals.messages));
  RecordProperty("megabytes", static_cast<int>(totals.bytes >> 20));
  RecordProperty("rebinds", static_cast<int>(totals.rebinds));
  RecordProperty("restarts", static_cast<int>(totals.restarts));
  if (isOnlyOneSeed()) return;
  EXPECT_GT(totals.messages, 1000u);
  EXPECT_GT(totals.restarts, 0u);
}

INSTANTIATE_TEST_SUITE_P(, PeerChaos,
                         testing::Values(Weather::Fair, Weather::Lossy, Weather::Bursty,
                                         Weather::Shuffled, Weather::Doubled, Weather::Corrupting,
                                         Weather::Foul));

}  // namespace
}  // namespace parley::sim::test
