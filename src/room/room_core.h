// RoomCore: what all handles of one Room share. The membership (signal::Client), its socket and the
// members' negotiations live on one shard, as do the members' connections; other threads post to it
// and read the mirror under the lock.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/callback.h"
#include "api/sequence.h"
#include "api/shard.h"
#include "crypto/random.h"
#include "parley/room.h"
#include "room/negotiation.h"
#include "room/recovery.h"
#include "room/room_url.h"
#include "room/signal_socket.h"
#include "signal/client/client.h"

namespace parley::room {

class RoomCore;

// What all handles of one Member share.
class MemberState {
 public:
  MemberState(std::weak_ptr<RoomCore> core, std::string memberId, std::string memberName)
      : room(std::move(core)), id(std::move(memberId)), name(std::move(memberName)) {}
  static Member handle(std::shared_ptr<MemberState> state) { return Member(std::move(state)); }

  const std::weak_ptr<RoomCore> room;
  const std::string id;
  const std::string name;

  mutable std::mutex mutex;
  bool newcomer = false;      // guarded
  PeerConnection connection;  // guarded
};

class RoomCore final : public std::enable_shared_from_this<RoomCore>,
                       private SignalSocket::Owner,
                       private driver::Loop::TimerHandler {
 public:
  static constexpr std::size_t kMaxMembers = 64;
  static constexpr std::size_t kMaxPendingSignals = 512;  // of a member whose onmember is under way

  explicit RoomCore(api::Shard& shard);
  ~RoomCore() override;

  Async<void> join(std::string_view url, const RoomOptions& options);
  void leave();
  Expected<void> lock(bool locked);
  void disconnect(const std::string& id);

  struct Mirror {
    RoomState state = RoomState::New;
    std::string self, name, room;
    bool locked = false;
    bool canLock = false;
    std::vector<IceServer> iceServers;
    std::map<std::string, std::shared_ptr<MemberState>> members;
  };
  template <class F>
  auto read(F&& f) const {
    const std::lock_guard guard(mutex_);
    return f(mirror_);
  }
  struct Callbacks {
    api::Callback<Member> member;
    api::Callback<Member, LeaveReason> memberleft;
    api::Callback<RoomState> statechange;
    api::Callback<bool> lock;
    api::Callback<const RtcError&> error;
  };
  template <class... Args>
  void set(api::Callback<Args...> Callbacks::*slot, std::function<void(Args...)> f) {
    api::Callback<Args...> callback = api::makeCallback(std::move(f));
    const std::lock_guard guard(mutex_);
    if (!left_) std::swap(on_.*slot, callback);
  }

 private:
  // One other member, as the shard knows it.
  struct Peer {
    std::shared_ptr<MemberState> member;
    std::uint64_t order = 0;
    bool newcomer = false;  // we are
    bool returned = false;
    bool ready = false;  // the application has seen this connection
    std::uint64_t generation = 0;
    std::unique_ptr<Negotiation> negotiation;
    std::vector<std::string> pending;
    Recovery recovery;
  };

  void start();
  void pump();
  void handleClientEvent(signal::ClientEvent& event);
  void handleSocketOpened() override;
  void handleSocketText(std::string text) override;
  void handleSocketClosed(std::uint16_t code, int httpStatus, const std::string& why) override;
  void handleTimer() override;

  void welcomed(const signal::client_event::Joined& event);
  void ended(const signal::client_event::Ended& event);
  void meet(const signal::ClientPeer& peer, bool returned);
  void remove(const std::string& id, LeaveReason reason);
  void stopAwaiting();
  void setServers(const std::vector<signal::ClientIceServer>& servers);

  void newConnection(Peer& peer, std::string session);
  void dropConnection(Peer& peer);
  void memberReady(const std::string& id, std::uint64_t generation);
  void receive(const std::string& from, std::string data);
  void receiveNow(Peer& peer, const std::string& data);
  void stateChanged(Peer& peer, PeerConnectionState state);
  void recover(Peer& peer, Recovery::Action action);
  Peer* find(const std::string& id, std::uint64_t generation);
  Configuration memberConfiguration() const;
  std::string randomName();

  void setState(RoomState state);
  void finishJoin(std::optional<RtcError> error);
  void shutDown();
  void say(const std::string& line, LogLevel level = LogLevel::Info) const;
  template <class... Args, class... Values>
  void tell(api::Callback<Args...> Callbacks::*slot, Values... values) {
    sequence_->push([self = shared_from_this(), slot, values...] {
      api::Callback<Args...> callback;
      {
        const std::lock_guard guard(self->mutex_);
        callback = self->on_.*slot;
      }
      if (callback) (*callback)(values...);
    });
  }

  api::Shard& shard_;
  crypto::SystemRandom random_;
  RoomOptions options_;  // fixed by join()
  RoomUrl url_;
  std::shared_ptr<driver::TlsContext> tls_;

  mutable std::mutex mutex_;
  Mirror mirror_;
  Callbacks on_;
  bool begun_ = false;
  bool left_ = false;
  std::shared_ptr<api::Sequence> sequence_;
  std::shared_ptr<detail::AsyncState<void>> joining_;

  // The shard's.
  std::shared_ptr<RoomCore> self_;  // while there is a socket or a timer
  signal::Client client_;
  std::unique_ptr<SignalSocket> socket_;
  std::optional<driver::Loop::Timer> timer_;
  std::map<std::string, Peer> peers_;
  std::uint64_t order_ = 0;
  std::uint64_t nextGeneration_ = 1;
  Time joinBy_ = kNever;
  Time awaitUntil_ = kNever;
  Time lingerUntil_ = kNever;
  std::string lastProblem_;
  bool everJoined_ = false;
  bool over_ = false;
  bool pumping_ = false;
};

// Owned by the handles of Room.
class RoomHandle {
 public:
  RoomHandle();
  ~RoomHandle();
  RoomHandle(const RoomHandle&) = delete;
  RoomHandle& operator=(const RoomHandle&) = delete;
  const std::shared_ptr<RoomCore> core;
};

}  // namespace parley::room
