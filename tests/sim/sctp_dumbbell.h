// Pairs of associations that share one bottleneck, in virtual time: a link each way (sim/link.h)
// and an application that always has something to send. It runs millions of packets in seconds, for
// what is to be said of throughput, fairness and endurance.
#pragma once

#include <memory>
#include <vector>

#include "base/random.h"
#include "sctp/association/association.h"
#include "sctp/tx/controller.h"
#include "sim/link.h"

namespace parley::sim::test {

struct FlowConfig {
  sctp::tx::Controller controller = sctp::tx::Controller::Cubic;
  Time startAt{};
  // Loses every nth packet of this flow, besides what the link loses; 0: none.
  std::uint64_t loseEvery = 0;
  // Messages to send in all; they are numbered and checked on arrival. 0: without end, unchecked.
  std::uint64_t messages = 0;
  std::size_t messageSize = 65'536;
};

struct DumbbellConfig {
  LinkConditions forward{};
  LinkConditions back{};
  std::uint64_t seed = 1;
};

class Dumbbell {
 public:
  struct Flow {
    Flow(const FlowConfig& config, std::uint64_t seed);

    FlowConfig config;
    SeededRandom random;
    sctp::Association sender;
    sctp::Association receiver;
    bool started = false;
    bool failed = false;  // an association ended, or a message came wrong
    std::uint64_t packets = 0;
    std::uint64_t sent = 0;     // messages
    std::uint64_t arrived = 0;  // messages
    std::uint64_t bytes = 0;    // of messages that arrived
    // Window sampled every 10 ms since the last resetSamples().
    double windowSum = 0;
    std::uint64_t samples = 0;
    Time lastProgress{};
    Duration longestStall{};

    sctp::Association& end(bool toReceiver) { return toReceiver ? receiver : sender; }
    bool done() const { return config.messages != 0 && arrived == config.messages; }
  };

  explicit Dumbbell(const DumbbellConfig& config);
  Flow& addFlow(const FlowConfig& config);
  void runUntil(Time end);
  void resetSamples();
  Time now() const { return now_; }
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
  void deliverDue();
  void take(Flow& flow);
  void start(std::uint32_t index);
  void offer(Flow& flow);
  void drain(std::uint32_t index);
  void transmit(std::uint32_t index, bool toReceiver);
  void put(std::uint32_t flow, bool toReceiver, ConstBytes bytes);
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
