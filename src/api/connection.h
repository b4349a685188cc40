// Connection: what all handles of one PeerConnection share. Offer and answer, the mirror that the
// getters read, channels and callbacks live here under one lock; sockets and the engine live on
// the shard, in a PeerHost.
//
//   handle (any thread) --lock--> negotiator, mirror, outbox --wake--> shard: PeerHost
//   PeerHost's events --> task --> one sequence (this shard, or the executor) --> callbacks
//
// Locks: mutex_ is never held while a callback, an executor or another connection is called.
// `running_` is true while a callback of this connection runs; close() waits for it, unless it is
// called in a callback itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/callback.h"
#include "api/channel.h"
#include "api/outbox.h"
#include "api/shard.h"
#include "crypto/identity.h"
#include "crypto/random.h"
#include "parley/peer_connection.h"
#include "peer/config.h"
#include "peer/events.h"
#include "sdp/jsep/negotiator.h"

namespace parley::api {

class Connection;

// Owned by the handles of PeerConnection; the last one ends the connection.
class ConnectionHandle {
 public:
  explicit ConnectionHandle(std::shared_ptr<Connection> c) : connection(std::move(c)) {}
  ~ConnectionHandle();
  ConnectionHandle(const ConnectionHandle&) = delete;
  ConnectionHandle& operator=(const ConnectionHandle&) = delete;

  static PeerConnection handle(std::shared_ptr<Connection> connection) {
    return PeerConnection(std::make_shared<ConnectionHandle>(std::move(connection)));
  }
  static const std::shared_ptr<Connection>* of(const PeerConnection& pc) {
    return pc.handle_ ? &pc.handle_->connection : nullptr;
  }

  const std::shared_ptr<Connection> connection;
};

// What signals for an application (a room) is told before the application's own callbacks are.
struct SignallingHooks {
  std::function<void()> negotiationNeeded;
  std::function<void(const IceCandidate&)> candidate;
  std::function<void(PeerConnectionState)> state;
};

class Connection final : public ShardMember, public std::enable_shared_from_this<Connection> {
 public:
  static constexpr std::size_t kMaxChannels = 65'535;
  // Bytes of messages that wait in an executor before no more are taken from the other side.
  static constexpr std::size_t kMaxUndelivered = std::size_t{8} << 20;
  // What send() takes when the other side said "any size" (RFC 8841 section 6.1).
  static constexpr std::size_t kAnySize = std::size_t{256} << 20;

  // On that shard, or on the next in turn.
  static Expected<std::shared_ptr<Connection>> make(const Configuration& configuration,
                                                    Shard* shard = nullptr);
  ~Connection() override;

  void setHooks(SignallingHooks hooks);

  // ---- offer and answer (connection_signalling.cc)
  Expected<SessionDescription> createOffer(const OfferOptions& options);
  Expected<SessionDescription> createAnswer();
  Expected<void> setLocalDescription(const SessionDescription* description);
  Expected<void> setRemoteDescription(const SessionDescription& description);
  Expected<void> addIceCandidate(const IceCandidateInit& candidate);
  void restartIce();
  // Data is to be negotiated even without a channel.
  void wantData();
  Configuration configuration() const;
  Expected<void> setConfiguration(const Configuration& configuration);
  enum class Which : std::uint8_t { Shown, Current, Pending };
  std::optional<SessionDescription> description(bool local, Which which) const;
  SignalingState signalingState() const;
  std::optional<bool> canTrickle() const;

  // ---- the mirror
  IceGatheringState gatheringState() const;
  IceConnectionState iceState() const;
  PeerConnectionState state() const;
  std::optional<SctpTransport> sctp() const;

  Async<StatsReport> stats();
  Async<ConnectionReport> report();
  void close();

  // ---- channels (connection_channels.cc)
  Expected<DataChannel> createDataChannel(std::string_view label, const DataChannelInit& init);
  SendResult send(Channel& channel, peer::MessageKind kind, ConstBytes message);
  Async<SendResult> sendAsync(Channel& channel, peer::MessageKind kind,
                              std::vector<std::byte> message);
  void closeChannel(Channel& channel);
  std::size_t maxMessageSize() const;
  void setOpenCallback(Channel& channel, std::function<void()> f);
  void setCloseCallback(Channel& channel, std::function<void()> f);
  void setMessageCallback(Channel& channel, std::function<void(const Message&)> f);
  template <class F>
  auto withLock(F&& f) const {
    const std::lock_guard lock(mutex_);
    return f();
  }

  struct Callbacks {
    Callback<> negotiationneeded;
    Callback<const IceCandidate&> icecandidate;
    Callback<const IceCandidateError&> icecandidateerror;
    Callback<SignalingState> signalingstatechange;
    Callback<IceConnectionState> iceconnectionstatechange;
    Callback<IceGatheringState> icegatheringstatechange;
    Callback<PeerConnectionState> connectionstatechange;
    Callback<const IceCandidatePair&> selectedcandidatepairchange;
    Callback<DataChannel> datachannel;
  };
  template <class... Args>
  void set(Callback<Args...> Callbacks::*slot, std::function<void(Args...)> f) {
    Callback<Args...> callback = makeCallback(std::move(f));
    const std::lock_guard lock(mutex_);
    if (!closed_) std::swap(on_.*slot, callback);
  }
  template <class... Args>
  void set(Channel& channel, Callback<Args...> Channel::Callbacks::*slot,
           std::function<void(Args...)> f) {
    Callback<Args...> callback = makeCallback(std::move(f));
    const std::lock_guard lock(mutex_);
    if (!closed_ && !channel.closePassed) std::swap(channel.on.*slot, callback);
  }

  // ---- for the host, on the shard's thread (connection_events.cc)
  void handleEvent(peer::PeerEvent& event);
  // Whether the application is so far behind that no more data must be taken in.
  bool blocked() const { return undelivered_.load(std::memory_order_relaxed) > kMaxUndelivered; }
  void lowerBuffered(const std::shared_ptr<Channel>& channel, std::uint64_t bytes);
  void log(LogLevel level, std::string_view line) const;
  bool logs() const { return configuration_.log != nullptr; }
  void runOnShard() override;
  void dropHost();

  Shard& shard() const { return shard_; }
  const crypto::Identity& identity() const { return identity_; }
  peer::PeerConfig engineConfig() const;
  // Fixed for the life of the connection.
  const Configuration& fixed() const { return configuration_; }

 private:
  struct Task {
    std::function<void()> run;
    bool always = false;  // also when the connection is closed, then by close()
  };
  // Holds the lock, and wakes who has got something to do after letting it go.
  class Guard {
   public:
    explicit Guard(Connection& c) : c_(c), lock_(c.mutex_) {}
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Connection& c_;
    std::unique_lock<std::mutex> lock_;
  };

  Connection(const Configuration& configuration, crypto::Identity identity, Shard& shard);
  sdp::jsep::NegotiatorConfig negotiatorConfig() const;

  // With the lock.
  void pushTask(std::function<void()> run, bool always = false);
  void pushCall(std::function<void(PeerHost&)> call);
  void wakeShard();
  void pushSend(Channel& channel, peer::MessageKind kind, ConstBytes message);
  void apply(const sdp::jsep::Applied& did);
  void checkNegotiationNeeded();
  std::shared_ptr<Channel> find(peer::ChannelId id) const;
  Expected<void> checkChannelInit(std::string_view label, const DataChannelInit& init) const;

  // Without it.
  void runTasks();
  // Runs f as a callback of this connection, without the lock.
  template <class F>
  void deliver(std::unique_lock<std::mutex>& lock, F&& f) {
    running_ = true;
    lock.unlock();
    {
      const CallbackScope scope;
      f();
    }
    lock.lock();
    running_ = false;
    idle_.notify_all();
  }
  // What completes an Async of this connection where its callbacks run.
  std::function<void(std::function<void()>)> runner();
  template <class... Args, class... Values>
  void call(Callback<Args...> Callbacks::*slot, Values&&... values) {
    Callback<Args...> callback;
    {
      const std::lock_guard lock(mutex_);
      if (!closed_) callback = on_.*slot;
    }
    if (callback) (*callback)(std::forward<Values>(values)...);
  }
  template <class T>
  Async<T> ask(std::function<T(PeerHost&)> question);

  void onMessage(const peer::ChannelMessage& message);
  void tellMessage(const std::shared_ptr<Channel>& channel, std::span<const std::byte> bytes,
                   bool isText);
  void tellLocalCandidate(const peer::LocalCandidate& candidate);
  void tellAnnounced(const std::shared_ptr<Channel>& channel);
  void tellOpen(const std::shared_ptr<Channel>& channel, std::uint16_t stream);
  void tellClosing(const std::shared_ptr<Channel>& channel);
  void tellClosed(const std::shared_ptr<Channel>& channel, const std::string& error);
  void tellBuffered(const std::shared_ptr<Channel>& channel, std::uint64_t bytes);

  Configuration configuration_;  // iceServers and policy change under the lock
  const crypto::Identity identity_;
  Shard& shard_;
  crypto::SystemRandom random_;

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  bool closed_ = false;
  bool running_ = false;
  bool woken_ = false;  // the shard knows that there is work
  bool wakePending_ = false;
  bool postPending_ = false;
  bool posted_ = false;  // a task is with the executor
  std::deque<Task> tasks_;
  Outbox outbox_;
  SignallingHooks hooks_;
  Callbacks on_;

  sdp::jsep::Negotiator negotiator_;
  std::optional<sdp::jsep::TransportId> transport_;  // the one that the engine runs
  bool described_ = false;                           // a local description was set once
  std::size_t remoteMaxMessageSize_ = 0;             // 0: not known yet

  IceGatheringState gathering_ = IceGatheringState::New;
  IceConnectionState iceState_ = IceConnectionState::New;
  PeerConnectionState state_ = PeerConnectionState::New;
  SctpTransport sctp_;

  std::vector<std::shared_ptr<Channel>> channels_;
  std::set<std::uint16_t> usedIds_;
  std::map<std::uint64_t, std::function<void()>> questions_;  // how to end those not answered
  std::uint64_t nextQuestion_ = 0;
  std::atomic<std::size_t> undelivered_{0};

  // The shard's.
  std::unique_ptr<PeerHost> host_;
  Outbox taken_;
  std::unordered_map<peer::ChannelId, std::shared_ptr<Channel>> byPeerId_;
  bool ended_ = false;
};

}  // namespace parley::api
