// One direction of a link: what happens to each packet put on it. A model without a clock or a
// queue of its own: it says when what arrives.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "base/units.h"
#include "sim/packet.h"

namespace parley::sim {

// Loss in bursts: two states with a loss of their own and a chance, each packet, to change over.
// (E. N. Gilbert 1960, E. O. Elliott 1963.) The share of time in the bad state is
// toBad / (toBad + toGood).
struct GilbertElliott {
  double toBad = 0;
  double toGood = 1;
  double lossInGood = 0;
  double lossInBad = 1;
};

// Chances are per packet, from 0 to 1.
struct LinkConditions {
  Duration delay = 10ms;
  Duration jitter{};  // up to this much more, drawn for each packet; order is kept
  DataRate rate{};    // zero: without limit
  ByteCount queue = ByteCount::kibi(64);  // with a rate: what waits beyond this is dropped
  std::optional<ByteCount> markAbove{};   // with a rate: CE on ECT packets behind this much
  double loss = 0;
  std::optional<GilbertElliott> burst{};
  double reorder = 0;            // held back, later packets pass it
  Duration reorderDelay = 20ms;  // by up to this
  double duplicate = 0;
  double corrupt = 0;      // one bit of the payload
  std::size_t mtu = 1500;  // larger packets are dropped (DF is always set)
  bool down = false;
};

struct LinkStatistics {
  std::uint64_t sent = 0;
  std::uint64_t delivered = 0;  // duplicates included
  std::uint64_t lost = 0;
  std::uint64_t queueFull = 0;
  std::uint64_t tooLarge = 0;
  std::uint64_t duplicated = 0;
  std::uint64_t reordered = 0;
  std::uint64_t corrupted = 0;
};

class Link {
 public:
  struct Delivery {
    Time when;
    Packet packet;
  };

  Link(LinkConditions conditions, std::uint64_t seed) : conditions_(conditions), random_(seed) {}

  // What of the packet arrives, and when: nothing, it, or it twice. Valid until the next call.
  std::vector<Delivery>& send(Packet&& packet, Time now);

  void setConditions(const LinkConditions& conditions) { conditions_ = conditions; }
  const LinkConditions& conditions() const { return conditions_; }
  const LinkStatistics& statistics() const { return statistics_; }

 private:
  bool chance(double probability) { return probability > 0 && random_.unit() < probability; }
  bool isLost();
  // When its last bit is on the wire; nothing when the queue is full.
  std::optional<Time> departure(Packet& packet, Time now);
  Time arrival(Time departed);
  void corrupt(Packet& packet);

  LinkConditions conditions_;
  SeededRandom random_;
  LinkStatistics statistics_;
  bool bad_ = false;
  Time busyUntil_{};
  Time lastArrival_{};
  std::vector<Delivery> deliveries_;
};

}  // namespace parley::sim
