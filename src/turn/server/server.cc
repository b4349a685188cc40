#include "turn/server/server.h"

#include <utility>

#include "turn/server/server_core.h"

namespace parley::turn {

Server::Server(Config config, RandomSource& random, RelayRegistry* registry)
    : core_(std::make_unique<Core>(std::move(config), random, registry)) {}
Server::~Server() = default;

Verdict Server::routeFromClient(const Train& in, Time now) {
  return core_->router().fromClient(in, now);
}
Verdict Server::routeFromPeer(const Train& in, Time now) {
  return core_->router().fromPeer(in, now);
}
Verdict Server::route(const Train& in, Time now) {
  return core_->isRelayLink(in.path().link) ? routeFromPeer(in, now) : routeFromClient(in, now);
}

void Server::handleDatagrams(const Train& in, Time now) {
  core_->handleDatagrams(in, now);
}
void Server::handleTimeout(Time now) {
  core_->handleTimeout(now);
}
Time Server::nextTimeout() const {
  return core_->nextTimeout();
}
More Server::pollTransmit(TransmitBatch& out, Time /*now*/) {
  return core_->pollTransmit(out);
}
std::optional<Server::Event> Server::pollEvent() {
  return core_->pollEvent();
}

void Server::handlePathEvent(const Path& path, PathEvent event, Time now) {
  if (event == PathEvent::Closed) core_->handleClosed(path, now);
}
void Server::handleRelayBound(RelayId relay, const Result<LinkId>& bound, Time now) {
  core_->handleRelayBound(relay, bound, now);
}

void Server::setWallTime(WallTime wall, Time now) {
  core_->setWallTime(wall, now);
}
void Server::setCredentials(Credentials credentials, Time now) {
  core_->setCredentials(std::move(credentials), now);
}
void Server::setPeerRules(PeerRules rules) {
  core_->setPeerRules(std::move(rules));
}
void Server::closeAll(Time /*now*/) {
  core_->closeAll();
}

std::size_t Server::allocationCount() const {
  return core_->allocationCount();
}
const Counters& Server::counters() const {
  return core_->counters();
}

}  // namespace parley::turn
