// Templates of Hub that its source files share.
#pragma once

#include "signal/hub.h"

namespace parley::signal {

// Numbers the text that `write(Envelope)` makes, keeps it, and sends it if there is a socket.
template <class Write>
void Hub::deliver(Member& member, Write&& write) {
  if (member.doomed) return;
  Envelope envelope{member.out.next(), std::nullopt};
  if (member.unackedMessages > 0) envelope.ack = member.received;
  std::string text = write(envelope);
  if (!member.out.push(text, config_.bufferBytes)) return doom(member, LeaveReason::Overflow);
  if (!member.connection) return;
  member.acknowledged();
  effects_.push_back(SendText{*member.connection, std::move(text)});
}

template <class Write>
void Hub::tellOthers(std::string_view room, const MemberId& except, Write&& write) {
  const Room* r = rooms_.find(room);
  if (r == nullptr) return;
  for (const Seat& seat : r->seats) {
    if (seat.id == except) continue;
    if (Member* m = find(seat.id)) deliver(*m, write);
  }
}

}  // namespace parley::signal
