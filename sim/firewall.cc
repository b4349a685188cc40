#include "sim/firewall.h"

#include <algorithm>

namespace parley::sim {

bool Firewall::isKnown(const Ends& ends, Time now) const {
  const auto it = flows_.find(ends);
  return it != flows_.end() && it->second > now;
}

void Firewall::track(const Ends& ends, Time now) {
  if (flows_.size() >= kMaxFlows && !flows_.contains(ends)) {
    std::erase_if(flows_, [now](const auto& entry) { return entry.second <= now; });
    if (flows_.size() >= kMaxFlows) return;
  }
  flows_[ends] = now + (ends.protocol == Protocol::Udp ? config_.udpLifetime : config_.tcpLifetime);
}

bool Firewall::allowsOut(const Flow& flow, Time now) {
  const Ends ends{flow.protocol, flow.source, flow.destination};
  if (flow.protocol == Protocol::Udp && config_.blockUdp) return false;
  if (flow.protocol == Protocol::Tcp && !config_.tcpPorts.empty() && !isKnown(ends, now) &&
      std::find(config_.tcpPorts.begin(), config_.tcpPorts.end(), flow.destination.port()) ==
          config_.tcpPorts.end())
    return false;
  track(ends, now);
  return true;
}

bool Firewall::allowsIn(const Flow& flow, Time now) {
  const Ends ends{flow.protocol, flow.destination, flow.source};
  if (flow.protocol == Protocol::Udp && config_.blockUdp) return false;
  if (config_.blockUnsolicited && !isKnown(ends, now)) return false;
  track(ends, now);
  return true;
}

}  // namespace parley::sim
