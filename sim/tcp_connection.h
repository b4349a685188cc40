// One end of a reliable byte stream over lossy packets: enough of TCP (RFC 9293) that connections
// open, are refused, carry bytes in order, slow down when packets are lost, finish, reset and time
// out through simulated links, NATs and firewalls. A machine without I/O.
//
// What it leaves out: half-close (the end that hears FIN finishes too), SACK, window probes (what
// arrives is taken at once, so the window never closes), TIME-WAIT, urgent data, options.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "sim/packet.h"

namespace parley::sim {

enum class StreamEnd : std::uint8_t {
  Finished,  // orderly: all bytes of the other side were delivered
  Reset,     // the other side aborted, or knows nothing of this connection
  Refused,   // nobody listened
  TimedOut,  // kMaxRetries retransmissions were not answered
  Aborted,   // by ourselves
};

class TcpConnection {
 public:
  static constexpr std::size_t kSegment = 1400;
  static constexpr std::size_t kWindow = 65'535;
  static constexpr std::size_t kMaxUnsent = std::size_t{1} << 20;
  static constexpr int kMaxRetries = 12;
  static constexpr Duration kFirstTimeout = 1s;  // RFC 6298 section 2.1
  static constexpr Duration kMinTimeout = 200ms;
  static constexpr Duration kMaxTimeout = 10s;

  // The end that connects, or the one that answers to a SYN (which is then handed to it).
  TcpConnection(const Address& local, const Address& remote, std::uint32_t initialSequence,
                bool connects);

  void handleSegment(const Packet& packet, Time now);
  void handleTimeout(Time now);
  Time nextTimeout() const { return deadline_; }
  std::optional<Packet> pollPacket(Time now);

  // How many of the bytes were taken: what waits is at most kMaxUnsent.
  std::size_t write(ConstBytes bytes);
  std::size_t unacknowledged() const { return buffer_.size(); }
  void finish();
  void abort();

  bool isOpen() const { return state_ == State::Open; }
  // Bytes that came in order since the last call.
  std::vector<std::uint8_t> takeReceived() { return std::exchange(received_, {}); }
  // Set once; nothing is delivered after it.
  const std::optional<StreamEnd>& ended() const { return ended_; }
  // Nothing more to send or to wait for.
  bool isDone() const { return state_ == State::Closed && !resetDue_ && !ackDue_; }

 private:
  enum class State : std::uint8_t { SynSent, SynReceived, Open, Closed };

  // Offsets count the stream's bytes from zero; FIN takes the one behind the last.
  std::uint64_t sendEnd() const { return written_ + (finishing_ ? 1 : 0); }
  bool finAcknowledged() const { return sendBase_ == written_ + 1; }
  void handleAcknowledgement(std::uint32_t wire, bool carriesData, Time now);
  void acknowledge(std::uint64_t offset, Time now);
  void handleDuplicate();
  void handlePayload(const Packet& packet);
  void deliverInOrder();
  void handleFin();
  void end(StreamEnd why);
  void closeIfOver();
  void restartTimer(Time now);
  void measure(Duration roundTrip);
  Packet header(std::uint8_t flags, std::uint64_t offset) const;
  Packet segmentAt(std::uint64_t offset);

  Address local_;
  Address remote_;
  State state_;
  std::optional<StreamEnd> ended_;

  // Sending: buffer_ holds what is not acknowledged, from sendBase_ up to written_.
  std::uint32_t initialSequence_;
  std::deque<std::uint8_t> buffer_;
  std::uint64_t written_ = 0;
  std::uint64_t sendBase_ = 0;
  std::uint64_t sendNext_ = 0;
  std::uint64_t sendMost_ = 0;
  bool finishing_ = false;
  bool handshakeDue_;
  bool ackDue_ = false;
  bool resetDue_ = false;
  bool repeatFirst_ = false;

  // Congestion (RFC 5681) and the timer (RFC 6298).
  std::size_t congestionWindow_ = 10 * kSegment;
  std::size_t slowStartThreshold_ = kWindow;
  int duplicates_ = 0;
  std::optional<std::pair<std::uint64_t, Time>> timed_;
  Duration smoothed_{};
  Duration timeout_ = kFirstTimeout;
  int retries_ = 0;
  Time deadline_ = kNever;

  // Receiving.
  std::uint32_t peerInitialSequence_ = 0;
  std::uint64_t receiveNext_ = 0;
  std::optional<std::uint64_t> finAt_;
  bool finReceived_ = false;
  std::map<std::uint64_t, std::vector<std::uint8_t>> early_;
  std::vector<std::uint8_t> received_;
};

}  // namespace parley::sim
