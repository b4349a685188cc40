#include "signal/room_directory.h"

#include <algorithm>

#include "base/check.h"

namespace parley::signal {

const Room* MemoryRoomDirectory::find(std::string_view room) const {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? nullptr : &it->second;
}

std::uint64_t MemoryRoomDirectory::sit(const std::string& room, const MemberId& id,
                                       std::string name, SourceKey source) {
  Room& r = rooms_[room];
  if (r.seats.empty()) r.openedBy = source;
  r.seats.push_back(Seat{id, ++r.lastOrder, std::move(name)});
  return r.lastOrder;
}

bool MemoryRoomDirectory::leave(const std::string& room, const MemberId& id) {
  const auto it = rooms_.find(room);
  PARLEY_CHECK(it != rooms_.end());
  std::vector<Seat>& seats = it->second.seats;
  const auto seat =
      std::find_if(seats.begin(), seats.end(), [&](const Seat& s) { return s.id == id; });
  PARLEY_CHECK(seat != seats.end());
  seats.erase(seat);
  if (!seats.empty()) return false;
  rooms_.erase(it);
  return true;
}

void MemoryRoomDirectory::setLocked(const std::string& room, bool locked) {
  const auto it = rooms_.find(room);
  PARLEY_CHECK(it != rooms_.end());
  it->second.locked = locked;
}

std::vector<std::string> MemoryRoomDirectory::lockedRooms() const {
  std::vector<std::string> out;
  for (const auto& [name, room] : rooms_) {
    if (room.locked) out.push_back(name);
  }
  return out;
}

}  // namespace parley::signal
