// Two peers on a simulated internet, each behind what its Place says, with a STUN and TURN server
// (our own engine) in the middle and a signalling channel that delays but loses nothing.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "sim/host.h"
#include "sim/network.h"
#include "sim/router.h"
#include "tests/sim/peer_host.h"
#include "tests/sim/seeds.h"
#include "tests/sim/turn_server_host.h"

namespace parley::sim::test {

// Where a peer sits.
struct Place {
  std::string name;
  std::optional<NatConfig> nat{};  // its outer address is filled in
  FirewallConfig firewall{};
  bool usesUdp() const { return !firewall.blockUdp; }
};
// No NAT, the nine of RFC 4787 (mapping × filtering), UDP blocked, and nothing but TCP port 443.
std::vector<Place> allPlaces();

struct PeerWorldConfig {
  std::array<Place, 2> places{Place{"open"}, Place{"open"}};
  LinkConditions conditions{};
  bool servers = true;  // ICE servers are configured
  bool routes = false;  // the TURN server forwards by Server::route()
  peer::PeerConfig peer{};
  Duration signalDelay = 20ms;
};

class PeerWorld {
 public:
  struct Side {
    std::string name;
    Host* host = nullptr;
    Router* router = nullptr;
    Port* port = nullptr;
    IpAddress local;
    std::unique_ptr<PeerHost> peer;
    LinkId link;
    peer::IceParameters ice;
  };

  PeerWorld(std::uint64_t seed, const PeerWorldConfig& config);
  ~PeerWorld();

  // Offer and answer: a makes a channel "chat" and offers; candidates trickle both ways.
  void connect();
  // A new generation on both sides.
  void restartIce();
  bool isConnected() const;
  Time now() const { return net.now(); }
  void runFor(Duration span) { net.events().runFor(span); }
  template <class Done>
  bool runUntil(Duration within, Done&& done) {
    return net.events().runUntil(now() + within, std::forward<Done>(done));
  }

  Network net;
  SeededRandom random;
  Address serverAddress{IpAddress::v4(203, 0, 113, 10), 3478};
  Address tlsAddress{IpAddress::v4(203, 0, 113, 10), 443};
  Host& serverHost;
  std::unique_ptr<TurnServerHost> server;  // UDP and TCP at 3478, streams at 443 too
  Side a;
  Side b;
  peer::ChannelId chat{};

  static dtls::Context& dtlsContext();
  static const crypto::Identity& identity(int which);

 private:
  void addSide(Side& side, const std::string& name, const Place& place, std::uint8_t number,
               const PeerWorldConfig& config);
  void deliver(Side& to, const peer::LocalCandidate& candidate, std::string ufrag);
  void exchange(bool first);
  void answer(bool first, const peer::IceParameters& theirs);

  PeerWorldConfig config_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace parley::sim::test
