// A stateful packet filter between an inside and an outside, as found in front of offices: it lets
// out what its rules allow and in what belongs to it. Decides on flows, changes nothing.
//
// Limit: kMaxFlows tracked; beyond it new flows are not tracked, so that their answers are dropped
// when unsolicited packets are.
#pragma once

#include <map>
#include <vector>

#include "base/time.h"
#include "sim/flow.h"

namespace parley::sim {

struct FirewallConfig {
  bool blockUdp = false;                  // all of it, both ways
  std::vector<std::uint16_t> tcpPorts{};  // where connections from inside may go; empty is anywhere
  // Packets from outside that answer nothing. A NAT filters by itself; this is for routers without.
  bool blockUnsolicited = false;
  Duration udpLifetime = 180s;
  Duration tcpLifetime = 7440s;
};

class Firewall {
 public:
  static constexpr std::size_t kMaxFlows = 16'384;

  explicit Firewall(FirewallConfig config) : config_(std::move(config)) {}

  // Flows by the inner addresses, on whichever side they are seen: before the NAT on the way out,
  // after it on the way in.
  bool allowsOut(const Flow& flow, Time now);
  bool allowsIn(const Flow& flow, Time now);

  void setConfig(FirewallConfig config) { config_ = std::move(config); }

 private:
  struct Ends {
    Protocol protocol;
    Address inner;
    Address outer;
    friend auto operator<=>(const Ends&, const Ends&) = default;
  };
  bool isKnown(const Ends& ends, Time now) const;
  void track(const Ends& ends, Time now);

  FirewallConfig config_;
  std::map<Ends, Time> flows_;
};

}  // namespace parley::sim
