#include "peer/transport.h"

#include <algorithm>

#include "peer/candidate_text.h"
#include "peer/demux.h"
#include "stun/message.h"

namespace parley::peer {
namespace {

ice::AgentConfig agentConfig(const PeerConfig& config) {
  ice::AgentConfig c;
  c.policy = config.iceTransportPolicy == IceTransportPolicy::Relay ? ice::TransportPolicy::Relay
                                                                    : ice::TransportPolicy::All;
  c.hideHostAddresses = config.hideHostAddresses;
  return c;
}

// What TURN's methods are, among those of STUN: everything but Binding.
bool isForRelay(ConstBytes datagram) {
  return stun::Message::looksLikeStun(datagram) &&
         stun::methodOf(loadBe16(datagram.data())) != stun::Method::Binding;
}

}  // namespace

IceDtlsTransport::IceDtlsTransport(TransportId id, const Shared& shared)
    : id_(id),
      shared_(shared),
      agent_(agentConfig(shared.config), shared.random),
      servers_(id, agent_, shared.out, shared.log, shared.random) {
  servers_.setServers(shared.config.iceServers, shared.config.iceTransportPolicy);
}

// ---- what the host has and answers

void IceDtlsTransport::addLink(LinkId link, const Address& local, InterfaceKind kind, Time now) {
  links_.push_back({link, local, kind});
  shared_.log.add(entry(LogKind::LinkAdded, now));
  if (local_.ufrag.empty()) return;
  agent_.addLink(link, local, kind, now);
  servers_.addLink(link, local, shared_.ids, now);
}

void IceDtlsTransport::removeLink(LinkId link, Time now) {
  if (std::erase_if(links_, [&](const HostLink& l) { return l.link == link; }) == 0) return;
  shared_.log.add(entry(LogKind::LinkRemoved, now));
  agent_.removeLink(link, now);
  servers_.removeLink(link, now);
}

void IceDtlsTransport::endOfLinks(Time now) {
  linksDone_ = true;
  maybeEndCandidates(now);
}

bool IceDtlsTransport::handleStreamOpened(StreamRequestId id, const Path& path, Time now) {
  return servers_.handleStreamOpened(id, path, now);
}

bool IceDtlsTransport::handleStreamFailed(StreamRequestId id, const Error& error, Time now) {
  return servers_.handleStreamFailed(id, error, now);
}

bool IceDtlsTransport::handleResolved(LookupId id, std::span<const IpAddress> addresses, Time now) {
  const auto it = std::find_if(mdns_.begin(), mdns_.end(),
                               [&](const auto& lookup) { return lookup.first == id; });
  if (it == mdns_.end()) return servers_.handleResolved(id, addresses, shared_.ids, now);
  const std::string name = std::move(it->second);
  mdns_.erase(it);
  if (addresses.empty())
    agent_.handleMdnsFailed(name, now);
  else
    agent_.handleMdnsResolved(name, addresses.front(), now);
  return true;
}

void IceDtlsTransport::handlePathEvent(const Path& path, PathEvent event, Time now) {
  if (servers_.byServerPath(path) != nullptr)
    servers_.handlePathEvent(path, event, shared_.ids, now);
  else
    agent_.handlePathEvent(path, event, now);
}

// ---- negotiation

void IceDtlsTransport::setServers(const std::vector<IceServer>& servers, IceTransportPolicy policy,
                                  Time now) {
  servers_.setServers(servers, policy);
  if (!local_.ufrag.empty() && gatheringState() != GatheringState::Complete)
    servers_.start(shared_.ids, now);
}

void IceDtlsTransport::setLocal(const IceParameters& ours, bool controlling, Time now) {
  agent_.setRole(controlling ? ice::Role::Controlling : ice::Role::Controlled, now);
  if (ours.ufrag == local_.ufrag && ours.pwd == local_.pwd) return;
  const bool restart = !local_.ufrag.empty();
  local_ = ours;
  localEnd_ = endTold_ = false;
  if (restart) {
    ++restarts_;
    shared_.log.add(entry(LogKind::Restarting, now));
    agent_.restart({ours.ufrag, ours.pwd}, now);
    awaitsRemote_ = true;
    if (held_) applyHeld(now);
  } else {
    agent_.setLocalCredentials({ours.ufrag, ours.pwd});
    awaitsRemote_ = true;
    if (held_) applyHeld(now);
    for (const HostLink& l : links_)
      agent_.addLink(l.link, l.local, l.kind, now);
    for (const HostLink& l : links_)
      servers_.addLink(l.link, l.local, shared_.ids, now);
  }
  servers_.start(shared_.ids, now);
  maybeEndCandidates(now);
}

// Both sides' parameters of a generation belong together. An offer that restarts brings theirs
// first: they wait for ours.
void IceDtlsTransport::setRemote(const IceParameters& theirs, Time now) {
  // The same again may follow an offer of ours that was withdrawn for theirs (glare).
  if (theirs == remote_ && !awaitsRemote_) return;
  if (awaitsRemote_) {
    applyRemote(theirs, now);
  } else {
    held_.emplace();
    held_->ice = theirs;
  }
}

void IceDtlsTransport::applyRemote(const IceParameters& theirs, Time now) {
  remote_ = theirs;
  awaitsRemote_ = false;
  agent_.setRemoteCredentials({theirs.ufrag, theirs.pwd}, theirs.lite, now);
}

void IceDtlsTransport::applyHeld(Time now) {
  const Held held = std::move(*held_);
  held_.reset();
  applyRemote(held.ice, now);
  for (const std::string& text : held.candidates)
    static_cast<void>(addRemoteCandidate(text, held.ice.ufrag, now));
}

Status IceDtlsTransport::startDtls(DtlsRole role, const std::vector<Fingerprint>& fingerprints,
                                   Time now) {
  std::vector<crypto::Fingerprint> known;
  for (const Fingerprint& f : fingerprints)
    if (const auto parsed = crypto::Fingerprint::parse(f.algorithm, f.value))
      known.push_back(*parsed);
  if (known.empty()) return Error{ErrorCode::Unsupported, "DTLS fingerprint"};
  if (session_) {
    session_->setRemoteFingerprints(std::move(known), now);
    return Ok{};
  }
  session_.emplace(
      dtls::SessionConfig{role == DtlsRole::Client ? dtls::Role::Client : dtls::Role::Server,
                          shared_.identity,
                          std::move(known),
                          {},
                          shared_.config.datagramSize},
      shared_.dtls);
  if (path_ || !early_.empty()) startHandshake(now);
  return Ok{};
}

Status IceDtlsTransport::addRemoteCandidate(std::string_view text, std::string_view ufrag,
                                            Time now) {
  if (held_ && (ufrag.empty() || ufrag == held_->ice.ufrag)) {
    if (held_->candidates.size() >= ice::Agent::kMaxRemoteCandidates)
      return Error{ErrorCode::Limit, "remote candidates", ice::Agent::kMaxRemoteCandidates};
    held_->candidates.emplace_back(text);
    return Ok{};
  }
  if (text.empty()) {
    if (!ufrag.empty() && !remote_.ufrag.empty() && ufrag != remote_.ufrag)
      return Error{ErrorCode::Invalid, "end of candidates of another generation"};
    shared_.log.add(entry(LogKind::CandidatesReceived, now));
    agent_.setRemoteEnd(now);
    return Ok{};
  }
  Result<ice::Candidate> candidate = parseCandidateText(text);
  if (!candidate.ok()) return candidate.error();
  if (candidate->ufrag.empty()) candidate->ufrag = ufrag;
  LogEntry e = entry(LogKind::CandidateReceived, now);
  LoggedCandidate logged;
  logged.type = static_cast<LoggedCandidate::Type>(candidate->type);
  logged.protocol = candidate->protocol;
  logged.address = candidate->address;
  logged.name = candidate->mdnsName;
  e.remote = shared_.log.remote(logged);
  const Status added = agent_.addRemoteCandidate(*candidate, now);
  if (!added.ok()) e.reason = added.error().what();
  shared_.log.add(e);
  return added;
}

void IceDtlsTransport::close(Time now) {
  closed_ = true;
  agent_.close();
  if (session_) {
    session_->close(now);
    setDtlsState(DtlsState::Closed, now);
  }
  servers_.release(now);
}

// ---- what comes in

void IceDtlsTransport::accept(const Train& train, Time) {
  train_ = train;
  at_ = 0;
  recordsLeft_ = false;
}

std::optional<Bytes> IceDtlsTransport::nextPlaintext(Time now) {
  while (train_) {
    if (recordsLeft_) {
      if (const auto data = session_->nextApplicationData()) return data;
      recordsLeft_ = false;
    }
    if (at_ == train_->size()) {
      train_.reset();
      break;
    }
    take(train_->path(), (*train_)[at_++], now);
  }
  return std::nullopt;
}

void IceDtlsTransport::take(const Path& path, Bytes datagram, Time now) {
  Servers::Relay* relay = servers_.empty() ? nullptr : servers_.byServerPath(path);
  if (relay != nullptr) {
    if (const auto inner = relay->allocation->unwrap(datagram)) {
      const Path virtualPath{relay->link, Transport::Udp, relay->allocation->relayed(),
                             inner->peer};
      return takeInner(virtualPath, inner->payload, now);
    }
    if (isStream(path.transport) || isForRelay(datagram)) {
      relay->allocation->handleDatagrams(Train{path, datagram}, now);
      return;
    }
  }
  takeInner(path, datagram, now);
}

void IceDtlsTransport::takeInner(const Path& path, Bytes datagram, Time now) {
  ++counters_.packetsReceived;
  counters_.bytesReceived += datagram.size();
  switch (classify(datagram)) {
    case PacketKind::Stun:
      return agent_.handleDatagrams(Train{path, datagram}, now);
    case PacketKind::Dtls:
      return takeDtls(path, datagram, now);
    default:
      ++counters_.dropped;
  }
}

// Only from where ICE has seen the other side (RFC 8445 section 12.1 and 14.1).
void IceDtlsTransport::takeDtls(const Path& path, Bytes datagram, Time now) {
  if (!agent_.isKnown(path)) {
    ++counters_.dropped;
    return;
  }
  agent_.countReceived(path, 1, datagram.size(), now);
  if (!session_) return keepEarly(datagram);
  if (!handshakeStarted_) startHandshake(now);
  session_->handleDatagram(datagram, now);
  recordsLeft_ = true;
}

// Their ClientHello may be faster than their answer.
void IceDtlsTransport::keepEarly(ConstBytes datagram) {
  if (earlyBytes_ + datagram.size() > kMaxEarlyBytes) {
    ++counters_.dropped;
    return;
  }
  earlyBytes_ += datagram.size();
  early_.emplace_back(datagram.begin(), datagram.end());
}

void IceDtlsTransport::startHandshake(Time now) {
  if (handshakeStarted_) return;
  handshakeStarted_ = true;
  setDtlsState(DtlsState::Connecting, now);
  session_->start(now, agent_.roundTrip());
  for (auto& datagram : early_) {
    session_->handleDatagram(datagram, now);
    // Nobody sends data before the handshake; what claims to be is not kept.
    while (session_->nextApplicationData()) {
    }
  }
  early_ = {};
  earlyBytes_ = 0;
}

// ---- what goes out

std::size_t IceDtlsTransport::relayHeadroom() const {
  return relayed_ == nullptr || !relayed_->allocation
             ? 0
             : relayed_->allocation->headroom(path_->remote);
}

std::size_t IceDtlsTransport::plaintextRoom(std::size_t datagramSize) const {
  const std::size_t taken = relayHeadroom() + session_->overhead();
  return datagramSize > taken ? datagramSize - taken : 0;
}

std::size_t IceDtlsTransport::plaintextOffset() const {
  return relayHeadroom() + session_->headroom();
}

std::size_t IceDtlsTransport::sealInto(Bytes room, std::size_t length, Time now) {
  if (!path_ || (relayed_ != nullptr && !relayed_->allocation)) return 0;
  const std::size_t head = relayHeadroom();
  const auto sealed =
      session_->seal(room.subspan(head + session_->headroom(), length), room.subspan(head));
  if (!sealed.ok()) return 0;
  agent_.countSent(*path_, 1, *sealed, now);
  ++counters_.packetsSent;
  counters_.bytesSent += *sealed;
  if (relayed_ == nullptr) return *sealed;
  return relayed_->allocation->finish(room, *sealed, path_->remote);
}

bool IceDtlsTransport::sealAndCommit(TransmitBatch& batch, Bytes room, std::size_t length,
                                     Time now) {
  const std::size_t total = sealInto(room, length, now);
  if (total == 0) return false;
  batch.commit(relayed_ == nullptr ? *path_ : relayed_->path, total);
  return true;
}

void IceDtlsTransport::sealForLater(Bytes room, std::size_t length, Time now) {
  const std::size_t total = sealInto(room, length, now);
  if (total == 0 || prepared_.size() + 2 + total > kMaxPrepared) return;
  std::array<std::uint8_t, 2> size{};
  storeBe16(size.data(), static_cast<std::uint16_t>(total));
  prepared_.insert(prepared_.end(), size.begin(), size.end());
  prepared_.insert(prepared_.end(), room.begin(),
                   room.begin() + static_cast<std::ptrdiff_t>(total));
}

More IceDtlsTransport::pollTransmit(TransmitBatch& batch, Time now) {
  // Last words before an allocation is released that carries them.
  if (pollPrepared(batch) == More::Yes) return More::Yes;
  leaveGoneRelay();
  if (pollIce(batch, now) == More::Yes) return More::Yes;
  if (pollDtls(batch, now) == More::Yes) return More::Yes;
  return servers_.pollTransmit(batch, now);
}

// ICE writes for relays as for sockets: what is for a relay is put behind its header here.
More IceDtlsTransport::pollIce(TransmitBatch& batch, Time now) {
  std::array<std::uint8_t, kMaxControl> bytes;
  std::array<Transmit, 1> items;
  More more = More::Yes;
  while (more == More::Yes) {
    if (batch.reserve(kMaxControl + kMaxRelayHeadroom).empty()) return More::Yes;
    TransmitBatch one{bytes, items};
    more = agent_.pollTransmit(one, now);
    for (const Transmit& t : one.trains())
      for (std::size_t at = 0; at < t.length; at += t.segmentSize)
        commitWrapped(
            batch, t.path,
            one.bytes(t).subspan(at, std::min<std::size_t>(t.segmentSize, t.length - at)));
  }
  return More::No;
}

More IceDtlsTransport::pollDtls(TransmitBatch& batch, Time now) {
  if (!session_ || !path_) return More::No;
  for (;;) {
    const std::size_t head = relayHeadroom();
    const Bytes room = batch.reserve(shared_.config.datagramSize + kMaxRelayHeadroom);
    if (room.empty()) return More::Yes;
    const std::size_t n = session_->pollDatagram(room.subspan(head), now);
    if (n == 0) return More::No;
    agent_.countSent(*path_, 1, n, now);
    ++counters_.packetsSent;
    counters_.bytesSent += n;
    if (relayed_ == nullptr) {
      batch.commit(*path_, n);
    } else if (const std::size_t total = relayed_->allocation->finish(room, n, path_->remote)) {
      batch.commit(relayed_->path, total);
    }
  }
}

More IceDtlsTransport::pollPrepared(TransmitBatch& batch) {
  while (preparedAt_ < prepared_.size()) {
    const std::size_t length = loadBe16(prepared_.data() + preparedAt_);
    const Bytes room = batch.reserve(length);
    if (room.empty()) return More::Yes;
    std::memcpy(room.data(), prepared_.data() + preparedAt_ + 2, length);
    preparedAt_ += 2 + length;
    if (path_) batch.commit(relayed_ == nullptr ? *path_ : relayed_->path, length);
  }
  prepared_.clear();
  preparedAt_ = 0;
  return More::No;
}

void IceDtlsTransport::commitWrapped(TransmitBatch& batch, const Path& path, ConstBytes payload) {
  ++counters_.packetsSent;
  counters_.bytesSent += payload.size();
  const bool relayed = (path.link.value() & kRelayLinkBit) != 0;
  Servers::Relay* relay = relayed ? servers_.byLink(path.link) : nullptr;
  if (relayed && (relay == nullptr || !relay->allocation)) return;
  const std::size_t head = relay == nullptr ? 0 : relay->allocation->headroom(path.remote);
  const Bytes room = batch.reserve(payload.size() + head + turn::client::kTailroom);
  if (room.empty()) return;
  std::memcpy(room.data() + head, payload.data(), payload.size());
  if (relay == nullptr) return batch.commit(path, payload.size());
  if (const std::size_t total = relay->allocation->finish(room, payload.size(), path.remote))
    batch.commit(relay->path, total);
}

// ---- time

void IceDtlsTransport::handleTimeout(Time now) {
  agent_.handleTimeout(now);
  servers_.handleTimeout(now);
  if (session_) session_->handleTimeout(now);
}

Time IceDtlsTransport::nextTimeout() const {
  Time next = std::min(agent_.nextTimeout(), servers_.nextTimeout());
  if (session_) next = std::min(next, session_->nextTimeout());
  return next;
}

}  // namespace parley::peer
