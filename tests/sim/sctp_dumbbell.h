// Senders that share one bottleneck, in virtual time: a link each way (sim/link.h), and at the far
// end a receiver that acknowledges every second packet, or each while there is a gap, as RFC 9260
// section 6.2 asks for. An application that always has something to send, or as much as a test
// says.
//
// It runs millions of packets in seconds, for what is to be said of throughput and fairness; whole
// associations in the simulated network are tested elsewhere.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "sctp/tx/sender.h"
#include "sim/link.h"

namespace parley::sim::test {

// Which TSNs have come, as ranges: O(log gaps) a packet.
class RangeReceiver {
 public:
  explicit RangeReceiver(sctp::Tsn initial) : base_(initial) {}

  void receive(ConstBytes packet, Time now);
  bool wantsSack() const { return sackNow_; }
  // When a single packet's acknowledgement may not wait any longer.
  Time sackAt() const { return sackAt_; }
  std::size_t writeSack(Bytes room);

  std::uint64_t bytes() const { return bytes_; }  // user data, each once
  std::uint64_t duplicates() const { return duplicateCount_; }
  std::uint32_t window = 256u << 20;

 private:
  void take(const sctp::DataChunk& chunk);

  sctp::Tsn base_;                                 // TSN of position 0
  std::uint64_t next_ = 0;                         // all positions before have come
  std::map<std::uint64_t, std::uint64_t> ranges_;  // beyond it: begin, end
  std::vector<sctp::Tsn> duplicates_;
  std::uint64_t bytes_ = 0;
  std::uint64_t duplicateCount_ = 0;
  int unacknowledged_ = 0;
  bool sackNow_ = false;
  Time sackAt_ = kNever;
};

struct FlowConfig {
  sctp::tx::SenderConfig sender{};
  Time startAt{};
  // Loses every nth packet of this flow, besides what the link loses; 0: none.
  std::uint64_t loseEvery = 0;
};

struct DumbbellConfig {
  LinkConditions forward{};
  LinkConditions back{};
  std::uint64_t seed = 1;
  std::size_t message = 65'536;
};

class Dumbbell {
 public:
  struct Flow {
    Flow(const FlowConfig& c, sctp::Tsn initial) : config(c), tx(c.sender), rx(initial) {}
    FlowConfig config;
    sctp::tx::Sender tx;
    RangeReceiver rx;
    bool started = false;
    std::uint64_t packets = 0;
    // Sampled every 10 ms since the last resetSamples().
    double windowSum = 0;
    double rttSum = 0;
    std::uint64_t samples = 0;
    Time lastProgress{};
    Duration longestStall{};
  };

  explicit Dumbbell(const DumbbellConfig& config);
  Flow& addFlow(const FlowConfig& config);
  void runUntil(Time end);
  void resetSamples();
  Time now() const { return now_; }
  Flow& flow(std::size_t i) { return *flows_[i]; }
  Link& forward() { return forward_; }

 private:
  struct Event {
    Time when;
    std::uint64_t order;
    std::uint32_t flow;
    bool toReceiver;
    std::vector<std::uint8_t> bytes;
    bool operator<(const Event& o) const {
      return when != o.when ? when > o.when : order > o.order;
    }
  };

  Time next() const;
  void deliver(Event& event);
  void transmit(std::uint32_t index);
  void sendSack(std::uint32_t index);
  void put(Link& link, std::uint32_t flow, bool toReceiver, ConstBytes bytes);
  void sample();

  DumbbellConfig config_;
  Link forward_;
  Link back_;
  Time now_{};
  Time nextSample_{};
  std::vector<std::unique_ptr<Flow>> flows_;
  std::vector<Event> events_;  // a heap
  std::vector<std::vector<std::uint8_t>> spare_;
  std::vector<std::uint8_t> message_;
  std::uint64_t order_ = 0;
};

}  // namespace parley::sim::test
