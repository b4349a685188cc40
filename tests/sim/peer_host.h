// A Peer on a simulated host, driven as a real driver would: UDP sockets on the host's addresses,
// TCP streams to TURN servers (TLS is a plain stream here, by another name), names from a table.
// What it tells the other side goes through `signal`; what an application hears is kept.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crypto/identity.h"
#include "dtls/context.h"
#include "peer/peer.h"
#include "sim/engine_host.h"
#include "turn/stream_framer.h"

namespace parley::sim::test {

class PeerHost final : public StreamUser {
 public:
  // What waits in a stream: more would only be late.
  static constexpr std::size_t kStreamQueue = 48 * 1024;

  using Signal = std::function<void(const peer::LocalCandidate&)>;
  using OnMessage = std::function<void(peer::ChannelId, peer::MessageKind, ConstBytes)>;
  using OnEvent = std::function<void(peer::PeerEvent&)>;
  using Names = std::map<std::string, std::vector<IpAddress>>;

  PeerHost(Host& host, peer::PeerConfig config, const crypto::Identity& identity,
           dtls::Context& dtls);
  ~PeerHost() override;

  void setSignal(Signal signal) { signal_ = std::move(signal); }
  void setOnMessage(OnMessage onMessage) { onMessage_ = std::move(onMessage); }
  void setOnEvent(OnEvent onEvent) { onEvent_ = std::move(onEvent); }
  void setNames(const Names* names) { names_ = names; }

  // A UDP socket on that address, given to the peer.
  LinkId bind(const IpAddress& local);
  void unbind(LinkId link);
  // Does something with the peer and drains it.
  template <class Do>
  auto with(Do&& act) {
    struct Pump {
      PeerHost& self;
      ~Pump() { self.driver_.pump(); }
    } pump{*this};
    return act(*peer_, driver_.now());
  }

  peer::Peer& peer() { return *peer_; }
  Host& host() { return host_; }
  Time now() { return driver_.now(); }

  // What happened so far.
  std::vector<peer::ConnectionState> states;
  std::vector<peer::SelectedPairChanged> selected;
  std::vector<peer::CandidateError> errors;
  std::map<peer::ChannelId, peer::ChannelInit> announced;
  std::vector<peer::ChannelId> opened;
  std::map<peer::ChannelId, std::string> closed;  // with the error
  bool isOpen(peer::ChannelId id) const;
  std::optional<peer::ChannelId> announcedAs(const std::string& label) const;
  std::size_t openStreams() const { return streams_.size(); }

  void onStreamOpened(const Path& path) override;
  void onStreamData(const Path& path, Bytes bytes) override;
  void onStreamClosed(const Path& path, StreamEnd why) override;

 private:
  struct Stream {
    peer::StreamRequestId request;
    Transport transport = Transport::Tcp;
    turn::StreamFramer framer;
  };

  void handleEvent(peer::PeerEvent& event);
  void openStream(const peer::OpenStream& order);
  void cancelStream(peer::StreamRequestId id);
  void resolve(peer::LookupId id, const std::string& name);

  Host& host_;
  SeededRandom random_;
  crypto::Identity identity_;
  std::unique_ptr<peer::Peer> peer_;
  EngineHost<peer::Peer> driver_;
  Signal signal_;
  OnMessage onMessage_;
  OnEvent onEvent_;
  const Names* names_ = nullptr;
  std::map<LinkId, Stream> streams_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace parley::sim::test
