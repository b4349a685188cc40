#include "turn/client/peer_tables.h"

#include <algorithm>

namespace parley::turn::client {
namespace {

// Renewals that are due within this of each other go in one request.
constexpr Duration kTogether = 30s;

}  // namespace

Permission* PermissionTable::find(const IpAddress& peer) {
  const auto it = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Permission& p) { return p.peer == peer; });
  return it == entries_.end() ? nullptr : &*it;
}

Permission* PermissionTable::add(const IpAddress& peer) {
  if (entries_.size() >= kMaxPermissions) return nullptr;
  Permission& p = entries_.emplace_back();
  p.peer = peer;
  return &p;
}

void PermissionTable::remove(const IpAddress& peer) {
  std::erase_if(entries_, [&](const Permission& p) { return p.peer == peer; });
}

void PermissionTable::renewDue(Time now) {
  if (nextRenewal() > now) return;
  for (Permission& p : entries_) {
    if (p.renewAt == kNever || p.renewAt > now + kTogether) continue;
    p.renewAt = kNever;
    p.wanted = true;
  }
}

Time PermissionTable::nextRenewal() const {
  Time next = kNever;
  for (const Permission& p : entries_)
    next = std::min(next, p.renewAt);
  return next;
}

const Channel* ChannelTable::bound(const Address& peer) const {
  if (last_ < channels_.size() && channels_[last_].peer == peer && channels_[last_].bound)
    return &channels_[last_];
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (!channels_[i].bound || channels_[i].peer != peer) continue;
    last_ = i;
    return &channels_[i];
  }
  return nullptr;
}

Channel* ChannelTable::find(ChannelNumber number) {
  const std::size_t i = static_cast<std::size_t>(number.value()) - kFirstChannel;
  return i < channels_.size() && channels_[i].assigned ? &channels_[i] : nullptr;
}

Channel* ChannelTable::find(const Address& peer) {
  const auto it = std::find_if(channels_.begin(), channels_.end(),
                               [&](const Channel& c) { return c.assigned && c.peer == peer; });
  return it == channels_.end() ? nullptr : &*it;
}

Channel* ChannelTable::assign(const Address& peer, Time now) {
  const auto free = std::find_if(channels_.begin(), channels_.end(), [&](const Channel& c) {
    return !c.bound && !c.wanted && c.request == kNoRequest && c.reusableAt <= now;
  });
  Channel* c = nullptr;
  if (free != channels_.end()) {
    c = &*free;
  } else if (channels_.size() < kMaxChannels) {
    c = &channels_.emplace_back();
  } else {
    return nullptr;
  }
  *c = Channel{};
  c->peer = peer;
  c->assigned = true;
  return c;
}

void ChannelTable::renewDue(Time now) {
  for (Channel& c : channels_) {
    if (c.renewAt <= now) {
      c.renewAt = kNever;
      // Nothing went over it for all that time: let it lapse; the next packet asks for it anew.
      c.wanted = c.carried;
      c.carried = false;
    }
    if (c.bound && c.until <= now) c.bound = false;
  }
}

Time ChannelTable::nextRenewal() const {
  Time next = kNever;
  for (const Channel& c : channels_) {
    next = std::min(next, c.renewAt);
    if (c.bound) next = std::min(next, c.until);
  }
  return next;
}

}  // namespace parley::turn::client
