// PeerHost: what the engine of one connection needs on its shard: a runner with UDP sockets, TURN
// streams and a timer, and answers to its questions for names. Its other events go to the
// Connection. All on the shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "api/mdns_host.h"
#include "api/shard.h"
#include "crypto/random.h"
#include "driver/engine_runner.h"
#include "peer/peer.h"
#include "turn/stream_framer.h"

namespace parley::api {

class Channel;
class Connection;
class PeerHost;
struct Command;
struct Outbox;

// The engine as the runner sees it: it tells the host when a drain ends, and takes no data while
// the application is too far behind with what it has got. To the other side that is loss, so it
// slows down; checks of the path go on.
class HeldEngine {
 public:
  using Event = peer::PeerEvent;
  HeldEngine(peer::Peer& peer, PeerHost& host) : peer_(peer), host_(host) {}
  void handleDatagrams(const Train& train, Time now);
  void handleTimeout(Time now) { peer_.handleTimeout(now); }
  Time nextTimeout() const { return peer_.nextTimeout(); }
  More pollTransmit(TransmitBatch& batch, Time now) { return peer_.pollTransmit(batch, now); }
  std::optional<Event> pollEvent();
  void handlePathEvent(const Path& path, PathEvent event, Time now) {
    peer_.handlePathEvent(path, event, now);
  }

 private:
  peer::Peer& peer_;
  PeerHost& host_;
};

// Messages of TURN over a stream; data may be dropped when the stream is slow, control never.
struct TurnFraming : turn::StreamFramer {
  static bool isMedia(ConstBytes message);
};

class PeerHost final : private driver::Loop::TimerHandler {
 public:
  explicit PeerHost(std::shared_ptr<Connection> connection);
  ~PeerHost() override;
  PeerHost(const PeerHost&) = delete;
  PeerHost& operator=(const PeerHost&) = delete;

  peer::Peer& peer() { return peer_; }
  Time now() const { return shard_.now(); }

  void run(Outbox& outbox);
  // After anything that may have changed the engine.
  void pump() { runner_->pump(); }
  // Binds the sockets, once.
  void openLinks();
  // Ends the engine; the host lets go of its connection when all is said.
  void close();

  // ---- for the runner and the engine
  void handleEngineEvent(peer::PeerEvent& event);
  void handleStreamOpened(driver::StreamTicket ticket, const Path& path);
  void handleStreamFailed(driver::StreamTicket ticket, const Error& error);
  bool takesData() const;
  void handleDrained();

 private:
  using Runner = driver::EngineRunner<HeldEngine, PeerHost, TurnFraming>;
  static constexpr int kSocketBufferBytes = 4 << 20;
  static constexpr Duration kLinger = 2s;  // for what an orderly end still has to say

  void handleTimer() override;
  void send(const Command& command, ConstBytes bytes);
  void reportBuffered();
  void forwardLog();
  void openStream(const peer::OpenStream& request);
  void resolve(const peer::ResolveName& request);
  void resolve(const peer::ResolveMdns& request);
  void publish(const peer::PublishMdns& request);
  void forgetNames();
  bool bindSocket(const driver::Interface& interface);
  void finish();

  const std::shared_ptr<Connection> connection_;
  Shard& shard_;
  crypto::SystemRandom random_;
  peer::Peer peer_;
  HeldEngine engine_;
  std::unique_ptr<Runner> runner_;
  driver::Loop::Timer linger_;
  std::vector<std::shared_ptr<Channel>> buffering_;
  std::vector<driver::Resolver::Id> lookups_;
  std::vector<MdnsHost::Ticket> mdnsLookups_;
  std::vector<std::string> published_;  // multicast DNS names that we answer for
  std::uint64_t logged_ = 0;
  bool linksOpen_ = false;
  bool closed_ = false;
  bool finished_ = false;
};

}  // namespace parley::api
