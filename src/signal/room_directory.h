// Which rooms there are and who sits in them: values only, no sockets and no messages.
//
// The hub asks and changes rooms through this narrow interface, in memory by default. A directory
// that is shared by several servers may come later: hence nothing in here, nor in the hub, takes
// it that a seat's member is held by this hub (the hub looks each id up among its own members).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "signal/id.h"
#include "signal/source_table.h"

namespace parley::signal {

struct Seat {
  MemberId id;
  std::uint64_t order = 0;  // counts the joins of the room, from 1
  std::string name;
};

struct Room {
  std::vector<Seat> seats;  // by order
  std::uint64_t lastOrder = 0;
  SourceKey openedBy;
  bool locked = false;
};

class RoomDirectory {
 public:
  virtual ~RoomDirectory() = default;
  // Valid until the next call that changes the directory.
  virtual const Room* find(std::string_view room) const = 0;
  virtual std::size_t size() const = 0;
  // Adds a seat and gives its order; opens the room if it is not there.
  virtual std::uint64_t sit(const std::string& room, const MemberId& id, std::string name,
                            SourceKey source) = 0;
  // Removes a seat; the last one closes the room (true).
  virtual bool leave(const std::string& room, const MemberId& id) = 0;
  virtual void setLocked(const std::string& room, bool locked) = 0;
  virtual std::vector<std::string> lockedRooms() const = 0;
};

class MemoryRoomDirectory final : public RoomDirectory {
 public:
  const Room* find(std::string_view room) const override;
  std::size_t size() const override { return rooms_.size(); }
  std::uint64_t sit(const std::string& room, const MemberId& id, std::string name,
                    SourceKey source) override;
  bool leave(const std::string& room, const MemberId& id) override;
  void setLocked(const std::string& room, bool locked) override;
  std::vector<std::string> lockedRooms() const override;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const noexcept {
      return std::hash<std::string_view>{}(s);
    }
  };
  std::unordered_map<std::string, Room, Hash, std::equal_to<>> rooms_;
};

}  // namespace parley::signal
