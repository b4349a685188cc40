// Rooms over real (simulated) streams through NATs: connections die with their NAT, hang while a
// link is down, are reset from either side. Each message arrives once and in order between each two
// members, nobody sees anybody leave, and no room hears of another.
#include <gtest/gtest.h>

#include <memory>

#include "sim/router.h"
#include "tests/sim/room_client_host.h"
#include "tests/sim/room_server_host.h"
#include "tests/sim/seeds.h"

namespace parley::sim::test {
namespace {

struct Totals {
  int said = 0;
  int resumes = 0;
};

class RoomWorld {
 public:
  RoomWorld(std::uint64_t seed, std::size_t rooms, std::size_t membersEach)
      : net(seed), random(seed ^ 0x700a5), serverHost(net.addHost("server")) {
    serverHost.attach(net.internet(), listener.ip(), conditions());
    server = std::make_unique<RoomServerHost>(serverHost, listener);
    for (std::size_t i = 0; i < rooms * membersEach; ++i)
      addMember(i, "room" + std::to_string(i % rooms));
    expect(settle(), "all are in, before the trouble");
  }

  Network net;
  SeededRandom random;
  Address listener{IpAddress::v4(203, 0, 113, 20), 443};
  Host& serverHost;
  std::unique_ptr<RoomServerHost> server;
  struct Member {
    Router* router = nullptr;
    std::unique_ptr<RoomClientHost> client;
    Time troubledUntil{};
  };
  std::vector<Member> members;

  Duration upTo(Duration most) {
    return Duration{
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count())))};
  }
  Member& anyone() { return members[random.below(members.size())]; }

  // To somebody of its own room.
  void sayFrom(Member& from) {
    std::vector<Member*> others;
    for (Member& m : members)
      if (&m != &from && m.client->room == from.client->room) others.push_back(&m);
    from.client->say(others[random.below(others.size())]->client->client.id);
    ++said;
  }

  // One trouble at a time for each member: its place is kept for 30 s, and longer it must not be
  // away for the server.
  void trouble(Member& m) {
    if (net.now() < m.troubledUntil) return;
    m.troubledUntil = net.now() + 50s;
    switch (random.below(5)) {
      case 0:
        return m.router->nat().forget();
      case 1:
        return m.router->renumber({nextAddress()});
      case 2:
        return m.client->abort();
      case 3:
        return server->reset(m.router->nat().config().externalAddresses.front());
      default:
        hang(m, upTo(9s));
    }
  }

  // Until everybody is online, everything said is acknowledged and as much is heard as was said.
  bool settle() {
    return net.events().runUntil(net.now() + 5min, [&] {
      for (const Member& m : members)
        if (!m.client->client.online() || m.client->client.unacknowledged() != 0) return false;
      return heardInAll() >= static_cast<std::size_t>(said);
    });
  }
  std::size_t heardInAll() const {
    std::size_t n = 0;
    for (const Member& m : members)
      for (const auto& [from, heard] : m.client->client.heard)
        n += heard.size();
    return n;
  }

  void expect(bool holds, const std::string& what) {
    if (!holds && failures.size() < 10) failures.push_back(what);
  }
  void checkMembers() {
    for (Member& m : members) {
      const auto& c = m.client->client;
      const std::string who = m.client->room + "'s " + c.id;
      std::set<std::string> others;
      for (Member& other : members)
        if (&other != &m && other.client->room == m.client->room)
          others.insert(other.client->client.id);
      expect(c.peers == others, who + " sees another room than there is");
      expect(c.lefts == 0, who + " saw somebody leave");
      expect(c.gaps == 0, who + " missed a number");
      for (const std::string& e : c.errors)
        expect(e == "replaced" || e == "idle", who + " was told " + e);
      for (const auto& [from, heard] : c.heard)
        expect(others.contains(from), who + " heard somebody who is not in its room");
      resumes += c.resumes;
    }
    for (Member& from : members)
      for (Member& to : members)
        if (&from != &to) checkPair(from, to);
  }
  void checkPair(Member& from, Member& to) {
    const int saidTo = from.client->said[to.client->client.id];
    const auto& heard = to.client->client.heard[from.client->client.id];
    expect(heard.size() == static_cast<std::size_t>(saidTo),
           std::to_string(saidTo) + " said and " + std::to_string(heard.size()) + " heard");
    for (std::size_t i = 0; i < heard.size(); ++i)
      expect(heard[i].at("n") == static_cast<int>(i), "out of order or doubled");
  }
  void finish() {
    for (Member& m : members)
      m.client->leaveRoom();
    net.events().runFor(3min);
    const signal::HubStats stats = server->hub().stats();
    expect(stats.members == 0 && stats.membersAway == 0, "members are left");
    expect(stats.rooms == 0, "rooms are left");
    expect(stats.connections == 0 && server->streams() == 0, "connections are left");
    for (const std::string& f : server->failures())
      expect(false, f);
  }

  int said = 0;
  int resumes = 0;
  Failures failures;

 private:
  LinkConditions conditions() {
    LinkConditions c;
    c.delay = 2ms + upTo(60ms);
    c.jitter = upTo(10ms);
    c.loss = random.unit() * 0.03;
    c.reorder = random.unit() * 0.05;
    return c;
  }
  IpAddress nextAddress() {
    ++lastAddress_;
    return IpAddress::v4(198, 51, static_cast<std::uint8_t>(lastAddress_ >> 8),
                         static_cast<std::uint8_t>(lastAddress_));
  }
  void addMember(std::size_t index, const std::string& room) {
    Member m;
    RouterConfig config;
    config.nat.emplace();
    config.nat->externalAddresses = {nextAddress()};
    config.uplink = config.downlink = conditions();
    m.router = &net.addRouter("router" + std::to_string(index), net.internet(), config);
    Host& host = net.addHost("member" + std::to_string(index));
    const IpAddress local = IpAddress::v4(192, 168, 0, 2);
    LinkConditions lan;
    lan.delay = 1ms;
    host.attach(m.router->inside(), local, lan);
    m.client =
        std::make_unique<RoomClientHost>(host, local, listener, room, "M" + std::to_string(index));
    members.push_back(std::move(m));
    // All are in the room before the next: who says "hello" to whom is known.
    expect(settle(), "it comes in");
  }
  void hang(Member& m, Duration span) {
    const LinkConditions before = m.router->uplink().up().conditions();
    LinkConditions down = before;
    down.down = true;
    m.router->uplink().setConditions(down);
    net.events().after(span,
                       [router = m.router, before] { router->uplink().setConditions(before); });
  }

  std::uint16_t lastAddress_ = 0;
};

Failures run(std::uint64_t seed, Capture& capture, Totals& totals) {
  RoomWorld w(seed, 1 + seed % 3, 2 + seed % 3);
  capture.begin(w.net);
  const int minutes = 1 + static_cast<int>(seed % 4);
  for (int i = 0; i < 60 * minutes; ++i) {
    w.net.events().runFor(w.upTo(2s));
    for (std::uint64_t n = w.random.below(4); n > 0; --n)
      w.sayFrom(w.anyone());
    if (w.random.below(6) == 0) w.trouble(w.anyone());
  }
  w.expect(w.settle(), "not calm after five minutes");
  w.checkMembers();
  w.finish();
  totals.said += w.said;
  totals.resumes += w.resumes;
  capture.end(w.net);
  return w.failures;
}

TEST(Rooms, eachMessageOnceAndInOrderThroughBrokenStreams) {
  Totals totals;
  forEachSeed("rooms", 100,
              [&](std::uint64_t seed, Capture& capture) { return run(seed, capture, totals); });
  RecordProperty("said", totals.said);
  RecordProperty("resumes", totals.resumes);
  if (isOnlyOneSeed()) return;
  EXPECT_GT(totals.said, 1000);
  EXPECT_GT(totals.resumes, 100);
}

TEST(Rooms, oneSeedIsOneRun) {
  Totals totals;
  Capture first{true, {}};
  Capture second{true, {}};
  run(3, first, totals);
  run(3, second, totals);
  EXPECT_GT(first.bytes.size(), 10'000u);
  EXPECT_EQ(first.bytes, second.bytes);
}

}  // namespace
}  // namespace parley::sim::test
