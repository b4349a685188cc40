#include "tests/sim/peer_host.h"

#include <algorithm>

#include "base/check.h"

namespace parley::sim::test {

using namespace parley::peer;

namespace {

Path withTransport(Path path, Transport transport) {
  path.transport = transport;
  return path;
}

}  // namespace

PeerHost::PeerHost(Host& host, PeerConfig config, const crypto::Identity& identity,
                   dtls::Context& dtls)
    : host_(host),
      random_(host.network().nextSeed()),
      identity_(identity),
      peer_(
          std::make_unique<Peer>(std::move(config), identity_, dtls, random_, host.events().now())),
      driver_(host, *peer_, [this](PeerEvent& event) { handleEvent(event); }) {
  driver_.setOnStream([this](const Path& path, ConstBytes bytes) {
    // A message goes into a stream's queue whole or not at all.
    if (streams_.contains(path.link) &&
        host_.tcp().unacknowledged(path.link) + bytes.size() <= kStreamQueue)
      host_.tcp().send(path.link, bytes);
  });
}

PeerHost::~PeerHost() {
  *alive_ = false;
  host_.tcp().leave(*this);
}

LinkId PeerHost::bind(const IpAddress& local) {
  const Path path = driver_.bind({local, 0}).value();
  with([&](Peer& p, Time now) { p.addLink(path.link, path.local, InterfaceKind::Ethernet, now); });
  return path.link;
}

void PeerHost::unbind(LinkId link) {
  driver_.unbind(link);
  with([&](Peer& p, Time now) { p.removeLink(link, now); });
}

bool PeerHost::isOpen(ChannelId id) const {
  return std::find(opened.begin(), opened.end(), id) != opened.end() && !closed.contains(id);
}

std::optional<ChannelId> PeerHost::announcedAs(const std::string& label) const {
  for (const auto& [id, init] : announced)
    if (init.label == label) return id;
  return std::nullopt;
}

void PeerHost::handleEvent(PeerEvent& event) {
  if (const auto* e = std::get_if<OpenStream>(&event)) openStream(*e);
  if (const auto* e = std::get_if<CloseStream>(&event)) {
    streams_.erase(e->link);
    host_.tcp().finish(e->link);
  }
  if (const auto* e = std::get_if<CancelStream>(&event)) cancelStream(e->id);
  if (const auto* e = std::get_if<ResolveName>(&event)) resolve(e->id, e->name);
  if (const auto* e = std::get_if<ResolveMdns>(&event)) resolve(e->id, e->name);
  if (const auto* e = std::get_if<LocalCandidate>(&event); e != nullptr && signal_) signal_(*e);
  if (const auto* e = std::get_if<ConnectionStateChanged>(&event)) states.push_back(e->state);
  if (const auto* e = std::get_if<SelectedPairChanged>(&event)) selected.push_back(*e);
  if (const auto* e = std::get_if<CandidateError>(&event)) errors.push_back(*e);
  if (const auto* e = std::get_if<ChannelAnnounced>(&event)) announced[e->channel] = e->init;
  if (const auto* e = std::get_if<ChannelOpened>(&event)) opened.push_back(e->channel);
  if (const auto* e = std::get_if<ChannelClosed>(&event)) closed[e->channel] = e->error;
  if (const auto* e = std::get_if<ChannelMessage>(&event); e != nullptr && onMessage_)
    onMessage_(e->channel, e->kind, e->data);
  if (onEvent_) onEvent_(event);
}

void PeerHost::openStream(const OpenStream& order) {
  const Address from{order.local, host_.freePort(order.local)};
  const Result<Path> path = host_.tcp().connect(from, order.server, *this);
  if (path.ok()) {
    Stream& s = streams_[path->link];
    s.request = order.id;
    s.transport = order.transport;
    return;
  }
  peer_->handleStreamFailed(order.id, path.error(), now());
}

void PeerHost::cancelStream(StreamRequestId id) {
  const auto it = std::find_if(streams_.begin(), streams_.end(),
                               [&](const auto& s) { return s.second.request == id; });
  if (it == streams_.end()) return;
  const LinkId link = it->first;
  streams_.erase(it);
  host_.tcp().abort(link);
}

// Answers come a little later, as from a real resolver.
void PeerHost::resolve(LookupId id, const std::string& name) {
  host_.events().after(5ms, [this, id, name, alive = alive_] {
    if (!*alive) return;
    std::vector<IpAddress> addresses;
    if (names_ != nullptr)
      if (const auto it = names_->find(name); it != names_->end()) addresses = it->second;
    with([&](Peer& p, Time at) { p.handleResolved(id, addresses, at); });
  });
}

void PeerHost::onStreamOpened(const Path& path) {
  const Stream& s = streams_.at(path.link);
  with([&](Peer& p, Time at) {
    p.handleStreamOpened(s.request, withTransport(path, s.transport), at);
  });
}

void PeerHost::onStreamData(const Path& path, Bytes bytes) {
  const auto it = streams_.find(path.link);
  if (it == streams_.end()) return;
  it->second.framer.append(bytes);
  const Path known = withTransport(path, it->second.transport);
  // A message may close the stream.
  while (streams_.contains(path.link)) {
    const auto message = streams_.at(path.link).framer.next();
    if (!message) break;
    driver_.handle(Train{known, *message});
  }
}

void PeerHost::onStreamClosed(const Path& path, StreamEnd why) {
  const auto node = streams_.extract(path.link);
  if (node.empty()) return;
  const Stream& s = node.mapped();
  with([&](Peer& p, Time at) {
    if (why == StreamEnd::Refused || why == StreamEnd::TimedOut)
      p.handleStreamFailed(s.request, Error{ErrorCode::Refused, "connect"}, at);
    p.handlePathEvent(withTransport(path, s.transport), PathEvent::Closed, at);
  });
}

}  // namespace parley::sim::test
