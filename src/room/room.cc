// The handles of a room.
#include "parley/room.h"

#include <array>

#include "api/runtime.h"
#include "room/room_core.h"

namespace parley {
namespace room {

RoomHandle::RoomHandle() : core(std::make_shared<RoomCore>(api::pickShard())) {}
RoomHandle::~RoomHandle() {
  core->leave();
}

}  // namespace room

std::string_view toString(RoomState state) {
  static constexpr std::array<std::string_view, 5> kNames = {"new", "connecting", "joined",
                                                             "reconnecting", "closed"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view toString(LeaveReason reason) {
  static constexpr std::array<std::string_view, 4> kNames = {"left", "timeout", "overflow",
                                                             "replaced"};
  return kNames[static_cast<std::size_t>(reason)];
}

std::string Member::id() const {
  return member_ ? member_->id : std::string{};
}
std::string Member::name() const {
  return member_ ? member_->name : std::string{};
}
bool Member::newcomer() const {
  if (!member_) return false;
  const std::lock_guard guard(member_->mutex);
  return member_->newcomer;
}
PeerConnection Member::connection() const {
  if (!member_) return {};
  const std::lock_guard guard(member_->mutex);
  return member_->connection;
}
void Member::disconnect() {
  if (!member_) return;
  if (const auto core = member_->room.lock()) core->disconnect(member_->id);
}

using Core = room::RoomCore;

Room::Room() : handle_(std::make_shared<room::RoomHandle>()) {}

Async<void> Room::join(std::string_view url, const RoomOptions& options) {
  return handle_->core->join(url, options);
}
void Room::leave() {
  handle_->core->leave();
}

RoomState Room::state() const {
  return handle_->core->read([](const Core::Mirror& m) { return m.state; });
}
std::string Room::id() const {
  return handle_->core->read([](const Core::Mirror& m) { return m.self; });
}
std::string Room::name() const {
  return handle_->core->read([](const Core::Mirror& m) { return m.name; });
}
std::string Room::room() const {
  return handle_->core->read([](const Core::Mirror& m) { return m.room; });
}
std::vector<Member> Room::members() const {
  return handle_->core->read([](const Core::Mirror& m) {
    std::vector<Member> out;
    for (const auto& [id, member] : m.members)
      out.push_back(room::MemberState::handle(member));
    return out;
  });
}
std::vector<IceServer> Room::iceServers() const {
  return handle_->core->read([](const Core::Mirror& m) { return m.iceServers; });
}
bool Room::locked() const {
  return handle_->core->read([](const Core::Mirror& m) { return m.locked; });
}
Expected<void> Room::lock(bool locked) {
  return handle_->core->lock(locked);
}

void Room::onmember(std::function<void(Member)> f) {
  handle_->core->set(&Core::Callbacks::member, std::move(f));
}
void Room::onmemberleft(std::function<void(Member, LeaveReason)> f) {
  handle_->core->set(&Core::Callbacks::memberleft, std::move(f));
}
void Room::onstatechange(std::function<void(RoomState)> f) {
  handle_->core->set(&Core::Callbacks::statechange, std::move(f));
}
void Room::onlock(std::function<void(bool)> f) {
  handle_->core->set(&Core::Callbacks::lock, std::move(f));
}
void Room::onerror(std::function<void(const RtcError&)> f) {
  handle_->core->set(&Core::Callbacks::error, std::move(f));
}

}  // namespace parley
