#include "turn/server/relay_registry.h"

namespace parley::turn {

void LocalRelayRegistry::setLive(const Address& bound, bool live) {
  std::unique_ptr<Ports>& ports = ports_[bound.ip()];
  if (ports == nullptr) ports = std::make_unique<Ports>();
  ports->set(bound.port(), live);
}

bool LocalRelayRegistry::isLive(const Address& bound) const {
  const auto found = ports_.find(bound.ip());
  return found != ports_.end() && found->second->test(bound.port());
}

}  // namespace parley::turn
