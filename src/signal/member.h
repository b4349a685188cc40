// One membership, with or without a socket: what the hub keeps from `welcome` to `peer-left`.
// Name and order stand in the room's seat (room_directory.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "signal/ice_servers.h"
#include "signal/id.h"
#include "signal/resume_buffer.h"
#include "signal/rights.h"
#include "signal/source_table.h"
#include "signal/token_bucket.h"

namespace parley::signal {

struct Member {
  Member(const MemberId& memberId, std::string roomName, SourceKey from, Rights may,
         TokenBucket messageRate, TokenBucket byteRate)
      : id(memberId),
        room(std::move(roomName)),
        source(from),
        rights(may),
        messages(messageRate),
        bytes(byteRate) {}

  MemberId id;
  std::string room;
  SourceKey source;
  Rights rights;
  TokenBucket messages;
  TokenBucket bytes;

  std::optional<ConnectionId> connection;
  ResumeKey key;                         // of the last welcome
  std::optional<ResumeKey> previousKey;  // until the last welcome is known to have arrived
  bool confirmed = false;                // something was heard since the last welcome
  bool returned = false;                 // came in by a proof
  bool doomed = false;                   // about to be removed

  ResumeBuffer out;
  std::uint64_t received = 0;         // seq of the last message taken
  std::uint32_t unackedMessages = 0;  // taken and not yet acknowledged by us
  std::uint32_t unackedBytes = 0;

  Time ackAt = kNever;   // our acknowledgement is due
  Time goneAt = kNever;  // the place is given up
  Time iceAt = kNever;   // new ICE servers and proof are due
  Time scheduled = kNever;

  void heard() {
    confirmed = true;
    previousKey.reset();
  }
  void acknowledged() {
    unackedMessages = 0;
    unackedBytes = 0;
    ackAt = kNever;
  }
  Time nextDue() const {
    Time t = ackAt < goneAt ? ackAt : goneAt;
    return t < iceAt ? t : iceAt;
  }
};

}  // namespace parley::signal
