#include "sim/router.h"

namespace parley::sim {
namespace {

// A router's own port on its inside costs nothing; the hosts' links there do.
LinkConditions ideal() {
  LinkConditions none;
  none.delay = {};
  none.mtu = 65'535;
  return none;
}

}  // namespace

Router::Router(std::string name, Network& network, Segment& outside, RouterConfig config)
    : name_(std::move(name)),
      network_(network),
      inside_(network.addSegment()),
      random_(network.nextSeed()),
      firewall_(std::move(config.firewall)),
      inner_(&network.addPort(*this, inside_, ideal(), ideal())),
      outer_(&network.addPort(*this, outside, config.uplink, config.downlink)) {
  inside_.setGateway(inner_);
  if (config.nat) {
    addRoutes(config.nat->externalAddresses);
    nat_.emplace(std::move(*config.nat), random_);
  }
  for (const Prefix& prefix : config.insidePrefixes)
    outside.addRoute(prefix, *outer_);
}

void Router::addRoutes(const std::vector<IpAddress>& addresses) {
  for (const IpAddress& address : addresses)
    outer_->segment().addRoute(Prefix{address, 128}, *outer_);
}

void Router::renumber(std::vector<IpAddress> externalAddresses) {
  outer_->segment().removeRoutes(*outer_);
  addRoutes(externalAddresses);
  nat_->setExternalAddresses(std::move(externalAddresses));
}

void Router::receive(Packet&& packet, Port& via) {
  if (--packet.hopLimit == 0) {
    ++statistics_.hopLimit;
    return;
  }
  if (&via == inner_)
    handleOutbound(std::move(packet));
  else
    handleInbound(std::move(packet));
}

void Router::handleOutbound(Packet&& packet) {
  if (!firewall_.allowsOut(packet.flow, network_.now())) {
    ++statistics_.filtered;
    return;
  }
  if (nat_) {
    NatVerdict verdict = nat_->fromInside(packet.flow, network_.now());
    if (verdict.to == NatVerdict::To::Drop) {
      ++statistics_.natDrops[static_cast<std::size_t>(verdict.drop)];
      return;
    }
    packet.flow = verdict.flow;
    if (verdict.to == NatVerdict::To::Inside) {
      ++statistics_.hairpinned;
      return deliverInside(std::move(packet));
    }
  }
  ++statistics_.forwardedOut;
  outer_->send(std::move(packet));
}

void Router::handleInbound(Packet&& packet) {
  if (nat_) {
    NatVerdict verdict = nat_->fromOutside(packet.flow, network_.now());
    if (verdict.to == NatVerdict::To::Drop) {
      ++statistics_.natDrops[static_cast<std::size_t>(verdict.drop)];
      return;
    }
    packet.flow = verdict.flow;
  }
  if (!firewall_.allowsIn(packet.flow, network_.now())) {
    ++statistics_.filtered;
    return;
  }
  ++statistics_.forwardedIn;
  deliverInside(std::move(packet));
}

void Router::deliverInside(Packet&& packet) {
  inner_->send(std::move(packet));
}

}  // namespace parley::sim
