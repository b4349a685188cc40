// Room: meets others in a room of `parley serve` and keeps a connection to each
// (docs/signalling.md). Needs the library parley_room. A cheap copyable handle, thread-safe.
//
//   parley::Room room;
//   room.onmember([](parley::Member member) { member.connection().ondatachannel(…); });
//   room.join("https://example.org/r/blue-fox-sings", {.name = "Ada"}).get().value();
//
// The room does the signalling: offers, answers and candidates of all members' connections with
// perfect negotiation, restarts of ICE, lost sockets and restarts of the server, fresh ICE servers.
// The program makes channels and takes callbacks; of the connections' own callbacks all are free
// for it. The newcomer of a pair opens the connection: its program makes the first channels in
// onmember, where Member::newcomer() is true. What programs of Parley say to each other on them is
// in docs/peer-messages.md.
//
// Callbacks follow the rules of PeerConnection. Without an executor the room and all its members'
// connections share one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parley/async.h"
#include "parley/configuration.h"
#include "parley/peer_connection.h"

namespace parley {

namespace room {
class RoomHandle;
class MemberState;
}  // namespace room

enum class RoomState : std::uint8_t {
  New,
  Connecting,  // on the way to the server, for the first time
  Joined,
  Reconnecting,  // the way to the server broke; connections go on
  Closed,        // left, refused, or given up
};

std::string_view toString(RoomState state);  // "joined"

struct RoomOptions {
  std::string name = "parley";  // as the others see it
  std::string token{};          // a room token, if the server wants one
  // For the members' connections; its iceServers come first, then those of the server. `tls`,
  // `executor` and `log` are also the room's own.
  Configuration configuration{};
  std::chrono::milliseconds joinTimeout{30'000};
  // Which of the server's ICE servers may be used, by URL; null: all.
  std::function<bool(const std::string& url)> wanted{};
};

// Why a member is gone.
enum class LeaveReason : std::uint8_t { Left, Timeout, Overflow, Replaced };

std::string_view toString(LeaveReason reason);  // "left"

// Another member. A handle as well.
class Member {
 public:
  Member() = default;
  explicit operator bool() const { return member_ != nullptr; }
  friend bool operator==(const Member&, const Member&) = default;

  std::string id() const;
  std::string name() const;
  // We came later: we offer, and the first channels are ours to make.
  bool newcomer() const;
  // The connection to it now. A member that begins anew gets another one and comes by onmember
  // again.
  PeerConnection connection() const;
  // Closes the connection and tells the other side so; both stay in the room.
  void disconnect();

 private:
  friend class room::MemberState;
  explicit Member(std::shared_ptr<room::MemberState> member) : member_(std::move(member)) {}
  std::shared_ptr<room::MemberState> member_;
};

class Room {
 public:
  Room();  // set the callbacks, then join()

  // http(s)://HOST[:PORT]/r/ROOM, ws(s)://… of the same form, or https://HOST/?room=ROOM. A token
  // in the fragment (#token=…) counts when the options have none. Completes when we are in, or
  // with the reason why not: SyntaxError (the URL), NotAllowedError (refused, with its `code`),
  // NetworkError, TimeoutError.
  Async<void> join(std::string_view url, const RoomOptions& options = {});
  // Tells the others, closes all connections, and ends all callbacks.
  void leave();

  RoomState state() const;
  std::string id() const;    // our own among the members
  std::string name() const;  // our own as the others see it
  std::string room() const;
  std::vector<Member> members() const;
  std::vector<IceServer> iceServers() const;  // the server's, fresh
  bool locked() const;
  // Lets no newcomer in. NotAllowedError without the right.
  Expected<void> lock(bool locked);

  // A member is there, with a new connection: take its callbacks, and make its first channels if
  // newcomer(). Called for those in the room when we join, and for each that comes.
  void onmember(std::function<void(Member)> callback);
  void onmemberleft(std::function<void(Member, LeaveReason)> callback);
  void onstatechange(std::function<void(RoomState)> callback);
  void onlock(std::function<void(bool locked)> callback);
  // Why the room has closed by itself.
  void onerror(std::function<void(const RtcError&)> callback);

 private:
  std::shared_ptr<room::RoomHandle> handle_;
};

}  // namespace parley
