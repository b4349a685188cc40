// The receiving half of an association: DATA and FORWARD TSN chunks in, messages and SACK chunks
// out. It composes the tracker of TSNs, the reassembly, the policy of SACKs and the window.
//
//   handleData(chunk) ... per chunk; endOfPacket(now); endOfTrain()
//   nextMessage() until nothing, before the packet's bytes go away
//   sacks().due() -> writeSack(w)
//
// The advertised window starts small, so that a connection that is idle promises little memory, and
// grows to four times what comes in a round trip: twice for the doubling of slow start, twice again
// for the round trip that a lost packet holds everything back.
#pragma once

#include <cstdint>

#include "sctp/rx/data_tracker.h"
#include "sctp/rx/reassembly.h"
#include "sctp/rx/receive_rounds.h"
#include "sctp/rx/sack_policy.h"

namespace parley::sctp::rx {

struct ReceiverConfig {
  Reassembly::Limits limits;
  std::size_t initialWindow = 1 << 20;
  std::size_t maxWindow = 24 << 20;
};

struct ReceiverStats {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;    // of user data, each once
  std::uint64_t refused = 0;  // not acknowledged: a table was full, or out of the window
};

class Receiver {
 public:
  enum class Verdict : std::uint8_t { Ok, TooLong, Full };

  Receiver(const ReceiverConfig& config, Tsn peersInitial, Interleaving interleaving,
           std::uint64_t hashKey);

  Verdict handleData(const DataChunk& chunk);
  // A chunk that nobody wants: acknowledged, and no more.
  void discard(Tsn tsn);
  void handleForwardTsn(const ForwardTsnView& forward);
  void endOfPacket(Time now);
  void endOfTrain() { sacks_.endOfTrain(); }
  void handleTimeout(Time now) { sacks_.onTimeout(now); }
  Time nextTimeout() const { return sacks_.nextTimeout(); }

  std::optional<Delivered> nextMessage() { return reassembly_.next(); }
  bool hasReady() const { return reassembly_.hasReady(); }

  SackPolicy& sacks() { return sacks_; }
  const SackPolicy& sacks() const { return sacks_; }
  // False when there is no room for it. Once the packet leaves, sackSent() says so.
  bool writeSack(PacketWriter& w) const;
  void sackSent();
  Tsn cumulativeTsn() const { return tracker_.cumulative(); }

  Reassembly& reassembly() { return reassembly_; }
  void setRtt(Duration rtt) { rounds_.setRtt(rtt); }
  // Bytes delivered that the application has not taken.
  void setHeldByApplication(std::size_t bytes);
  std::uint32_t advertisedWindow() const;
  std::size_t buffered() const {
    return reassembly_.waitingBytes() + reassembly_.assemblingBytes();
  }
  const ReceiverStats& stats() const { return stats_; }
  std::uint64_t duplicates() const { return tracker_.duplicatesSeen(); }
  void trim();

 private:
  static constexpr std::size_t kMaxGapBlocks =
      256;  // in a SACK; what a packet of 1,160 bytes holds

  ReceiverConfig config_;
  DataTracker tracker_;
  Reassembly reassembly_;
  SackPolicy sacks_;
  ReceiveRounds rounds_;
  std::size_t window_;
  std::size_t heldByApplication_ = 0;
  ReceiverStats stats_;

  // Of the packet at hand.
  std::size_t packetBytes_ = 0;
  bool packetHadData_ = false;
  bool packetImmediate_ = false;
  bool packetGap_ = false;
  bool first_ = true;
};

}  // namespace parley::sctp::rx
