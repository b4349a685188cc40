// The sending half of an SCTP association: messages in, DATA (or I-DATA) and FORWARD TSN chunks
// out, SACKs in. It composes the send queue, the window of outstanding fragments, loss detection,
// the retransmission timers, congestion control and pacing; it knows nothing of handshakes, tags,
// ports, stream resets on the wire or events, which are the association's.
//
//   Sender tx(config);                              // messages may be queued from now on
//   tx.start(terms, now);                           // the handshake is done
//   tx.handleSack(view, now);                       // a SACK chunk came
//   PacketWriter w(room.first(tx.packetRoom()), header);
//   (SACK and the like first) ; tx.fill(w, now);    // until it says that nothing was written
//   tx.nextTimeout() -> tx.handleTimeout(now)       // early or late is harmless
//
// Bytes sent within a call share its time stamp. Everything a SACK says is checked; a SACK that
// acknowledges what was never sent is a protocol violation and changes nothing.
//
// Limits: unsent messages take at most SenderConfig::sendBuffer (beyond it send() refuses, but one
// message always fits an empty queue), fragments in the window number at most
// Outstanding::kMaxChunks.
#pragma once

#include <array>
#include <optional>

#include "base/result.h"
#include "base/units.h"
#include "sctp/tx/controller.h"
#include "sctp/tx/outstanding.h"
#include "sctp/tx/pacer.h"
#include "sctp/tx/rack.h"
#include "sctp/tx/rto.h"
#include "sctp/tx/send_queue.h"
#include "sctp/wire/forward_tsn.h"

namespace parley::sctp::tx {

struct SenderConfig {
  // Bytes of an SCTP packet: the path's datagram less what lies below SCTP. A multiple of 4.
  std::size_t packetSize = 1160;
  std::size_t sendBuffer = std::size_t{16} << 20;
  Controller controller = Controller::Cubic;
  // A round trip seen by a layer below; zero: none known.
  Duration rttHint{};
};

// What the handshake settled.
struct SendTerms {
  Tsn initialTsn;            // ours
  std::uint32_t window = 0;  // a_rwnd of the peer's INIT or INIT ACK
  Interleaving interleaving = Interleaving::Off;
  bool partialReliability = true;  // the peer knows FORWARD TSN
};

struct SenderStats {
  std::size_t window = 0;  // congestion window, bytes
  std::size_t inFlight = 0;
  std::size_t peerWindow = 0;
  Duration srtt{};
  Duration minRtt{};
  const char* phase = "";         // of the congestion controller, for people
  double pacingRate = 0;          // bytes a second; 0: none
  std::uint64_t packetsSent = 0;  // with at least one DATA chunk
  std::uint64_t chunksSent = 0;   // retransmissions included
  std::uint64_t bytesSent = 0;    // user bytes, retransmissions included
  std::uint64_t bytesAcked = 0;   // chunk bytes
  std::uint64_t chunksRetransmitted = 0;
  std::uint64_t chunksLost = 0;
  std::uint64_t messagesAbandoned = 0;  // begun and given up, or expired before
  std::uint64_t lossEvents = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t spuriousTimeouts = 0;
  std::uint64_t tailProbes = 0;
  std::uint64_t sacksReceived = 0;
  bool applicationLimited = false;
};

enum class SackVerdict : std::uint8_t {
  Progress,   // acknowledged something new
  Duplicate,  // nothing new
  Stale,      // older than one before: ignored
  Violation,  // acknowledges what was never sent: ignored; the association may abort
};

class Sender {
 public:
  explicit Sender(const SenderConfig& config);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void start(const SendTerms& terms, Time now);

  // ---- Messages
  // Copies the message. Errors: Invalid (empty), Closed (the stream is closing), Limit (the send
  // buffer is full; detail is its size in KiB).
  Status send(StreamId stream, Ppid ppid, ConstBytes message, const SendOptions& options, Time now);
  std::size_t bufferedAmount(StreamId stream) const { return queue_.bufferedAmount(stream); }
  std::size_t bufferedAmount() const { return queue_.bytes(); }
  std::size_t sendBufferLeft() const;
  void setLowThreshold(StreamId stream, std::size_t n) { queue_.setLowThreshold(stream, n); }
  void setPriority(StreamId stream, std::uint16_t priority) {
    queue_.setPriority(stream, priority);
  }
  // Streams whose buffered amount fell to their threshold, one a call.
  bool pollBufferedAmountLow(StreamId& stream) { return queue_.pollLow(stream); }

  // ---- Stream reset (RFC 6525): close it, wait until it is drained, ask the peer with
  // lastAssignedTsn(), then restart (performed) or reopen (denied) it.
  void closeStream(StreamId stream) { queue_.closeStream(stream); }
  bool isStreamClosed(StreamId stream) const { return queue_.isClosed(stream); }
  bool isStreamDrained(StreamId stream) const { return queue_.isStreamEmpty(stream); }
  Tsn lastAssignedTsn() const { return outstanding_.nextTsn().previous(); }
  void restartStream(StreamId stream) { queue_.restartStream(stream); }

  // ---- The wire
  SackVerdict handleSack(const SackView& sack, Time now);
  // A SHUTDOWN carries a cumulative TSN alone (RFC 9260 section 9.2).
  SackVerdict handleCumulative(Tsn tsn, Time now);
  // Appends what may go now; whether it appended anything. Call it once a packet.
  bool fill(PacketWriter& w, Time now);
  // Room that the next packet needs: packetSize(), or more for a fragment that was made when the
  // path was wider and must be sent again.
  std::size_t packetRoom() const;
  Time nextTimeout() const;
  void handleTimeout(Time now);

  // ---- The path
  std::size_t packetSize() const { return packetSize_; }
  // Fragments made from now on fit it; those that are larger are sent again as they are.
  void setPacketSize(std::size_t bytes);
  // What the layers above and below share out to this association; nothing: no bound.
  void setOuterRate(std::optional<DataRate> rate);
  // Another path (ICE restart, a new nominated pair): what was learnt of the old one is void.
  void handlePathChange(Duration rttHint, Time now);

  // ---- State
  // Nothing queued and nothing outstanding: a SHUTDOWN may follow (section 9.2).
  bool isDrained() const { return queue_.empty() && outstanding_.empty(); }
  bool hasOutstanding() const { return !outstanding_.empty(); }
  // Expiries of the retransmission timer since the peer last acknowledged anything (section 8.1).
  unsigned consecutiveTimeouts() const { return consecutiveTimeouts_; }
  Tsn ackPoint() const { return outstanding_.ackPoint(); }
  Duration rto() const { return rto_.rto(); }
  Duration smoothedRtt() const { return rto_.srtt(); }  // zero: not measured
  SenderStats stats() const;
  // Gives memory back that an idle association does not need; for when nothing was sent for long.
  void trim();

 private:
  enum class Blocked : std::uint8_t { No, Window, PeerWindow, Pacer };
  using Chunk = Outstanding::Chunk;
  static constexpr Duration kMinProbeTimeout = 10ms;  // a busy peer is no lost packet
  static constexpr Duration kSackDelay = 200ms;       // RFC 9260 section 6.2, what all stacks have
  static constexpr Duration kMinRttWindow = 10s;
  // SACKs with so many gap blocks may have been cut: libwebrtc's at exactly 20, others at the MTU.
  static constexpr std::size_t kCutSackGaps = 20;
  static constexpr std::size_t kFullSackGaps = 200;
  static constexpr std::size_t kMinFragment = 256;       // no smaller one just to fill a packet
  static constexpr std::size_t kMaxSkippedStreams = 64;  // in one FORWARD TSN

  // sender_fill.cc
  struct Filled {
    std::size_t bytes = 0;
    std::size_t chunks = 0;
  };
  bool isWindowOpen() const { return outstanding_.inFlight() < controller_.window(); }
  bool hasWork() const { return outstanding_.hasLost() || !queue_.empty(); }
  bool fitsPeer(std::size_t bytes) const { return bytes <= peerWindow_; }
  void fillLost(PacketWriter& w, Time now, Filled& filled);
  void fillNew(PacketWriter& w, Time now, Filled& filled);
  void fillProbe(PacketWriter& w, Time now, Filled& filled);
  void writeFragment(PacketWriter& w, MessageSlot slot, std::size_t n, Time now, Filled& filled);
  void writeAgain(PacketWriter& w, Tsn tsn, Time now, Filled& filled);
  void stamp(Chunk& chunk);
  std::uint8_t sackHint(std::size_t bytes) const;
  void onPacketSent(const Filled& filled, Time now);
  void noteLimits();
  void restartIfIdle(Time now);

  // sender_ack.cc
  bool isSackCut() const { return gapCount_ == kCutSackGaps || gapCount_ >= kFullSackGaps; }
  SackVerdict apply(Tsn cumulative, const SackView* sack, Time now);
  void updatePeerWindow(const SackView& sack, bool progress);
  Duration measureRtt(const Outstanding::AckRun& run, Time now);
  double sampleRate(const Outstanding::AckRun& run, Time now);
  void detectLosses(Time now);
  void onLossEvent(Time now);
  void updateRecovery(const Outstanding::AckRun& run);
  void noteDuplicates(const SackView& sack);
  void updatePacing();
  void onTimeoutExpired(Time now);
  void armTimers(bool progress, Time now);
  Duration probeTimeout() const;

  // sender_partial.cc (RFC 3758, RFC 7496)
  bool isExhausted(const Message& m, const Chunk& c, Time now) const;
  void abandon(MessageSlot slot);
  bool isForwardPending() const;
  void fillForwardTsn(PacketWriter& w, Time now);
  Tsn collectSkipped(std::array<SkippedStream, kMaxSkippedStreams>& skipped, std::size_t& count,
                     std::size_t most) const;

  SenderConfig config_;
  std::size_t packetSize_;
  SendTerms terms_;
  bool started_ = false;
  PayloadStore store_;
  MessagePool pool_;
  SendQueue queue_{store_, pool_};
  Outstanding outstanding_{store_, pool_, kDataHeaderSize};
  Rack rack_;
  RtoEstimator rto_;
  Pacer pacer_;
  CongestionControl controller_;
  std::size_t lostUnreported_ = 0;  // bytes that the controller has not heard of
  std::uint64_t lostPriorDelivered_ = 0;
  std::optional<DataRate> outerRate_;

  // What the peer's last SACK lets us send, less what has gone out since.
  std::size_t peerWindow_ = 0;
  bool windowProbe_ = false;  // what is in flight was sent into a closed window
  Blocked blocked_ = Blocked::No;

  // Recovery lasts until something sent after its beginning is acknowledged.
  bool inRecovery_ = false;
  std::uint32_t recoveryOrder_ = 0;
  std::size_t gapCount_ = 0;          // of the last SACK
  bool lostCredit_ = false;           // one packet of lost fragments may go beyond the window
  std::uint64_t duplicateRound_ = 0;  // delivered bytes: duplicates count once a round trip

  // Delivery rate (draft-cheng-iccrg-delivery-rate-estimation).
  std::uint64_t delivered_ = 0;
  Time deliveredAt_{};
  Time firstSentAt_{};
  std::uint64_t applicationLimitedUntil_ = 0;  // delivered bytes; 0: not limited
  bool windowUsed_ = false;  // the window was full since the application last was the limit

  Duration minRtt_{};  // zero: nothing measured
  Time minRttAt_{};
  Time lastSentAt_{};

  Time rtoAt_ = kNever;
  Time probeAt_ = kNever;    // tail-loss probe
  Time reorderAt_ = kNever;  // RACK
  bool probeDue_ = false;
  bool probed_ = false;        // a probe is out, and nothing acknowledged since
  bool afterTimeout_ = false;  // nothing acknowledged since the last timeout
  // SACKs in which a timeout may still turn out to have been a mistake (as RFC 5682: two).
  int timeoutDoubts_ = 0;
  Rack rackBeforeTimeout_;
  unsigned consecutiveTimeouts_ = 0;

  bool forwardDue_ = false;
  Tsn forwardPoint_;  // Advanced.Peer.Ack.Point as last sent
  Time forwardAt_{};  // and when

  SenderStats counters_;
};

}  // namespace parley::sctp::tx
