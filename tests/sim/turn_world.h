// A TURN server, its clients and their peers on a simulated network drawn from a seed, watched by
// the oracle. Scenarios (turn_*_test.cc) say what happens in it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/host.h"
#include "sim/network.h"
#include "sim/router.h"
#include "tests/sim/payload_book.h"
#include "tests/sim/relay_oracle.h"
#include "tests/sim/seeds.h"
#include "tests/sim/turn_client_host.h"
#include "tests/sim/turn_server_host.h"

namespace parley::sim::test {

// The kinds of trouble that links make.
enum class Weather : std::uint8_t { Fair, Lossy, Bursty, Shuffled, Doubled, Corrupting, Foul };
LinkConditions conditionsOf(Weather weather, RandomSource& random);

struct WorldConfig {
  Weather weather = Weather::Fair;
  std::size_t clients = 2;
  std::size_t peers = 2;
  double behindNat = 0.5;
  double overTcp = 0.25;
  bool routes = false;  // relayed bytes by Server::route()
  std::uint16_t minPort = 50'000;
  std::uint16_t maxPort = 50'063;
};

class TurnWorld {
 public:
  struct Member {
    std::string name;
    Host* host = nullptr;
    Router* router = nullptr;  // of those behind a NAT
    std::unique_ptr<TurnClientHost> turn;
  };
  struct Peer {
    std::string name;
    Host* host = nullptr;
    Path path;
  };

  TurnWorld(std::uint64_t seed, const WorldConfig& config);

  Network net;
  SeededRandom random;  // for the scenario
  Address serverAddress{IpAddress::v4(203, 0, 113, 10), 3478};
  Host& serverHost;
  RelayOracle oracle;
  PayloadBook book;
  std::unique_ptr<TurnServerHost> server;
  std::vector<Member> members;
  std::vector<Peer> peers;
  // Denied by policy: asking for them is refused, sending to them impossible.
  std::vector<Address> deniedPeers;

  Time now() const { return net.now(); }
  void runFor(Duration span) { net.events().runFor(span); }
  // Runs until it holds; false when it does not within the span.
  template <class Done>
  bool runUntil(Duration within, Done&& done) {
    return net.events().runUntil(now() + within, std::forward<Done>(done));
  }
  bool chance(double p) { return random.unit() < p; }
  template <class T>
  T& anyOf(std::vector<T>& all) {
    return all[random.below(all.size())];
  }

  void sendToPeer(Member& from, const Peer& to, std::size_t size);
  // To the relayed address of another member: through the relay twice, if it permits.
  void sendToMember(Member& from, Member& to, std::size_t size);
  void sendTo(Member& from, const Address& to, std::size_t size);
  void sendFromPeer(const Peer& from, const Member& to, std::size_t size);

  // A check of the scenario's own.
  void expect(bool holds, const std::string& what);
  // Ends everything and lets all that lives by time die; then nothing may be left.
  void finish();
  Failures failures() const;

 private:
  void addMember(std::size_t index, const WorldConfig& config);
  void addPeer(std::size_t index, const WorldConfig& config);
  void attach(Member& member, std::size_t index, const WorldConfig& config, IpAddress& local);

  SeededRandom layout_;
  Failures own_;
};

}  // namespace parley::sim::test
