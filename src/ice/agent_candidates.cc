// The agent's candidates, ours and theirs, and the pairs made of them.
#include <algorithm>

#include "ice/agent.h"
#include "ice/mdns_name.h"

namespace parley::ice {
namespace {

// FNV-1a: equal foundations give equal numbers, which is all that is asked of it.
std::uint64_t foundationNumber(std::string_view local, std::string_view remote) {
  std::uint64_t h = 0xcbf29ce484222325u;
  const auto add = [&](std::string_view text) {
    for (const char c : text)
      h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  };
  add(local);
  add(":");
  add(remote);
  return h;
}

// RFC 8445 section 6.1.2.2: one family, link-local with link-local only; and nothing leaves a
// loopback interface. A relay on loopback, of a server for one machine, reaches its like.
bool canReach(const Base& base, const IpAddress& remote) {
  const IpAddress& local = base.address.ip();
  if (local.family() != remote.family()) return false;
  if (base.relayed) return (!remote.isLoopback() || local.isLoopback()) && !isLinkLocal(remote);
  if (local.isLoopback() != remote.isLoopback()) return false;
  return local.isV4() || isLinkLocal(local) == isLinkLocal(remote);
}

}  // namespace

// ---- ours ----

void Agent::beginGathering() {
  if (gathering_ != GatheringState::New) return;
  gathering_ = GatheringState::Gathering;
  emit(GatheringChanged{gathering_});
}

void Agent::updateGathering() {
  if (!localEnd_ || gathering_ == GatheringState::Complete || !gatherer_.idle()) return;
  beginGathering();
  gathering_ = GatheringState::Complete;
  emit(GatheringChanged{gathering_});
}

void Agent::addLink(LinkId link, const Address& local, const LinkOptions& options, Time now) {
  if (state_ == State::Closed) return;
  beginGathering();
  if (config_.policy == TransportPolicy::Relay) return;
  const auto base = local_.addLink(link, local, options);
  if (!base) {
    ++overLimit_;
    return;
  }
  announceBase(*base);
  gatherer_.addBase(*base, link, local);
  pairBase(*base, now);
  step(now);
}

void Agent::addStunServer(const Address& server, std::uint16_t urlIndex, Time now) {
  if (state_ == State::Closed) return;
  beginGathering();
  if (config_.policy == TransportPolicy::Relay) return;
  if (!gatherer_.addServer(server, urlIndex)) ++overLimit_;
  step(now);
}

void Agent::addLocalCandidate(const Candidate& relayed, LinkId relayLink, Time now) {
  if (state_ == State::Closed) return;
  beginGathering();
  const auto base = local_.addRelay(relayLink, relayed);
  if (!base) {
    ++overLimit_;
    return;
  }
  announceBase(*base);
  pairBase(*base, now);
  step(now);
}

void Agent::endOfLocalCandidates(Time now) {
  localEnd_ = true;
  step(now);
}

void Agent::removeLink(LinkId link, Time now) {
  for (std::size_t i = 0; i < local_.bases().size(); ++i) {
    const auto base = static_cast<BaseIndex>(i);
    if (local_.base(base).gone || local_.base(base).link != link) continue;
    for (CandidatePair& p : checklist_.pairs()) {
      if (p.gone || p.base != base) continue;
      failPair(p, FailReason::LinkGone, now);
      p.gone = true;
    }
    gatherer_.removeBase(base);
    local_.removeBase(base);
  }
  if (previous_ && previous_->pair.path.link == link) {
    if (current_ == &previous_->pair) current_ = nullptr;
    previous_.reset();
  }
  if (current_ == nullptr && wasConnected_ && !isOver()) {
    // Another way may be found: by what is left, or by a link that comes.
    patienceEnds_ = now + config_.timing.patience;
    reopenChecks(now);
  }
  step(now);
}

const std::string& Agent::nameOf(const IpAddress& address) {
  for (const auto& [ip, text] : names_) {
    if (ip == address) return text;
  }
  names_.emplace_back(address, makeMdnsName(random_));
  emit(PublishMdns{names_.back().second, address});
  return names_.back().second;
}

void Agent::announceBase(BaseIndex base) {
  const LocalEntry* entry = local_.base(base).relayed ? local_.addRelayed(base, keys_.local.ufrag)
                                                      : local_.addHost(base, keys_.local.ufrag);
  if (entry != nullptr) announce(*entry);
}

void Agent::announce(const LocalEntry& entry) {
  const Base& base = local_.base(entry.base);
  LocalCandidate event{entry.candidate, base.link};
  Candidate& c = event.candidate;
  const bool hides = config_.hideHostAddresses || !base.options.mdnsName.empty();
  if (c.type == CandidateType::Host) {
    if (!base.options.announced) return;
    if (hides) {
      c.mdnsName = base.options.mdnsName.empty() ? nameOf(c.address.ip()) : base.options.mdnsName;
      c.address = {IpAddress::any(c.address.family()), c.address.port()};
    }
  }
  // What lies behind a reflexive or relayed address is nobody's business then.
  if (c.related && (hides || !base.options.announced || config_.policy == TransportPolicy::Relay)) {
    c.related = Address{IpAddress::any(c.address.family()), 0};
  }
  emit(std::move(event));
}

void Agent::pollGatherer(Time now) {
  while (const auto result = gatherer_.poll())
    handleMapped(*result, now);
}

void Agent::handleMapped(const GatherResult& result, Time) {
  if (result.mapped) {
    const LocalEntry* entry =
        local_.addReflexive(result.base, *result.mapped, CandidateType::ServerReflexive,
                            result.server, result.urlIndex, keys_.local.ufrag);
    if (entry != nullptr) announce(*entry);
    return;
  }
  if (!countReport()) return;
  emit(CandidateError{result.local, result.server, result.urlIndex, result.code, result.text});
}

// ---- theirs ----

Status Agent::addRemoteCandidate(const Candidate& candidate, Time now) {
  if (state_ == State::Closed) return Error{ErrorCode::Closed, "ICE agent"};
  const bool named = !candidate.mdnsName.empty();
  if (candidate.protocol != Transport::Udp || candidate.component != 1) {
    return Error{ErrorCode::Unsupported, "remote candidate of another transport or component"};
  }
  if (named ? !isMdnsName(candidate.mdnsName) || candidate.address.port() == 0
            : !isUsableRemote(candidate.address)) {
    return Error{ErrorCode::Unsupported, "remote candidate's address"};
  }
  if (keys_.remote && !candidate.ufrag.empty() && candidate.ufrag != keys_.remote->ufrag) {
    return Error{ErrorCode::Invalid, "remote candidate of another generation"};
  }
  const Result<RemoteSide::Added> added = remote_.add(candidate);
  if (!added) {
    ++overLimit_;
    return added.error();
  }
  if (added->resolve) emit(ResolveMdns{candidate.mdnsName});
  if (!added->isNew) refreshRemote(added->index);
  if (added->isNew && !named) acceptRemote(added->index, now);
  step(now);
  return Ok{};
}

void Agent::handleMdnsResolved(std::string_view name, const IpAddress& address, Time now) {
  if (!isUsableRemote({address, 1})) return handleMdnsFailed(name, now);
  for (const RemoteSide::Added& added : remote_.resolve(name, address)) {
    if (added.isNew)
      acceptRemote(added.index, now);
    else
      refreshRemote(added.index);
  }
  step(now);
}

void Agent::handleMdnsFailed(std::string_view name, Time now) {
  remote_.fail(name);
  step(now);
}

void Agent::acceptRemote(RemoteIndex index, Time now) {
  for (std::size_t i = 0; i < local_.bases().size(); ++i) {
    if (!local_.bases()[i].gone) makePair(static_cast<BaseIndex>(i), index, now);
  }
}

void Agent::pairBase(BaseIndex base, Time now) {
  for (std::size_t i = 0; i < remote_.entries().size(); ++i)
    makePair(base, static_cast<RemoteIndex>(i), now);
}

CandidatePair* Agent::makePair(BaseIndex baseIndex, RemoteIndex remoteIndex, Time now) {
  const Base& base = local_.base(baseIndex);
  const RemoteEntry& remote = remote_[remoteIndex];
  if (remote.pending || RemoteSide::isDropped(remote)) return nullptr;
  if (!canReach(base, remote.candidate.address.ip())) return nullptr;
  if (CandidatePair* known = checklist_.find(baseIndex, remoteIndex)) return known;
  CandidatePair pair;
  pair.madeAt = now;
  pair.base = baseIndex;
  pair.remote = remoteIndex;
  pair.path = {base.link, Transport::Udp, base.address, remote.candidate.address};
  pair.localId = base.candidate;
  pair.remoteId = remote.id;
  pair.localType = base.relayed ? CandidateType::Relayed : CandidateType::Host;
  pair.remoteType = remote.candidate.type;
  pair.checkPriority = local_.reflexivePriority(baseIndex);
  pair.foundation = foundationNumber(local_.foundation(baseIndex), remote.candidate.foundation);
  setPriority(pair);
  CandidatePair* placed = checklist_.add(std::move(pair));
  if (placed == nullptr) {
    ++overLimit_;
    return nullptr;
  }
  if (base.relayed) emit(NeedPermission{base.link, placed->path.remote});
  return placed;
}

void Agent::setPriority(CandidatePair& pair) const {
  const std::uint32_t ours = local_.priority(pair.base);
  const std::uint32_t theirs = remote_[pair.remote].candidate.priority;
  pair.priority =
      role_ == Role::Controlling ? pairPriority(ours, theirs) : pairPriority(theirs, ours);
}

// A candidate learnt by checks is known by its kind now.
void Agent::refreshRemote(RemoteIndex index) {
  for (CandidatePair& p : checklist_.pairs()) {
    if (p.gone || p.remote != index) continue;
    p.remoteType = remote_[index].candidate.type;
    setPriority(p);
  }
}

void Agent::forgetDropped() {
  for (CandidatePair& p : checklist_.pairs()) {
    if (p.gone || !RemoteSide::isDropped(remote_[p.remote])) continue;
    checklist_.untrigger(p);
    p.gone = true;
  }
}

// One that was learnt, and whose pairs have all failed.
std::optional<RemoteIndex> Agent::spareRemote() const {
  for (std::size_t i = 0; i < remote_.entries().size(); ++i) {
    if (remote_.entries()[i].signalled) continue;
    const bool used = std::any_of(
        checklist_.pairs().begin(), checklist_.pairs().end(), [&](const CandidatePair& p) {
          return !p.gone && p.remote == i && (p.state != PairState::Failed || p.triggered);
        });
    if (!used) return static_cast<RemoteIndex>(i);
  }
  return std::nullopt;
}

}  // namespace parley::ice
