#include "peer/servers.h"

#include <algorithm>

namespace parley::peer {
namespace {

namespace tc = turn::client;

// Gathering does not wait for RFC 8489's 39.5 seconds.
constexpr stun::RetransmitConfig kAllocateTimers{250ms, 6, 7, 9'500ms};
// webrtc-pc section 5.9: the server was not reached.
constexpr std::int32_t kNotReached = 701;

}  // namespace

void Servers::setServers(const std::vector<IceServer>& servers, IceTransportPolicy policy) {
  policy_ = policy;
  for (Server& s : servers_)
    s.retired = true;
  for (const IceServer& given : servers)
    for (const std::string& url : given.urls) {
      const auto parsed = parseIceUrl(url);
      if (!parsed.ok()) continue;
      const auto it = std::find_if(servers_.begin(), servers_.end(),
                                   [&](const Server& s) { return s.url == url; });
      if (it != servers_.end()) {
        it->retired = false;
        it->username = given.username;
        it->credential = given.credential;
        continue;
      }
      if (servers_.size() >= PeerConfig::kMaxServerUrls) continue;
      Server& s = servers_.emplace_back();
      s.url = url;
      s.parsed = *parsed;
      s.username = given.username;
      s.credential = given.credential;
    }
}

void Servers::start(Ids& ids, Time now) {
  started_ = true;
  for (std::size_t i = 0; i < servers_.size(); ++i)
    begin(i, ids, now);
}

void Servers::addLink(LinkId link, const Address& local, Ids& ids, Time now) {
  links_.push_back({link, local});
  if (!started_) return;
  for (std::size_t i = 0; i < servers_.size(); ++i)
    if (servers_[i].state == Server::State::Known) use(i, ids, now);
}

void Servers::removeLink(LinkId link, Time now) {
  std::erase_if(links_, [&](const Link& l) { return l.link == link; });
  for (const auto& r : relays_)
    if (r->udpLink == link && r->state != Relay::State::Over) end(*r, now);
}

// A server of the list: looked up, or used at once when its host is an address.
void Servers::begin(std::size_t index, Ids& ids, Time now) {
  Server& s = servers_[index];
  if (s.retired || s.parsed.transport == Transport::Dtls) return;  // TURN over DTLS: not spoken
  if (s.state == Server::State::Known) return use(index, ids, now);
  if (s.state == Server::State::Resolving) return;
  if (const auto ip = IpAddress::parse(s.parsed.host)) {
    s.addresses = {*ip};
    s.state = Server::State::Known;
    return use(index, ids, now);
  }
  s.state = Server::State::Resolving;
  s.lookup = LookupId{++ids.lookup};
  s.givenUpAt = now + kPatience;
  out_.push(ResolveName{s.lookup, s.parsed.host});
}

bool Servers::handleResolved(LookupId id, std::span<const IpAddress> addresses, Ids& ids,
                             Time now) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    Server& s = servers_[i];
    if (s.state != Server::State::Resolving || s.lookup != id) continue;
    s.givenUpAt = kNever;
    s.addresses.assign(addresses.begin(), addresses.end());
    s.state = s.addresses.empty() ? Server::State::Failed : Server::State::Known;
    if (s.addresses.empty())
      fail(i, kNotReached, "the name has no address", {}, now);
    else
      use(i, ids, now);
    return true;
  }
  return false;
}

// One address of each family is used, the first that the resolver gave.
void Servers::use(std::size_t index, Ids& ids, Time now) {
  for (const Family family : {Family::V6, Family::V4})
    for (const IpAddress& ip : servers_[index].addresses)
      if (ip.family() == family) {
        useFamily(index, ip, ids, now);
        break;
      }
}

void Servers::useFamily(std::size_t index, const IpAddress& ip, Ids& ids, Time now) {
  const Server& s = servers_[index];
  const Address address{ip, s.parsed.port};
  // A TURN server answers Binding requests as well (RFC 8656 section 1).
  if (s.parsed.transport == Transport::Udp && policy_ == IceTransportPolicy::All)
    agent_.addStunServer(address, static_cast<std::uint16_t>(index), now);
  if (!s.parsed.turn || hasRelay(index, ip.family())) return;
  const Link* link = linkFor(ip.family());
  if (link == nullptr || relays_.size() >= kMaxRelays) return;
  auto relay = std::make_unique<Relay>();
  relay->link = LinkId{kRelayLinkBit | ++ids.relay};
  relay->server = index;
  relay->serverAddress = address;
  relay->udpLink = link->link;
  relay->local = link->local.ip();
  relay->path.local = link->local;
  relays_.push_back(std::move(relay));
  open(*relays_.back(), ids, now);
}

const Servers::Link* Servers::linkFor(Family family) const {
  const auto it = std::find_if(links_.begin(), links_.end(),
                               [&](const Link& l) { return l.local.family() == family; });
  return it == links_.end() ? nullptr : &*it;
}

bool Servers::hasRelay(std::size_t server, Family family) const {
  return std::any_of(relays_.begin(), relays_.end(), [&](const auto& r) {
    return r->server == server && r->serverAddress.family() == family &&
           r->state != Relay::State::Over;
  });
}

void Servers::open(Relay& relay, Ids& ids, Time now) {
  const Server& s = servers_[relay.server];
  relay.givenUpAt = now + kPatience;
  if (s.parsed.transport == Transport::Udp) {
    relay.path = Path{relay.udpLink, Transport::Udp, relay.path.local, relay.serverAddress};
    return allocate(relay, configFor(s, relay.serverAddress.family()), now);
  }
  relay.state = Relay::State::Opening;
  relay.request = StreamRequestId{++ids.stream};
  out_.push(OpenStream{relay.request, relay.serverAddress, s.parsed.transport, s.parsed.host,
                       relay.local});
}

tc::AllocationConfig Servers::configFor(const Server& s, Family family) const {
  tc::AllocationConfig c;
  c.username = s.username;
  c.password = s.credential;
  c.family = family;
  c.retransmit = kAllocateTimers;
  return c;
}

void Servers::allocate(Relay& relay, tc::AllocationConfig config, Time now) {
  relay.allocation = std::make_unique<tc::Allocation>(relay.path, std::move(config), random_);
  relay.state = Relay::State::Allocating;
  relay.allocation->start(now);
}

bool Servers::handleStreamOpened(StreamRequestId id, const Path& path, Time now) {
  for (const auto& r : relays_) {
    if (r->request != id || r->state != Relay::State::Opening) continue;
    r->path = path;
    allocate(*r, configFor(servers_[r->server], r->serverAddress.family()), now);
    return true;
  }
  return false;
}

bool Servers::handleStreamFailed(StreamRequestId id, const Error& error, Time now) {
  for (const auto& r : relays_) {
    if (r->request != id || r->state != Relay::State::Opening) continue;
    fail(r->server, kNotReached, error.describe(), {r->local, 0}, now);
    end(*r, now, true);
    return true;
  }
  return false;
}

void Servers::handlePathEvent(const Path& path, PathEvent event, Ids& ids, Time now) {
  Relay* r = byServerPath(path);
  if (r == nullptr || r->allocation == nullptr) return;
  r->allocation->handlePathEvent(path, event, now);
  settle(ids, now);
}

void Servers::permit(LinkId relayLink, const Address& peer, Time now) {
  Relay* r = byLink(relayLink);
  if (r != nullptr && r->allocation) static_cast<void>(r->allocation->addPermission(peer, now));
}

void Servers::release(Time now) {
  for (const auto& r : relays_) {
    if (r->allocation)
      r->allocation->release(now);
    else
      end(*r, now);
  }
  for (Server& s : servers_)
    s.givenUpAt = kNever;
}

Servers::Relay* Servers::byServerPath(const Path& path) {
  for (const auto& r : relays_)
    if (r->allocation && r->path.link == path.link && r->path.remote == path.remote) return r.get();
  return nullptr;
}

Servers::Relay* Servers::byLink(LinkId relayLink) {
  for (const auto& r : relays_)
    if (r->link == relayLink) return r.get();
  return nullptr;
}

bool Servers::isSettled(Time now) const {
  for (const Server& s : servers_)
    if (s.state == Server::State::Resolving && now < s.givenUpAt) return false;
  for (const auto& r : relays_)
    if ((r->state == Relay::State::Opening || r->state == Relay::State::Allocating) &&
        now < r->givenUpAt)
      return false;
  return true;
}

bool Servers::isReleased() const {
  return std::all_of(relays_.begin(), relays_.end(),
                     [](const auto& r) { return r->state == Relay::State::Over; });
}

void Servers::handleTimeout(Time now) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (now < servers_[i].givenUpAt) continue;
    servers_[i].givenUpAt = kNever;
    fail(i, kNotReached, "the name was not found in time", {}, now);
  }
  for (const auto& r : relays_) {
    if (now >= r->givenUpAt) {
      r->givenUpAt = kNever;
      if (r->state == Relay::State::Opening)
        fail(r->server, kNotReached, "no connection in time", {r->local, 0}, now);
    }
    if (r->allocation) r->allocation->handleTimeout(now);
  }
}

Time Servers::nextTimeout() const {
  Time next = kNever;
  for (const Server& s : servers_)
    next = std::min(next, s.givenUpAt);
  for (const auto& r : relays_) {
    next = std::min(next, r->givenUpAt);
    if (r->allocation) next = std::min(next, r->allocation->nextTimeout());
  }
  return next;
}

More Servers::pollTransmit(TransmitBatch& batch, Time now) {
  for (const auto& r : relays_)
    if (r->allocation && r->allocation->pollTransmit(batch, now) == More::Yes) return More::Yes;
  return More::No;
}

void Servers::settle(Ids& ids, Time now) {
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    Relay& r = *relays_[i];
    while (r.allocation) {
      auto event = r.allocation->pollEvent();
      if (!event) break;
      handleEvent(r, *event, ids, now);
    }
  }
}

void Servers::handleEvent(Relay& r, tc::Allocation::Event& event, Ids& ids, Time now) {
  if (const auto* e = std::get_if<tc::Allocated>(&event)) return handleAllocated(r, *e, now);
  if (const auto* e = std::get_if<tc::Failed>(&event)) return handleFailed(r, *e, ids, now);
  if (const auto* e = std::get_if<tc::Redirected>(&event)) return handleRedirected(r, *e, ids, now);
  if (const auto* e = std::get_if<tc::PermissionFailed>(&event)) {
    LogEntry entry;
    entry.at = now;
    entry.kind = LogKind::RelayRefused;
    entry.url = log_.url(servers_[r.server].url);
    entry.code = e->code;
    entry.reason = "the relay does not permit this peer";
    log_.add(entry);
    servers_[r.server].error = ServerError{servers_[r.server].url, e->code, e->reason};
    return;
  }
  if (std::holds_alternative<tc::Closed>(event)) end(r, now);
}

void Servers::handleAllocated(Relay& r, const tc::Allocated& e, Time now) {
  Server& s = servers_[r.server];
  r.state = Relay::State::Live;
  r.givenUpAt = kNever;
  r.renewals = 0;
  s.worked = true;
  s.error.reset();
  ice::Candidate c;
  c.type = ice::CandidateType::Relayed;
  c.address = e.relayed;
  c.related = e.mapped;
  c.server = r.serverAddress;
  c.relayProtocol = s.parsed.transport;
  c.urlIndex = static_cast<std::uint16_t>(r.server);
  LogEntry entry;
  entry.at = now;
  entry.kind = LogKind::RelayAllocated;
  entry.url = log_.url(s.url);
  log_.add(entry);
  agent_.addLocalCandidate(c, r.link, now);
}

void Servers::handleFailed(Relay& r, const tc::Failed& e, Ids& ids, Time now) {
  const bool was = r.state == Relay::State::Live;
  fail(r.server, e.code == 0 ? kNotReached : e.code, e.reason, {r.local, 0}, now);
  const std::size_t server = r.server;
  const Address address = r.serverAddress;
  const unsigned renewals = r.renewals + 1;
  end(r, now);
  // It carried and broke: another one, which ICE hears of as a new candidate.
  if (!was || e.remedy != tc::Remedy::Again || renewals > kMaxRenewals) return;
  useFamily(server, address.ip(), ids, now);
  if (!relays_.empty() && relays_.back()->server == server) relays_.back()->renewals = renewals;
}

void Servers::handleRedirected(Relay& r, const tc::Redirected& e, Ids& ids, Time now) {
  // The settings carry the servers that sent us on, so that it ends.
  tc::AllocationConfig config = r.allocation->redirected();
  r.serverAddress = e.server;
  const Server& s = servers_[r.server];
  if (s.parsed.transport == Transport::Udp) {
    r.path.remote = e.server;
    return allocate(r, std::move(config), now);
  }
  out_.push(CloseStream{r.path.link});
  r.allocation.reset();
  r.state = Relay::State::Opening;
  r.request = StreamRequestId{++ids.stream};
  out_.push(OpenStream{r.request, e.server, s.parsed.transport,
                       e.domain.empty() ? s.parsed.host : e.domain, r.local});
}

void Servers::end(Relay& r, Time now, bool failedToOpen) {
  const bool live = r.state == Relay::State::Live;
  const bool stream = isStream(servers_[r.server].parsed.transport);
  if (stream && r.allocation) out_.push(CloseStream{r.path.link});
  if (r.state == Relay::State::Opening && !failedToOpen) out_.push(CancelStream{r.request});
  r.state = Relay::State::Over;
  r.givenUpAt = kNever;
  r.allocation.reset();
  if (live) agent_.removeLink(r.link, now);
}

void Servers::fail(std::size_t server, std::int32_t code, std::string text, const Address& local,
                   Time now) {
  Server& s = servers_[server];
  LogEntry entry;
  entry.at = now;
  entry.kind = s.parsed.turn ? LogKind::RelayRefused : LogKind::CandidateError;
  entry.url = log_.url(s.url);
  entry.code = code;
  if (code == kNotReached) entry.reason = "not reached";
  log_.add(entry);
  // An answer says more than none.
  if (!s.error || s.error->code == kNotReached) s.error = ServerError{s.url, code, text};
  out_.push(CandidateError{transport_, s.url, local, code, std::move(text)});
}

void Servers::noteStunError(std::uint16_t urlIndex, std::int32_t code, std::string text,
                            const Address& local, Time now) {
  if (urlIndex < servers_.size()) fail(urlIndex, code, std::move(text), local, now);
}

void Servers::addErrors(std::vector<ServerError>& out) const {
  for (const Server& s : servers_)
    if (s.parsed.turn && s.error && !s.worked && !s.retired) out.push_back(*s.error);
}

}  // namespace parley::peer
