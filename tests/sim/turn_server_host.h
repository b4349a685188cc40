// The TURN server engine on a simulated host: one UDP and one TCP listener on a port, relay sockets
// as the engine orders them. By one switch relayed bytes go the slow way (the engine copies them)
// or the fast one (route() judges, we forward), which must make no difference to anybody.
#pragma once

#include <functional>
#include <map>
#include <set>

#include "base/check.h"
#include "sim/engine_host.h"
#include "turn/server/server.h"
#include "turn/stream_framer.h"

namespace parley::sim::test {

class TurnServerHost final : public StreamUser {
 public:
  // Sees what clients and peers send, message by message, before the engine does.
  using OnMessage = std::function<void(const Path&, ConstBytes)>;
  using OnEvent = std::function<void(const turn::ServerEvent&)>;

  TurnServerHost(Host& host, turn::Config config, const Address& listener, bool routes);
  ~TurnServerHost() override;

  // Streams are taken there as well.
  void listenAt(const Address& stream) { PARLEY_CHECK(host_.tcp().listen(stream, *this).ok()); }

  void setOnMessage(OnMessage onMessage) { onMessage_ = std::move(onMessage); }
  void setOnEvent(OnEvent onEvent) { onEvent_ = std::move(onEvent); }
  // What goes to a client over a stream; what goes out in datagrams the host's tap sees.
  void setOnStreamSent(OnMessage onSent) { onStreamSent_ = std::move(onSent); }

  turn::Server& engine() { return engine_; }
  EngineHost<turn::Server>& driver() { return driver_; }
  // Relay sockets that are open, by their link.
  const std::map<LinkId, Address>& relays() const { return relays_; }
  bool isListener(LinkId link) const { return link == listener_; }

  // The next `n` binds of relay sockets fail as if the port were taken.
  int failBinds = 0;
  // Bytes that may wait in a client's stream.
  std::size_t streamQueue = TcpConnection::kMaxUnsent;

  void onStreamOpened(const Path& path) override;
  void onStreamData(const Path& path, Bytes bytes) override;
  void onStreamClosed(const Path& path, StreamEnd why) override;

 private:
  void handleTrain(const Train& train);
  void forward(const turn::Verdict& verdict, const Train& train);
  void sendStream(const Path& path, ConstBytes bytes);
  void handleEvent(turn::ServerEvent& event);
  void bindRelay(const turn::BindRelay& order);

  Host& host_;
  SeededRandom random_;
  turn::Server engine_;
  EngineHost<turn::Server> driver_;
  bool routes_;
  LinkId listener_;
  std::map<LinkId, Address> relays_;
  std::map<LinkId, turn::StreamFramer> framers_;
  OnMessage onMessage_;
  OnMessage onStreamSent_;
  OnEvent onEvent_;
};

}  // namespace parley::sim::test
