// The inside of Association: owns the two halves and the handshake, and routes chunks. One file a
// matter: core.cc (verbs, timers, ends), core_handshake.cc (INIT to COOKIE ACK, restart),
// core_receive.cc (chunks of an association that stands), core_transmit.cc (what goes into a
// packet).
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "sctp/association/association.h"
#include "sctp/association/retry_timer.h"
#include "sctp/association/state_cookie.h"
#include "sctp/association/stream_reset.h"
#include "sctp/rx/receiver.h"
#include "sctp/tx/mtu_search.h"
#include "sctp/tx/sender.h"
#include "sctp/wire/error_cause.h"

namespace parley::sctp {

class Association::Core {
 public:
  Core(const AssociationConfig& config, RandomSource& random);

  void connect(Time now);
  AssociationState state() const;
  void handlePacket(ConstBytes packet, Time now);
  void endOfTrain(Time now);
  bool urgent() const;
  std::optional<ReceivedMessage> nextMessage();
  std::size_t pollPacket(Bytes room, Time now, Allowance allowance);
  void handleTimeout(Time now);
  Time nextTimeout() const;
  std::optional<Event> pollEvent();

  Status send(StreamId stream, Ppid ppid, ConstBytes message, const SendOptions& options, Time now);
  void resetStream(StreamId stream, Time now);
  void addOutgoingStreams(std::uint16_t more, Time now);
  void shutdown(Time now);
  void abort(std::string_view reason, Time now);
  void setMtu(std::size_t bytes, Time now);
  void setHeldByApplication(std::size_t bytes);
  void setMaxSentMessage(std::size_t bytes) { config_.maxSentMessage = bytes; }
  void handlePathChange(Duration rttHint, Time now);
  AssociationStats stats() const;
  tx::Sender& sender() { return *sender_; }
  const tx::Sender& sender() const { return *sender_; }

 private:
  // RFC 9260 section 4.
  enum class State : std::uint8_t {
    Closed,
    CookieWait,
    CookieEchoed,
    Established,
    ShutdownPending,
    ShutdownSent,
    ShutdownReceived,
    ShutdownAckSent,
    Ended,
  };
  // What the peer's INIT or INIT ACK said.
  struct Peer {
    VerificationTag tag;
    Tsn initialTsn;
    std::uint32_t window = 0;
    std::uint16_t outboundStreams = 0;
    std::uint16_t inboundStreams = 0;
    Extensions extensions;
  };
  // Chunks of control that wait for a packet; each kind at most once, the latest counts.
  struct Due {
    bool init = false;
    bool initAck = false;
    bool cookieEcho = false;
    bool cookieAck = false;
    bool shutdown = false;
    bool shutdownAck = false;
    bool shutdownComplete = false;
    bool abort = false;
    bool heartbeat = false;
    bool heartbeatAck = false;
    bool error = false;
    bool staleCookie = false;

    bool alone() const { return init || initAck || shutdownComplete || abort || staleCookie; }
  };
  // Parameters of an INIT that are reported back (section 3.2.1), in bytes.
  static constexpr std::size_t kMaxReported = 256;
  static constexpr Duration kTrimAfter = 5s;
  // A parameter with the time of sending and the size of the packet when it is to show the MTU.
  static constexpr std::size_t kHeartbeatInfo = 16;
  static std::array<std::uint8_t, kHeartbeatInfo> heartbeatInfo(std::size_t probe, Time now);

  // core_handshake.cc
  void handleInit(const CommonHeader& header, const ChunkView& chunk, bool alone, Time now);
  void answerInit(const InitView& init, Time now);
  void handleInitAck(const ChunkView& chunk, Time now);
  bool handleCookieEcho(const CommonHeader& header, const ChunkView& chunk, Time now);
  void handleStaleCookie();
  void handleCookieAck(Time now);
  void adopt(const Peer& peer);
  void establish(Time now);
  void restart(const StateCookie& cookie, Time now);
  bool isSensible(const InitView& init) const;
  Duration firstTimeout() const;
  void newSender();

  // core_receive.cc
  bool isForUs(const CommonHeader& header, const ChunkView& first) const;
  // False: nothing of the packet behind it is to be looked at.
  bool handleChunk(const ChunkView& chunk, Time now);
  void handleControl(const ChunkView& chunk, Time now);
  void handleData(const ChunkView& chunk, Time now);
  void handleSack(const ChunkView& chunk, Time now);
  void handleForwardTsn(const ChunkView& chunk);
  void handleReconfig(const ChunkView& chunk, Time now);
  void carryOut(const ReconfigOrders& orders);
  void handleHeartbeat(const ChunkView& chunk);
  void handleHeartbeatAck(const ChunkView& chunk, Time now);
  void handleAbort(const ChunkView& chunk);
  void handleErrorChunk(const ChunkView& chunk);
  void handleShutdown(const ChunkView& chunk, Time now);
  void handleShutdownAck();
  void handleShutdownComplete();
  bool handleUnknown(const ChunkView& chunk);
  void acknowledged(Tsn upTo, Time now);
  bool mayReceiveData() const;

  // core_transmit.cc
  std::size_t writeAlone(Bytes room);
  std::size_t writeMtuProbe(Bytes room, Time now, Allowance allowance);
  std::size_t writeTogether(Bytes room, Time now, Allowance allowance);
  void writeControl(PacketWriter& w, Time now);
  void writeInitAck(PacketWriter& w);
  bool maySendData() const;
  Checksum checksum() const;

  // core.cc
  void watchMtu(Time now);
  void afterInput(Time now);
  void progressResets(Time now);
  void progressShutdown(Time now);
  void checkRetries();
  void end(event::EndReason reason, CauseCode cause, std::string text);
  // Ends with an ABORT to the peer.
  void endWithAbort(event::EndReason reason, CauseCode cause, std::string text);
  void news(Event event);
  void sendError(CauseCode cause, ConstBytes value);
  void scheduleHeartbeat(Time now);

  AssociationConfig config_;
  RandomSource& random_;
  State state_ = State::Closed;
  VerificationTag tag_;  // ours
  Tsn initialTsn_;       // ours
  SipHash::Key cookieKey_{};
  std::uint64_t hashKey_ = 0;

  Peer peer_;
  Extensions used_;             // by both
  std::uint16_t outbound_ = 0;  // streams
  std::uint16_t inbound_ = 0;
  bool sendZeroChecksum_ = false;
  bool shutdownWanted_ = false;
  bool saidGoodbye_ = false;  // with a SHUTDOWN COMPLETE, which may get lost
  Duration measuredRtt_{};    // of the handshake
  Time initSentAt_ = kNever;

  std::optional<tx::Sender> sender_;
  tx::MtuSearch mtuSearch_{0, 0};
  std::optional<rx::Receiver> receiver_;
  StreamReset resets_;
  std::vector<StreamId> closing_;  // closed by resetStream(), with messages not sent yet

  Due due_;
  RetryTimer t1_;  // INIT, COOKIE ECHO
  RetryTimer t2_;  // SHUTDOWN, SHUTDOWN ACK
  Time heartbeatAt_ = kNever;
  int heartbeatsLost_ = 0;
  bool heartbeatOut_ = false;
  Time trimAt_ = kNever;

  // What the chunks in due_ carry.
  VerificationTag staleTag_;             // whose cookie was too old,
  std::uint32_t staleness_ = 0;          // by so many microseconds
  StateCookie initAck_;                  // with which our INIT ACK goes out
  std::vector<std::uint8_t> reported_;   // unrecognized parameters in it
  std::vector<std::uint8_t> cookie_;     // of the peer, to be echoed
  std::vector<std::uint8_t> heartbeat_;  // information to be sent back
  std::vector<std::uint8_t> errorValue_;
  CauseCode errorCause_ = CauseCode::None;
  CauseCode abortCause_ = CauseCode::None;
  std::string abortText_;

  std::deque<Event> events_;
  AssociationStats counters_;
};

}  // namespace parley::sctp
