// One transport of a Peer: ICE, its servers, and DTLS on the path that ICE selects. It takes
// datagrams of every kind and gives what was in the DTLS records; it seals and addresses what goes
// out. What it carries (SCTP now, SRTP later) is its owner's.
//
// A train is taken by accept() and read piece by piece by nextPlaintext(), so that each piece can
// be used where it lies before the next one is touched.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/identity.h"
#include "dtls/session.h"
#include "ice/agent.h"
#include "peer/config.h"
#include "peer/event_log.h"
#include "peer/event_queue.h"
#include "peer/servers.h"
#include "peer/stats.h"

namespace parley::peer {

struct TransportCounters {
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::uint64_t dropped = 0;  // of no kind we know, from unknown paths, or beyond the early limit
};

class IceDtlsTransport {
 public:
  static constexpr std::size_t kMaxEarlyBytes = 16 * 1024;
  // Sealed packets that wait for the next poll; see sealNow().
  static constexpr std::size_t kMaxPrepared = 16 * 1024;
  // A message of ICE, and what a relay puts around a payload at most (a Send indication to an IPv6
  // peer, and padding).
  static constexpr std::size_t kMaxControl = 1200;
  static constexpr std::size_t kMaxRelayHeadroom = 64;

  struct Shared {
    const PeerConfig& config;
    const crypto::Identity& identity;
    dtls::Context& dtls;
    RandomSource& random;
    EventQueue& out;
    EventLog& log;
    Servers::Ids& ids;
  };

  IceDtlsTransport(TransportId id, const Shared& shared);

  TransportId id() const { return id_; }
  ice::Agent& agent() { return agent_; }
  const ice::Agent& agent() const { return agent_; }
  const dtls::Session* session() const { return session_ ? &*session_ : nullptr; }

  void addLink(LinkId link, const Address& local, InterfaceKind kind, Time now);
  void removeLink(LinkId link, Time now);
  void endOfLinks(Time now);
  bool handleStreamOpened(StreamRequestId id, const Path& path, Time now);
  bool handleStreamFailed(StreamRequestId id, const Error& error, Time now);
  bool handleResolved(LookupId id, std::span<const IpAddress> addresses, Time now);
  void handlePathEvent(const Path& path, PathEvent event, Time now);

  void setServers(const std::vector<IceServer>& servers, IceTransportPolicy policy, Time now);
  void setLocal(const IceParameters& ours, bool controlling, Time now);
  void setRemote(const IceParameters& theirs, Time now);
  Status startDtls(DtlsRole role, const std::vector<Fingerprint>& fingerprints, Time now);
  Status addRemoteCandidate(std::string_view text, std::string_view ufrag, Time now);
  void close(Time now);

  // ---- what comes in
  void accept(const Train& train, Time now);
  // The next plaintext of the train; empty when it is done. What is not data was dealt with.
  std::optional<Bytes> nextPlaintext(Time now);
  bool reading() const { return train_.has_value(); }

  // ---- what goes out
  bool isReady() const { return session_ && session_->state() == dtls::State::Connected && path_; }
  // Of plaintext in a datagram of the configured size, on the path in use.
  std::size_t plaintextRoom(std::size_t datagramSize) const;
  // Where a packet of plaintext is written within the room of a datagram.
  std::size_t plaintextOffset() const;
  // The plaintext lies at plaintextOffset(); seals it and says how many bytes of room go out, and
  // commits them. False when it could not be sealed.
  bool sealAndCommit(TransmitBatch& batch, Bytes room, std::size_t length, Time now);
  // The same, but kept for the next pollTransmit(); for what must not wait behind a long train.
  void sealForLater(Bytes room, std::size_t length, Time now);
  More pollTransmit(TransmitBatch& batch, Time now);

  void handleTimeout(Time now);
  Time nextTimeout() const;
  // Takes in what the parts have to say.
  void settle(Time now);

  // ---- news for the owner, each told once
  bool takeDtlsConnected() { return std::exchange(dtlsConnected_, false); }
  bool takeDtlsEnded() { return std::exchange(dtlsEnded_, false); }
  bool takePathChanged() { return std::exchange(pathChanged_, false); }

  IceState iceState() const { return static_cast<IceState>(agent_.state()); }
  DtlsState dtlsState() const { return dtlsState_; }
  GatheringState gatheringState() const {
    return static_cast<GatheringState>(agent_.gatheringState());
  }
  Duration roundTrip() const { return agent_.roundTrip(); }
  bool isRelayed() const { return relayed_ != nullptr; }
  bool isDone() const { return servers_.isReleased(); }
  const std::string& dtlsError() const { return dtlsError_; }
  bool wasConnected() const { return wasConnected_; }
  Time lastConnected(Time now) const { return pathUp_ ? now : downSince_; }
  std::uint32_t restarts() const { return restarts_; }
  std::uint32_t pairsAnswered() const { return pairsAnswered_; }

  void addStats(StatsReport& out) const;
  void addErrors(std::vector<ServerError>& out) const { servers_.addErrors(out); }
  const TransportCounters& counters() const { return counters_; }

 private:
  void applyRemote(const IceParameters& theirs, Time now);
  void applyHeld(Time now);
  // ---- in
  void take(const Path& path, Bytes datagram, Time now);
  void takeInner(const Path& path, Bytes datagram, Time now);
  void takeDtls(const Path& path, Bytes datagram, Time now);
  void keepEarly(ConstBytes datagram);
  // ---- out
  void startHandshake(Time now);
  void commitWrapped(TransmitBatch& batch, const Path& path, ConstBytes payload);
  More pollIce(TransmitBatch& batch, Time now);
  More pollDtls(TransmitBatch& batch, Time now);
  More pollPrepared(TransmitBatch& batch);
  std::size_t relayHeadroom() const;
  std::size_t sealInto(Bytes room, std::size_t length, Time now);
  // ---- news
  void settleIce(Time now);
  void settleDtls(Time now);
  void handleIceEvent(ice::AgentEvent& event, Time now);
  void handleSelected(const ice::SelectedPath& e, Time now);
  void handleIceState(ice::State state, Time now);
  void handleReport(const ice::PairReport& e, Time now);
  void setDtlsState(DtlsState state, Time now, std::string error = {});
  void tellEnd(Time now);
  void leaveGoneRelay();
  void maybeEndCandidates(Time now);
  LogEntry entry(LogKind kind, Time now) const;
  void logPair(LogEntry& e, const Path& path, ice::CandidateType local, ice::CandidateType remote);

  TransportId id_;
  Shared shared_;
  ice::Agent agent_;
  Servers servers_;
  std::optional<dtls::Session> session_;
  bool handshakeStarted_ = false;
  std::vector<std::vector<std::uint8_t>> early_;
  std::size_t earlyBytes_ = 0;

  struct HostLink {
    LinkId link;
    Address local;
    InterfaceKind kind;
  };
  std::vector<HostLink> links_;
  IceParameters local_;
  IceParameters remote_;
  bool awaitsRemote_ = false;  // this generation of ours has none of theirs yet
  // Theirs of a generation that we have not begun.
  struct Held {
    IceParameters ice;
    std::vector<std::string> candidates;
  };
  std::optional<Held> held_;
  bool linksDone_ = false;
  bool localEnd_ = false;
  bool endTold_ = false;
  std::vector<std::pair<LookupId, std::string>> mdns_;

  // The train that is being read.
  std::optional<Train> train_;
  std::size_t at_ = 0;
  bool recordsLeft_ = false;

  std::optional<Path> path_;           // that is selected
  Servers::Relay* relayed_ = nullptr;  // when it goes over a relay
  bool closed_ = false;
  bool pathUp_ = false;
  Time downSince_{};
  bool wasConnected_ = false;
  std::uint32_t restarts_ = 0;
  std::uint32_t pairsAnswered_ = 0;
  std::vector<std::uint8_t> prepared_;  // length (2 bytes), datagram, …
  std::size_t preparedAt_ = 0;

  DtlsState dtlsState_ = DtlsState::New;
  std::string dtlsError_;
  bool dtlsConnected_ = false;
  bool dtlsEnded_ = false;
  bool pathChanged_ = false;
  TransportCounters counters_;
};

}  // namespace parley::peer
