// Two ICE agents on a simulated network, with a STUN server between them and signalling that takes
// its time. What they select is checked by datagrams of their own: each side sends numbered ones on
// its selected path and notes by which path the other's came.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ice/agent.h"
#include "sim/engine_host.h"
#include "sim/router.h"
#include "tests/sim/seeds.h"
#include "tests/sim/turn_server_host.h"

namespace parley::sim::test {

// No NAT, or one of RFC 4787's kinds.
struct NatKind {
  bool present = false;
  Dependence mapping = Dependence::EndpointIndependent;
  Dependence filtering = Dependence::EndpointIndependent;
};
std::string name(const NatKind& kind);
std::vector<NatKind> allNatKinds();
// Whether hole punching can work between the two (no relay, no port preservation).
bool canConnectDirectly(const NatKind& a, const NatKind& b);

struct IceSide {
  std::string name;
  Host* host = nullptr;
  Router* router = nullptr;
  IpAddress local;
  std::unique_ptr<SeededRandom> random;
  std::unique_ptr<ice::Agent> agent;
  std::unique_ptr<EngineHost<ice::Agent>> driver;
  // Told by events.
  std::vector<ice::State> states;
  std::vector<ice::PairReport> reports;
  std::vector<ice::SelectedPath> selections;
  std::vector<ice::CandidateError> errors;
  std::vector<ice::LocalCandidate> candidates;
  unsigned nominations = 0;  // in this generation
  unsigned roleChanges = 0;
  std::optional<Time> connectedAt;
  bool sawComplete = false;
  // Data.
  std::uint64_t sent = 0;
  std::uint64_t heard = 0;
  std::uint64_t strangers = 0;  // data from where the agent knew nobody
  std::optional<Path> heardBy;
  std::optional<Time> heardAt;
};

struct IceWorldConfig {
  NatKind natA;
  NatKind natB;
  LinkConditions internet{};  // of each side's way to the middle
  Duration signalDelay = 20ms;
  bool stun = true;
  ice::Role roleA = ice::Role::Controlling;
  ice::Role roleB = ice::Role::Controlled;
  bool hideB = false;
  ice::Timing timing{};
};

class IceWorld {
 public:
  IceWorld(std::uint64_t seed, const IceWorldConfig& config);

  Network net;
  SeededRandom random;
  std::unique_ptr<TurnServerHost> server;
  Address serverAddress{IpAddress::v4(203, 0, 113, 10), 3478};
  IceSide a;
  IceSide b;
  // Candidates of a side go over only when this says so (late trickle, lost signalling).
  std::function<Duration(const IceSide& from, const ice::Candidate&)> trickleDelay;

  Time now() const { return net.now(); }
  void runFor(Duration span) { net.events().runFor(span); }
  template <class Done>
  bool runUntil(Duration within, Done&& done) {
    return net.events().runUntil(now() + within, std::forward<Done>(done));
  }
  // Both bind, gather, and exchange credentials; A's go first, as an offer's do.
  void start();
  void startSide(IceSide& side);
  // A new generation of both, begun by A.
  void restart();
  void signalCredentials(IceSide& from, IceSide& to, bool lite = false);
  Result<Path> addSocket(IceSide& side, const IpAddress& local);
  void pump(IceSide& side) { side.driver->pump(); }

  bool bothConnected() const;
  bool bothCompleted() const;
  bool bothFailed() const;
  // Each side's data goes out now and then from here on.
  void startData(Duration every = 50ms);
  // The data that came last came by the path that goes out: both are on one pair.
  bool agree() const;

  void expect(bool holds, const std::string& what);
  // At most one nomination a generation, both on the same pair, no data from strangers.
  void checkEnd();
  Failures failures;

 private:
  void build(IceSide& side, const NatKind& nat, const IceWorldConfig& config, std::uint8_t index);
  void handleEvent(IceSide& side, IceSide& other, ice::AgentEvent& event);
  void handleTrain(IceSide& side, const Train& train);
  void sendData(IceSide& side);
  void tick(Duration every);

  IceWorldConfig config_;
  std::map<std::string, IpAddress> names_;
};

}  // namespace parley::sim::test
