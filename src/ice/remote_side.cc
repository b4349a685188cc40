#include "ice/remote_side.h"

#include <algorithm>
#include <set>

namespace parley::ice {

std::size_t RemoteSide::count(bool signalled) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [&](const RemoteEntry& e) { return e.signalled == signalled; }));
}

bool RemoteSide::hasPending() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const RemoteEntry& e) { return e.pending; });
}

std::optional<RemoteIndex> RemoteSide::find(const Address& address) const {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].pending && entries_[i].candidate.address == address) {
      return static_cast<RemoteIndex>(i);
    }
  }
  return std::nullopt;
}

RemoteSide::Added RemoteSide::merge(RemoteIndex index, const Candidate& candidate) {
  RemoteEntry& e = entries_[index];
  // RFC 8838 section 11.2 and RFC 8445 section 7.3.1.3: what was learnt gets its signalled kind.
  if (!e.signalled) {
    const Address address = e.candidate.address;
    e.candidate = candidate;
    e.candidate.address = address;
    e.signalled = true;
  }
  return {index, false, false};
}

Result<RemoteSide::Added> RemoteSide::add(const Candidate& candidate) {
  const std::string name = lowerCase(candidate.mdnsName);
  const bool named = !name.empty();
  if (!named) {
    if (const auto known = find(candidate.address)) return merge(*known, candidate);
  }
  if (count(true) >= kMaxSignalled || entries_.size() >= kMaxEntries) {
    return Error{ErrorCode::Limit, "remote candidates", static_cast<std::int32_t>(kMaxSignalled)};
  }
  bool resolve = named;
  if (named) {
    std::set<std::string_view> names;
    for (const RemoteEntry& e : entries_) {
      if (!e.pending) continue;
      names.insert(e.candidate.mdnsName);
      if (e.candidate.mdnsName == name) resolve = false;
    }
    if (resolve && names.size() >= kMaxNames) {
      return Error{ErrorCode::Limit, "names to resolve", static_cast<std::int32_t>(kMaxNames)};
    }
  }
  entries_.push_back({CandidateId{++lastId_}, candidate, true, named});
  entries_.back().candidate.mdnsName = name;
  return Added{static_cast<RemoteIndex>(entries_.size() - 1), true, resolve};
}

std::optional<RemoteIndex> RemoteSide::addPeerReflexive(const Address& address,
                                                        std::uint32_t priority,
                                                        std::string_view ufrag,
                                                        std::optional<RemoteIndex> spare) {
  if (isFullOfPeerReflexive() && !spare) return std::nullopt;
  Candidate c;
  c.type = CandidateType::PeerReflexive;
  c.address = address;
  c.priority = priority;
  c.ufrag = ufrag;
  // Section 7.3.1.3: a foundation different from those of all others. "@" is in none of them.
  c.foundation = "@" + std::to_string(lastId_ + 1);
  RemoteEntry entry{CandidateId{++lastId_}, std::move(c), false, false};
  if (isFullOfPeerReflexive()) {
    entries_[*spare] = std::move(entry);
    return spare;
  }
  entries_.push_back(std::move(entry));
  return static_cast<RemoteIndex>(entries_.size() - 1);
}

std::vector<RemoteSide::Added> RemoteSide::resolve(std::string_view name,
                                                   const IpAddress& address) {
  std::vector<Added> ready;
  const std::string key = lowerCase(name);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    RemoteEntry& e = entries_[i];
    if (!e.pending || e.candidate.mdnsName != key) continue;
    const Address full{address, e.candidate.address.port()};
    e.pending = false;
    if (const auto known = find(full)) {
      // Its checks were faster than its name. Ours is only a shell then.
      ready.push_back(merge(*known, e.candidate));
      e.candidate.address = {};
      continue;
    }
    e.candidate.address = full;
    ready.push_back({static_cast<RemoteIndex>(i), true, false});
  }
  return ready;
}

void RemoteSide::fail(std::string_view name) {
  const std::string key = lowerCase(name);
  for (RemoteEntry& e : entries_) {
    if (!e.pending || e.candidate.mdnsName != key) continue;
    e.pending = false;
    e.candidate.address = {};
  }
}

void RemoteSide::dropOthers(std::string_view ufrag) {
  for (RemoteEntry& e : entries_) {
    if (e.candidate.ufrag.empty() || e.candidate.ufrag == ufrag) continue;
    e.pending = false;
    e.candidate.address = {};
  }
}

}  // namespace parley::ice
