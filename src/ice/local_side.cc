#include "ice/local_side.h"

#include <algorithm>

namespace parley::ice {

std::optional<BaseIndex> LocalSide::addLink(LinkId link, const Address& local,
                                            const LinkOptions& options) {
  Base base;
  base.link = link;
  base.address = local;
  base.options = options;
  return place(std::move(base));
}

std::optional<BaseIndex> LocalSide::addRelay(LinkId link, const Candidate& relayed) {
  Base base;
  base.link = link;
  base.address = relayed.address;
  base.relayed = true;
  base.relay = relayed;
  return place(std::move(base));
}

std::optional<BaseIndex> LocalSide::place(Base base) {
  for (const Base& b : bases_) {
    if (!b.gone && b.link == base.link && b.address == base.address) return std::nullopt;
  }
  base.preference = preferenceOf(base);
  // Nothing refers to a base that is gone: its pairs went with it.
  for (std::size_t i = 0; i < bases_.size(); ++i) {
    if (!bases_[i].gone) continue;
    bases_[i] = std::move(base);
    return static_cast<BaseIndex>(i);
  }
  if (bases_.size() == kMaxBases) return std::nullopt;
  bases_.push_back(std::move(base));
  return static_cast<BaseIndex>(bases_.size() - 1);
}

// Steps that are far enough apart for kMaxBases of a kind: 6 kinds, twice for link-local addresses.
std::uint16_t LocalSide::preferenceOf(const Base& base) const {
  constexpr unsigned kStep = 4096;
  unsigned before = 0;
  const bool linkLocal = isLinkLocal(base.address.ip());
  for (const Base& b : bases_) {
    if (!b.gone && b.relayed == base.relayed && b.options.kind == base.options.kind &&
        isLinkLocal(b.address.ip()) == linkLocal && b.address.family() == base.address.family()) {
      ++before;
    }
  }
  const unsigned rank = 2 * static_cast<unsigned>(base.options.kind) + (linkLocal ? 1 : 0);
  const unsigned v4 = base.address.family() == Family::V4 ? 1 : 0;
  return static_cast<std::uint16_t>(65535 - rank * kStep - 2 * before - v4);
}

void LocalSide::removeBase(BaseIndex index) {
  bases_[index].gone = true;
  std::erase_if(entries_, [&](const LocalEntry& e) { return e.base == index; });
}

std::optional<BaseIndex> LocalSide::findBase(LinkId link, const Address& local) const {
  std::optional<BaseIndex> byLink;
  for (std::size_t i = 0; i < bases_.size(); ++i) {
    if (bases_[i].gone || bases_[i].link != link) continue;
    if (bases_[i].address == local) return static_cast<BaseIndex>(i);
    if (!byLink) byLink = static_cast<BaseIndex>(i);
  }
  return byLink;
}

std::uint32_t LocalSide::priority(BaseIndex index) const {
  const Base& b = bases_[index];
  const CandidateType type = b.relayed ? CandidateType::Relayed : CandidateType::Host;
  return candidatePriority(typePreference(type, b.relay.relayProtocol), b.preference, 1);
}

std::string LocalSide::foundation(BaseIndex index) {
  const Base& b = bases_[index];
  if (!b.relayed) return foundationOf({CandidateType::Host, b.address.ip(), {}, Transport::Udp});
  std::optional<IpAddress> server;
  if (b.relay.server) server = b.relay.server->ip();
  return foundationOf({CandidateType::Relayed, b.address.ip(), server, b.relay.relayProtocol});
}

// RFC 8445 section 5.1.1.3: equal when type, base, server and protocol are. A running number tells
// nothing of the addresses.
std::string LocalSide::foundationOf(const FoundationKey& key) {
  const auto it = std::find(foundations_.begin(), foundations_.end(), key);
  const auto at = static_cast<std::size_t>(it - foundations_.begin());
  if (it == foundations_.end()) foundations_.push_back(key);
  return std::to_string(at + 1);
}

const LocalEntry* LocalSide::find(BaseIndex base, const Address& address) const {
  for (const LocalEntry& e : entries_) {
    if (e.base == base && e.candidate.address == address) return &e;
  }
  return nullptr;
}

const LocalEntry* LocalSide::add(BaseIndex base, Candidate candidate) {
  if (entries_.size() == kMaxCandidates || find(base, candidate.address) != nullptr) return nullptr;
  entries_.push_back({CandidateId{++lastId_}, base, std::move(candidate)});
  return &entries_.back();
}

const LocalEntry* LocalSide::addHost(BaseIndex base, const std::string& ufrag) {
  Candidate c;
  c.type = CandidateType::Host;
  c.address = bases_[base].address;
  c.priority = priority(base);
  c.foundation = foundation(base);
  c.ufrag = ufrag;
  c.networkCost = networkCost(bases_[base].options.kind);
  const LocalEntry* entry = add(base, std::move(c));
  if (entry != nullptr) bases_[base].candidate = entry->id;
  return entry;
}

const LocalEntry* LocalSide::addRelayed(BaseIndex base, const std::string& ufrag) {
  Candidate c = bases_[base].relay;
  c.type = CandidateType::Relayed;
  c.component = 1;
  c.protocol = Transport::Udp;
  c.priority = priority(base);
  c.foundation = foundation(base);
  c.ufrag = ufrag;
  const LocalEntry* entry = add(base, std::move(c));
  if (entry != nullptr) bases_[base].candidate = entry->id;
  return entry;
}

const LocalEntry* LocalSide::addReflexive(BaseIndex base, const Address& mapped, CandidateType type,
                                          std::optional<Address> server,
                                          std::optional<std::uint16_t> urlIndex,
                                          const std::string& ufrag) {
  const Base& b = bases_[base];
  Candidate c;
  c.type = type;
  c.address = mapped;
  c.related = b.address;
  c.priority = candidatePriority(typePreference(type, Transport::Udp), b.preference, 1);
  std::optional<IpAddress> serverIp;
  if (server) serverIp = server->ip();
  c.foundation = foundationOf({type, b.address.ip(), serverIp, Transport::Udp});
  c.ufrag = ufrag;
  c.networkCost = networkCost(b.options.kind);
  c.server = server;
  c.urlIndex = urlIndex;
  return add(base, std::move(c));
}

}  // namespace parley::ice
