#include "sim/network.h"

#include <algorithm>

#include "sim/host.h"
#include "sim/router.h"

namespace parley::sim {

void Segment::removeRoutes(const Port& port) {
  std::erase_if(routes_, [&](const auto& route) { return route.second == &port; });
  if (gateway_ == &port) gateway_ = nullptr;
}

// The longest prefix wins.
Port* Segment::find(const IpAddress& destination) const {
  const std::pair<Prefix, Port*>* best = nullptr;
  for (const auto& route : routes_) {
    if (route.first.contains(destination) &&
        (best == nullptr || route.first.length() > best->first.length()))
      best = &route;
  }
  return best == nullptr ? gateway_ : best->second;
}

void Segment::forward(Packet&& packet, const Port& from) {
  Port* to = find(packet.flow.destination.ip());
  if (to == nullptr || to == &from) {
    ++unroutable_;
    return;
  }
  to->deliver(std::move(packet));
}

Port::Port(Network& network, Node& node, Segment& segment, const LinkConditions& up,
           const LinkConditions& down)
    : network_(network),
      node_(node),
      segment_(segment),
      up_(up, network.nextSeed()),
      down_(down, network.nextSeed()) {}

void Port::send(Packet&& packet) {
  if (!attached_) return;
  for (Link::Delivery& d : up_.send(std::move(packet), network_.now())) {
    network_.events().at(d.when, [this, p = std::move(d.packet)]() mutable {
      if (attached_) segment_.forward(std::move(p), *this);
    });
  }
}

void Port::deliver(Packet&& packet) {
  for (Link::Delivery& d : down_.send(std::move(packet), network_.now())) {
    network_.events().at(d.when, [this, p = std::move(d.packet)]() mutable {
      if (attached_) node_.receive(std::move(p), *this);
    });
  }
}

void Port::setConditions(const LinkConditions& both) {
  up_.setConditions(both);
  down_.setConditions(both);
}

void Port::detach() {
  attached_ = false;
  segment_.removeRoutes(*this);
}

Network::Network(std::uint64_t seed) : seeds_(seed) {
  addSegment();
}

Network::~Network() = default;

Segment& Network::addSegment() {
  return *segments_.emplace_back(std::make_unique<Segment>());
}

Port& Network::addPort(Node& node, Segment& segment, const LinkConditions& up,
                       const LinkConditions& down) {
  return *ports_.emplace_back(std::make_unique<Port>(*this, node, segment, up, down));
}

Router& Network::addRouter(const std::string& name, Segment& outside, RouterConfig config) {
  auto router = std::make_unique<Router>(name, *this, outside, std::move(config));
  Router& result = *router;
  nodes_.push_back(std::move(router));
  return result;
}

Host& Network::addHost(const std::string& name) {
  auto host = std::make_unique<Host>(name, *this);
  Host& result = *host;
  nodes_.push_back(std::move(host));
  return result;
}

}  // namespace parley::sim
