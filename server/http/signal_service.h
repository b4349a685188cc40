// Drives the signalling hub: its sockets, its timer, its effects. The one place that calls the hub.
//
// All on the io_context's thread. Members learn ICE servers through an IceSource, which is asked
// with the name by which the client reached us.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "server/http/websocket_session.h"
#include "signal/hub.h"

namespace parley::server {

// How a client came: what a member's ICE servers may depend on.
struct ClientRoute {
  std::string host;  // the Host it asked for (validated)
  IpAddress local;   // the address of ours that it reached
};
using IceSource =
    std::function<signal::IceServerList(const ClientRoute&, const signal::IceRequest&, WallTime)>;

struct SignalOptions {
  signal::HubConfig hub;
  std::unique_ptr<signal::TokenVerifier> tokens;
  IceSource ice;
  // Called when the digests of locked rooms changed and are to be kept for the next run.
  std::function<void(const std::vector<std::string>&)> keepLocks;
};

class SignalService final : private SessionEvents {
 public:
  SignalService(asio::io_context& io, SignalOptions options);
  ~SignalService();

  // Takes over a connection whose upgrade routing has accepted.
  void accept(Stream stream, const RequestHead& head, const IpAddress& source, ClientRoute route);
  // Every socket is told `shutdown` and closed; new ones are refused by then (routing, 503).
  void shutdown();
  // Cuts what is still open.
  void abortAll();
  // Called once, when no socket is left (not from within a call of yours).
  void whenEmpty(std::function<void()> then);

  std::size_t sockets() const { return sessions_.size(); }
  signal::HubStats stats() const { return hub_.stats(); }

 private:
  struct Entry {
    std::shared_ptr<WebSocketSession> session;
    IpAddress source;
    ClientRoute route;
    bool opened = false;
  };

  void sessionOpened(signal::ConnectionId id) override;
  void sessionText(signal::ConnectionId id, std::string_view text) override;
  void sessionBinary(signal::ConnectionId id) override;
  void sessionTooLarge(signal::ConnectionId id) override;
  void sessionAlive(signal::ConnectionId id) override;
  void sessionClosed(signal::ConnectionId id) override;

  signal::IceServerList mint(const signal::IceRequest& request, WallTime wall) const;
  void drain();
  void armTimer();
  void tellWhenEmpty();

  std::function<void(const std::vector<std::string>&)> keepLocks_;
  IceSource ice_;
  signal::MemoryRoomDirectory rooms_;
  std::unique_ptr<RandomSource> random_;
  signal::Hub hub_;
  SessionOptions sessionOptions_;
  std::unordered_map<signal::ConnectionId, Entry> sessions_;
  std::function<void()> whenEmpty_;
  std::uint64_t lastId_ = 0;
  asio::io_context& io_;
  SteadyTimer timer_;
  Time armedFor_ = kNever;
};

}  // namespace parley::server
