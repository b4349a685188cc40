// A router between a segment of its own (inside) and another (outside), with or without a NAT, and
// with a firewall that by default stops nothing. Routers nest: a carrier's NAT is the outside of a
// home's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/network.h"

namespace parley::sim {

struct RouterConfig {
  std::optional<NatConfig> nat{};
  FirewallConfig firewall{};
  // Without a NAT: the prefixes that are inside, so that the outside finds them.
  std::vector<Prefix> insidePrefixes{};
  LinkConditions uplink{};    // towards the outside
  LinkConditions downlink{};  // and back
};

struct RouterStatistics {
  std::uint64_t forwardedOut = 0;
  std::uint64_t forwardedIn = 0;
  std::uint64_t hairpinned = 0;
  std::uint64_t filtered = 0;  // by the firewall
  std::uint64_t hopLimit = 0;
  std::array<std::uint64_t, 6> natDrops{};  // by NatDrop
};

class Router final : public Node {
 public:
  Router(std::string name, Network& network, Segment& outside, RouterConfig config);

  Segment& inside() { return inside_; }
  Port& uplink() { return *outer_; }
  const std::string& name() const { return name_; }

  bool hasNat() const { return nat_.has_value(); }
  // It has one: check first.
  Nat& nat() { return *nat_; }
  Firewall& firewall() { return firewall_; }
  // The provider gives other addresses: all mappings end.
  void renumber(std::vector<IpAddress> externalAddresses);

  void receive(Packet&& packet, Port& via) override;
  const RouterStatistics& statistics() const { return statistics_; }

 private:
  void handleOutbound(Packet&& packet);
  void handleInbound(Packet&& packet);
  void deliverInside(Packet&& packet);
  void addRoutes(const std::vector<IpAddress>& addresses);

  std::string name_;
  Network& network_;
  Segment& inside_;
  SeededRandom random_;
  std::optional<Nat> nat_;
  Firewall firewall_;
  Port* inner_;
  Port* outer_;
  RouterStatistics statistics_;
};

}  // namespace parley::sim
