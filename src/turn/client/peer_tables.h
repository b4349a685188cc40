// What an allocation keeps about its peers: permissions by IP address and channels by transport
// address (RFC 8656 sections 9 and 12), with their times and the request that asks for them. No
// messages here: allocation.cc writes and reads those.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/time.h"
#include "net/address.h"
#include "turn/channel_data.h"

namespace parley::turn::client {

// RFC 8656 sections 3.2 and 12. Renewed ahead, so that two lost rounds of retransmissions do not
// cost the peer.
inline constexpr Duration kPermissionLife = 300s;
inline constexpr Duration kPermissionRenewal = 220s;
inline constexpr Duration kChannelLife = 600s;
inline constexpr Duration kChannelRenewal = 500s;
// Section 12: a number is not bound to another peer until five minutes after its binding ended; the
// rest is for the requests that may still be on their way.
inline constexpr Duration kChannelReuse = kChannelLife + 300s + 40s;

// Peers of one allocation; more are refused (permissions) or stay with Send indications (channels).
inline constexpr std::size_t kMaxPermissions = 128;
inline constexpr std::size_t kMaxChannels = 64;

using RequestIndex = std::uint8_t;
inline constexpr RequestIndex kNoRequest = 0xFF;

struct Permission {
  IpAddress peer;
  RequestIndex request = kNoRequest;  // that asks for it now
  bool wanted = true;                 // to be asked for
  bool granted = false;               // until `until`
  bool alone = false;                 // refused among others: it is asked for by itself now
  Time renewAt = kNever;
  Time until{};
};

class PermissionTable {
 public:
  Permission* find(const IpAddress& peer);
  // Null when the table is full.
  Permission* add(const IpAddress& peer);
  void remove(const IpAddress& peer);
  // Those due for renewal are wanted again, and with them those that will be soon.
  void renewDue(Time now);
  Time nextRenewal() const;

  std::vector<Permission>& all() { return entries_; }
  void clear() { entries_.clear(); }

 private:
  std::vector<Permission> entries_;
};

struct Channel {
  Address peer;
  RequestIndex request = kNoRequest;
  bool assigned = false;  // the number is this peer's, bound or not, until reusableAt
  bool wanted = false;    // to be bound or renewed
  bool bound = false;     // until `until`
  bool carried = false;   // data since the last renewal
  Time renewAt = kNever;
  Time until{};
  Time notBefore{};   // refused: not asked for again until then
  Time reusableAt{};  // from when on the number may be another's
};

// A channel's number is its place in the table: 0x4000 and up.
class ChannelTable {
 public:
  // The channel that may be used to send to the peer; null without one. Per packet: the last one
  // found is looked at first.
  const Channel* bound(const Address& peer) const;
  // Of a number that came in; null when it is not one of ours.
  Channel* find(ChannelNumber number);
  Channel* find(const Address& peer);
  // Gives the peer a number; null when none is free.
  Channel* assign(const Address& peer, Time now);
  // Marks those that are due: carried data since, wanted again; else they lapse.
  void renewDue(Time now);
  Time nextRenewal() const;

  ChannelNumber numberOf(const Channel& c) const {
    return ChannelNumber{static_cast<std::uint16_t>(kFirstChannel + (&c - channels_.data()))};
  }
  void markCarried(const Channel& c) {
    channels_[static_cast<std::size_t>(&c - channels_.data())].carried = true;
  }
  std::vector<Channel>& all() { return channels_; }
  void clear() { channels_.clear(); }

 private:
  std::vector<Channel> channels_;
  mutable std::size_t last_ = 0;
};

}  // namespace parley::turn::client
