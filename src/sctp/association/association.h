// One SCTP association over a path that keeps its bytes secret and whole (DTLS, RFC 8261): the
// handshake, both directions of data, stream reset, and its end. Sans I/O: packets and time go in;
// packets, messages, events and one timeout come out.
//
// RFC 9260, with partial reliability (RFC 3758, 7496), stream reset (RFC 6525), interleaving (RFC
// 8260) and zero checksum (RFC 9653), each when both sides can. One path, no addresses: no
// multihoming, no ASCONF, no AUTH, no ECN.
//
// The verbs, after each of which the caller drains (pollPacket until 0, pollEvent until nothing):
//   handlePacket(packet, now)   then nextMessage() until nothing: a message may be a part of that
//                               packet, so the packet's bytes must live until then (checked)
//   endOfTrain(now)             after the last packet that came together: decides on the SACK, so
//                               that a train costs one. While urgent() says so within a train, poll
//                               at once: the peer wants to hear more often (slow start, a gap)
//   pollPacket(room, now)       writes one packet into room; 0: nothing to send now
//   handleTimeout(now)          at nextTimeout(); early or late is harmless
//
// connect() may be called by both sides (a collision of INITs, the normal case in WebRTC) or by
// one. Messages may be sent before: they wait. Its end is an Ended event, after which all input is
// ignored and nothing is sent any more.
//
// No allocation a packet in steady state; idle it holds 4 to 10 KiB.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "sctp/wire/error_cause.h"
#include "sctp/wire/init.h"
#include "sctp/wire/types.h"

namespace parley::sctp {

namespace tx {
enum class Controller : std::uint8_t;  // sctp/tx/sender.h
}

struct AssociationConfig {
  std::uint16_t localPort = 5000;  // RFC 8841 section 5: a=sctp-port
  std::uint16_t remotePort = 5000;
  std::uint16_t outboundStreams = kMaxStreams;
  std::uint16_t inboundStreams = kMaxStreams;
  // Largest SCTP packet, common header included. RFC 8261 section 5: an IP MTU of 1,280 less IPv6,
  // UDP and DTLS; what a datagram of 1,200 bytes leaves.
  std::size_t mtu = 1160;
  // Up to which larger packets are looked for (RFC 8899); not above mtu: not at all. pollPacket()
  // then needs room for so much.
  std::size_t maxMtu = 0;
  // Largest message that is taken from the peer; a longer one ends the association.
  std::size_t maxReceivedMessage = 16 << 20;
  // Largest message to the peer (its a=max-message-size); send() refuses longer ones.
  std::size_t maxSentMessage = 256 << 10;
  // What may wait in send(), all streams together.
  std::size_t sendBufferLimit = 32 << 20;
  // The window that is advertised at first, and up to which it grows with what the peer makes of
  // it (RFC 9260 section 6.2). Fragments of unfinished messages count against receiveBufferLimit
  // only; when that is full, too, the association ends.
  std::size_t initialReceiveWindow = 1 << 20;
  std::size_t maxReceiveWindow = 24 << 20;
  std::size_t receiveBufferLimit = 96 << 20;
  // Offered to the peer.
  Extensions extensions{true, true, true, true};
  // A round trip that ICE or DTLS has measured: the first timers follow it. Zero: not known.
  Duration rttHint = Duration::zero();
  tx::Controller controller{};  // of congestion
  int maxInitRetransmits = 8;   // RFC 9260 section 16: Max.Init.Retransmits
  int maxRetransmits = 10;      // Association.Max.Retrans
  // RFC 9260 section 8.3. Off by default: ICE's consent (RFC 7675) watches the path.
  Duration heartbeatInterval = Duration::max();
};

struct SendOptions {
  bool unordered = false;
  std::uint32_t maxRetransmits = UINT32_MAX;  // RFC 7496 section 4.2; UINT32_MAX: no limit
  Duration lifetime = Duration::max();        // RFC 7496 section 4.1; max: no limit
};

struct ReceivedMessage {
  StreamId stream;
  Ppid ppid;
  bool unordered = false;
  ConstBytes data;  // valid until the next call of a verb
};

// How much the caller lets out now (the budget of `peer`); data waits while a full packet is more.
struct Allowance {
  std::size_t bytes = SIZE_MAX;
};

namespace event {

struct Connected {
  std::uint16_t outboundStreams = 0;  // what both sides agreed on
  std::uint16_t inboundStreams = 0;
  Extensions extensions;  // in use
};
// The peer has started anew (RFC 9260 section 5.2.4, action A): messages in flight either way are
// lost, all streams begin again.
struct Restarted {};
// The peer has reset a stream on which it sends: it is closed from there (RFC 8831 section 6.7).
struct IncomingStreamReset {
  StreamId stream;
};
// A stream of ours, after resetStream(): its numbers start anew, or the peer denies it.
struct OutgoingStreamReset {
  StreamId stream;
  bool performed = false;
};
// The peer has more streams for us, or opens more to us: the numbers by now.
struct StreamsAdded {
  std::uint16_t outboundStreams = 0;
  std::uint16_t inboundStreams = 0;
};
// bufferedAmount(stream) has fallen to its threshold.
struct BufferedAmountLow {
  StreamId stream;
};

enum class EndReason : std::uint8_t {
  Shutdown,           // by either side; all that was sent is acknowledged
  AbortedByPeer,      // cause and text are the peer's
  AbortedByUs,        // by abort()
  HandshakeTimedOut,  // no answer to INIT or COOKIE ECHO
  PeerUnreachable,    // maxRetransmits without an answer
  ProtocolViolation,  // the peer's
  MessageTooLong,     // the peer sent more than maxReceivedMessage
  ReceiveBufferFull,
};
const char* name(EndReason reason);

struct Ended {
  EndReason reason{};
  CauseCode cause = CauseCode::None;
  std::string text;
};

}  // namespace event

using AssociationEvent = std::variant<event::Connected, event::Restarted,
                                      event::IncomingStreamReset, event::OutgoingStreamReset,
                                      event::StreamsAdded, event::BufferedAmountLow, event::Ended>;

struct AssociationStats {
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t packetsDropped = 0;  // malformed, wrong checksum, tag or port
  std::uint64_t bytesSent = 0;       // of packets
  std::uint64_t bytesReceived = 0;
  std::uint64_t messagesSent = 0;
  std::uint64_t messagesReceived = 0;
  std::uint64_t sacksSent = 0;
  std::uint64_t sacksReceived = 0;
  std::uint64_t chunksReceived = 0;  // DATA and I-DATA
  std::uint64_t duplicatesReceived = 0;
  std::uint64_t chunksSent = 0;  // DATA and I-DATA, retransmissions included
  std::uint64_t retransmissions = 0;
  std::uint64_t timeouts = 0;          // of the retransmission timer
  std::uint64_t spuriousTimeouts = 0;  // found out to have been mistaken
  std::uint64_t lossEvents = 0;        // windows with a loss
  std::uint64_t tailProbes = 0;
  std::uint64_t messagesAbandoned = 0;  // ours, by partial reliability
  std::size_t congestionWindow = 0;
  std::size_t peerWindow = 0;
  std::size_t bytesInFlight = 0;
  std::size_t receiveWindow = 0;
  std::size_t receiveBuffered = 0;  // bytes of messages that are not whole or not in turn
  std::size_t mtu = 0;
  const char* congestionPhase = "";  // of the controller, for people
  Duration smoothedRtt{};            // zero: not measured
};

enum class AssociationState : std::uint8_t {
  New,
  Connecting,
  Connected,
  ShuttingDown,
  Ended,
};

class Association {
 public:
  using Event = AssociationEvent;

  Association(const AssociationConfig& config, RandomSource& random);
  ~Association();
  Association(Association&&) noexcept;
  Association& operator=(Association&&) noexcept;

  void connect(Time now);
  AssociationState state() const;

  void handlePacket(ConstBytes packet, Time now);
  void endOfTrain(Time now);
  // Something should leave now, even in the midst of a train.
  bool urgent() const;
  std::optional<ReceivedMessage> nextMessage();
  std::size_t pollPacket(Bytes room, Time now, Allowance allowance = {});
  void handleTimeout(Time now);
  Time nextTimeout() const;
  std::optional<Event> pollEvent();

  // Copies the message, which must not be empty (RFC 8831 section 6.6 has PPIDs for empty ones).
  // Errors: Limit with maxSentMessage or sendBufferLimit as detail, Closed after the end or a
  // shutdown or on a stream that is being reset, Invalid for a stream that there is not.
  Status send(StreamId stream, Ppid ppid, ConstBytes message, const SendOptions& options, Time now);
  // Unsent bytes of a stream, and an event when they fall to the threshold.
  std::size_t bufferedAmount(StreamId stream) const;
  std::size_t bufferedAmount() const;
  void setLowThreshold(StreamId stream, std::size_t bytes);
  void setPriority(StreamId stream, std::uint16_t priority);  // RFC 8831 section 6.4; 256 is normal
  void setMaxSentMessage(std::size_t bytes);

  // No more messages on this stream; once all of its messages are sent and acknowledged its numbers
  // start anew and the peer is told. Without RFC 6525 at the peer: OutgoingStreamReset, denied.
  void resetStream(StreamId stream, Time now);
  // Asks the peer for more streams to send on (RFC 6525 section 4.5): StreamsAdded when it agrees.
  void addOutgoingStreams(std::uint16_t more, Time now);

  // Sends what waits, then says good-bye (RFC 9260 section 9.2).
  void shutdown(Time now);
  void abort(std::string_view reason, Time now);

  void setMtu(std::size_t bytes, Time now);
  // What the layers around share out to this association; nothing: no bound.
  void setOuterRate(std::optional<DataRate> rate);
  // Another path is in use: what congestion control has learnt of the old one is void.
  void handlePathChange(Duration rttHint, Time now);
  // Received bytes that the application has not taken yet: the window shrinks by them.
  void setHeldByApplication(std::size_t bytes);

  AssociationStats stats() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace parley::sctp
