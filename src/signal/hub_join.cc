// How a member comes in: anew, back over a new socket, or back after a restart of the server.
#include <algorithm>

#include "base/check.h"
#include "crypto/digest.h"
#include "signal/hub.h"
#include "signal/hub_internal.h"
#include "signal/names.h"

namespace parley::signal {

void Hub::handleJoin(Connection& c, const JoinMessage& m, Time now, WallTime wall) {
  const auto room = foldRoom(m.room);
  if (!room) return fail(c, SignalError::BadRoom, {}, now);
  const auto name = cleanName(m.name);
  if (!name) return fail(c, SignalError::BadName, {}, now);
  if (m.protocol != kProtocolVersion) return fail(c, SignalError::UnsupportedProtocol, {}, now);
  if (m.resume && tryResume(c, m, *room, now, wall)) return;
  if (m.proof && tryReturn(c, *m.proof, *room, *name, now, wall)) return;
  if (m.resume || m.proof) return complain(c, SignalError::ResumeFailed, {}, {});
  joinFresh(c, m, *room, *name, now, wall);
}

void Hub::joinFresh(Connection& c, const JoinMessage& m, const std::string& room, std::string name,
                    Time now, WallTime wall) {
  Rights rights = Rights::all();
  if (tokens_ != nullptr && m.token) {
    const auto claims = tokens_->verify(*m.token, room, wall);
    if (!claims) return fail(c, claims.error(), {}, now);
    rights = claims->rights;
    if (claims->name) name = *claims->name;
  } else if (tokens_ != nullptr) {
    if (config_.tokenRequired) return fail(c, SignalError::TokenRequired, {}, now);
    rights = config_.anonymousRights;
  }
  if (const auto refused = admit(c, room, rights, false)) return fail(c, *refused, {}, now);
  Member& member = seat(c, room, std::move(name), MemberId::random(random_), rights, now);
  ++stats_.joins;
  welcome(member, Arrival::Fresh, now, wall);
  announce(member, false);
}

// Section 6. False if this is not a membership that can go on.
bool Hub::tryResume(Connection& c, const JoinMessage& m, const std::string& room, Time now,
                    WallTime wall) {
  const auto key = ResumeKey::parse(*m.resume);
  Member* member = key ? findByKey(room, *key) : nullptr;
  if (member == nullptr || !member->out.canReplayAfter(m.ack)) return false;
  takeOver(*member, c, now);
  PARLEY_CHECK(member->out.acknowledge(m.ack));
  // The key that the client has stays good until it is known to have got the new one.
  member->previousKey = *key;
  ++stats_.resumes;
  welcome(*member, Arrival::Resumed, now, wall);
  replay(*member);
  return true;
}

Member* Hub::findByKey(const std::string& room, const ResumeKey& key) {
  const Room* r = rooms_.find(room);
  if (r == nullptr) return nullptr;
  for (const Seat& seat : r->seats) {
    Member* m = find(seat.id);
    if (m == nullptr || m->doomed) continue;
    if (crypto::constantTimeEqual(m->key.bytes(), key.bytes())) return m;
    if (m->previousKey && crypto::constantTimeEqual(m->previousKey->bytes(), key.bytes())) return m;
  }
  return nullptr;
}

// Section 7. False if the proof does not help.
bool Hub::tryReturn(Connection& c, const std::string& text, const std::string& room,
                    const std::string& name, Time now, WallTime wall) {
  const auto proof = proofs_.check(text, room, name, wall);
  if (!proof || proof->ofThisRun) return false;
  if (Member* member = find(proof->id)) {
    // Section 7.9: back already, but the welcome did not arrive. Nothing has been acknowledged
    // nor heard, so all that was written since can be sent once more.
    const bool unheard = member->returned && !member->confirmed && member->received == 0 &&
                         member->out.acknowledged() == 0 && !member->doomed;
    if (!unheard || member->room != room) return false;
    takeOver(*member, c, now);
    welcome(*member, Arrival::Returned, now, wall);
    replay(*member);
    return true;
  }
  // A proof works once a run: who left afterwards stays out.
  if (returned_.count(proof->id) != 0 || returned_.size() >= 2 * config_.maxMembers) return false;
  if (const auto refused = admit(c, room, proof->rights, true)) {
    fail(c, *refused, {}, now);
    return true;
  }
  Member& member = seat(c, room, name, proof->id, proof->rights, now);
  member.returned = true;
  returned_.insert(proof->id);
  if (rememberedLocks_.erase(proofs_.roomDigest(room)) != 0) rooms_.setLocked(room, true);
  ++stats_.returns;
  welcome(member, Arrival::Returned, now, wall);
  announce(member, true);
  return true;
}

std::optional<SignalError> Hub::admit(const Connection& c, const std::string& room, Rights rights,
                                      bool returning) {
  if (members_.size() >= config_.maxMembers) return SignalError::ServerFull;
  if (sources_.count(c.source, SourceUse::Members) >= config_.membersPerSource)
    return SignalError::TooManyMembers;
  if (const Room* r = rooms_.find(room)) {
    if (r->locked && !returning) return SignalError::RoomLocked;
    if (r->seats.size() >= config_.roomMembers) return SignalError::RoomFull;
    return std::nullopt;
  }
  if (!returning && !rememberedLocks_.empty() &&
      rememberedLocks_.count(proofs_.roomDigest(room)) != 0)
    return SignalError::RoomLocked;
  if (!returning && !rights.has(Right::Create)) return SignalError::NoSuchRoom;
  if (rooms_.size() >= config_.maxRooms) return SignalError::ServerFull;
  if (sources_.count(c.source, SourceUse::Rooms) >= config_.roomsPerSource)
    return SignalError::TooManyRooms;
  return std::nullopt;
}

Member& Hub::seat(Connection& c, const std::string& room, std::string name, const MemberId& id,
                  Rights rights, Time now) {
  auto owned = std::make_unique<Member>(
      id, room, c.source, rights, TokenBucket(config_.messagesPerSecond, config_.messageBurst, now),
      TokenBucket(config_.bytesPerSecond, config_.byteBurst, now));
  Member& member = *owned;
  PARLEY_CHECK(members_.emplace(id, std::move(owned)).second);
  sources_.add(c.source, SourceUse::Members);
  if (rooms_.find(room) == nullptr) sources_.add(c.source, SourceUse::Rooms);
  rooms_.sit(room, id, std::move(name), c.source);
  attach(member, c, now);
  return member;
}

void Hub::attach(Member& member, Connection& c, Time now) {
  member.connection = c.id;
  member.goneAt = kNever;
  c.member = &member;
  ++attached_;
  schedule(c, now + config_.idleAfter);
}

// A new socket takes the member; an older one that still seems open is evicted.
void Hub::takeOver(Member& member, Connection& c, Time now) {
  if (member.connection) fail(*connections_.at(*member.connection), SignalError::Replaced, {}, now);
  attach(member, c, now);
}

void Hub::welcome(Member& member, Arrival arrival, Time now, WallTime wall) {
  member.key = ResumeKey::random(random_);
  member.confirmed = false;
  member.acknowledged();
  const Room* room = rooms_.find(member.room);
  PARLEY_CHECK(room != nullptr);
  WelcomeMessage m;
  m.self = member.id;
  m.room = member.room;
  m.seats = &room->seats;
  m.locked = room->locked;
  m.resumed = arrival == Arrival::Resumed;
  m.returned = arrival == Arrival::Returned;
  m.resume = member.key;
  m.resumeWithin = config_.resumeWithin;
  m.proof = makeProof(member, wall);
  m.ack = member.received;
  m.rights = member.rights;
  m.ice = mintIce(member, now, wall);
  m.pingEvery = config_.pingEvery;
  m.time = wall;
  m.messageBytes = config_.messageBytes;
  m.bufferBytes = config_.bufferBytes;
  m.members = config_.roomMembers;
  effects_.push_back(SendText{*member.connection, writeWelcome(m)});
}

void Hub::replay(Member& member) {
  member.out.forEach([&](const std::string& text) {
    effects_.push_back(SendText{*member.connection, text});
  });
}

void Hub::announce(const Member& member, bool returned) {
  const Seat own = ownSeat(member);
  tellOthers(member.room, member.id,
             [&](const Envelope& e) { return writePeerJoined(e, own, returned); });
}

const Seat& Hub::ownSeat(const Member& member) const {
  const Room* room = rooms_.find(member.room);
  PARLEY_CHECK(room != nullptr);
  const auto seat = std::find_if(room->seats.begin(), room->seats.end(),
                                 [&](const Seat& s) { return s.id == member.id; });
  PARLEY_CHECK(seat != room->seats.end());
  return *seat;
}

// New ICE servers, and the time for the next ones: before these, or the proof, expire.
IceServerList Hub::mintIce(Member& member, Time now, WallTime wall) {
  IceServerList ice =
      minter_({*member.connection, member.id, member.rights.has(Right::Relay)}, wall);
  Duration fresh = config_.proofLife / 2;
  if (ice.ttl > Duration::zero()) fresh = std::min(fresh, std::max(ice.ttl * 3 / 4, Duration(1s)));
  member.iceAt = now + fresh;
  wakeAt(member, member.iceAt);
  return ice;
}

std::string Hub::makeProof(const Member& member, WallTime wall) {
  return proofs_.make(member.id, member.rights, member.room, ownSeat(member).name, wall);
}

std::vector<std::string> Hub::lockDigests() {
  std::vector<std::string> out(rememberedLocks_.begin(), rememberedLocks_.end());
  for (const std::string& room : rooms_.lockedRooms())
    out.push_back(proofs_.roomDigest(room));
  std::sort(out.begin(), out.end());
  return out;
}

void Hub::forgetLocks(Time now) {
  if (rememberedLocks_.empty() || now < started_ + config_.locksKept) return;
  rememberedLocks_.clear();
  effects_.push_back(LocksChanged{});
}

}  // namespace parley::signal
