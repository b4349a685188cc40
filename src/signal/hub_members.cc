// What members do to each other: signal, lock, leave, and how they go.
#include "base/check.h"
#include "signal/hub.h"
#include "signal/hub_internal.h"

namespace parley::signal {

Member* Hub::find(const MemberId& id) {
  const auto it = members_.find(id);
  return it == members_.end() ? nullptr : it->second.get();
}

void Hub::handleSignal(Member& from, const SignalMessage& m) {
  // Looked up in the sender's room only: an id of another room is as unknown as any other.
  Member* to = m.to ? find(*m.to) : nullptr;
  if (to == nullptr || to == &from || to->doomed || to->room != from.room)
    return complainTo(from, SignalError::NoSuchPeer);
  ++stats_.relayed;
  deliver(*to, [&](const Envelope& e) { return writeSignal(e, from.id, m.data); });
}

void Hub::handleLock(Member& from, const LockMessage& m) {
  if (!from.rights.has(Right::Lock)) return complainTo(from, SignalError::NotAllowed);
  const auto write = [&](const Envelope& e) { return writeLock(e, m.locked, from.id); };
  const Room* room = rooms_.find(from.room);
  PARLEY_CHECK(room != nullptr);
  if (room->locked != m.locked) {
    rooms_.setLocked(from.room, m.locked);
    effects_.push_back(LocksChanged{});
    tellOthers(from.room, from.id, write);
  }
  deliver(from, write);
}

void Hub::handleLeave(Connection& c, Time now) {
  Member* member = c.member;
  close(c, 1000, "left", now);
  if (member != nullptr) doom(*member, LeaveReason::Left);
}

// Removal waits until the call at hand is done with its references.
void Hub::doom(Member& member, LeaveReason reason) {
  if (member.doomed) return;
  member.doomed = true;
  doomed_.emplace_back(member.id, reason);
}

void Hub::removeDoomed(Time now) {
  // Telling the others may doom them as well: by index, for the list grows.
  for (std::size_t i = 0; i < doomed_.size(); ++i)
    remove(*members_.at(doomed_[i].first), doomed_[i].second, now);
  doomed_.clear();
}

void Hub::remove(Member& member, LeaveReason reason, Time now) {
  if (reason == LeaveReason::Timeout) ++stats_.timeouts;
  if (reason == LeaveReason::Overflow) ++stats_.overflows;
  if (member.connection) fail(*connections_.at(*member.connection), SignalError::Overflow, {}, now);
  memberDeadlines_.set(member.id, member.scheduled, kNever);
  sources_.remove(member.source, SourceUse::Members);
  const MemberId id = member.id;
  const std::string roomName = std::move(member.room);
  members_.erase(id);

  const Room* room = rooms_.find(roomName);
  PARLEY_CHECK(room != nullptr);
  const SourceKey openedBy = room->openedBy;
  const bool locked = room->locked;
  if (rooms_.leave(roomName, id)) {
    sources_.remove(openedBy, SourceUse::Rooms);
    if (locked) effects_.push_back(LocksChanged{});
    return;
  }
  tellOthers(roomName, id, [&](const Envelope& e) { return writePeerLeft(e, id, reason); });
}

void Hub::serveMember(Member& member, Time now, WallTime wall) {
  if (member.goneAt <= now) {
    doom(member, LeaveReason::Timeout);
    member.goneAt = kNever;
  }
  if (member.ackAt <= now) sendAck(member);
  if (member.iceAt <= now) refreshIce(member, now, wall);
  memberDeadlines_.set(member.id, member.scheduled, member.nextDue());
}

void Hub::refreshIce(Member& member, Time now, WallTime wall) {
  const IceServerList ice = mintIce(member, now, wall);
  const std::string proof = makeProof(member, wall);
  deliver(member, [&](const Envelope& e) { return writeIceServers(e, ice, proof); });
}

void Hub::wakeAt(Member& member, Time at) {
  if (at < member.scheduled) memberDeadlines_.set(member.id, member.scheduled, at);
}

void Hub::sendAck(Member& member) {
  member.acknowledged();
  if (member.connection)
    effects_.push_back(SendText{*member.connection, writeAck(member.received)});
}

void Hub::complainTo(Member& member, SignalError code) {
  ++stats_.errors[static_cast<std::size_t>(code)];
  const std::uint64_t ref = member.received;
  deliver(member, [&](const Envelope& e) { return writeError({code, {}, ref, e, {}}); });
}

}  // namespace parley::signal
