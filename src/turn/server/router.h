// The fast path: which datagrams of a train go where. Reads the tables and moves counters; changes
// no allocation's life, allocates nothing. verdict.h says what comes out.
#pragma once

#include "turn/server/allocation_table.h"
#include "turn/server/counters.h"
#include "turn/server/peer_policy.h"
#include "turn/server/verdict.h"

namespace parley::turn {

class Router {
 public:
  Router(const AllocationTable& table, const PeerPolicy& policy, const RelayRegistry& registry,
         Counters& counters, RandomSource& random)
      : table_(table),
        policy_(policy),
        registry_(registry),
        counters_(counters),
        indicationId_(random.next64()) {}

  Verdict fromClient(const Train& in, Time now);
  Verdict fromPeer(const Train& in, Time now);

 private:
  // The same peer and layout for a run of datagrams from a client.
  struct Run {
    std::uint32_t count = 0;
    std::uint32_t skip = 0;
    std::uint32_t length = 0;
    std::uint32_t lastLength = 0;
    std::uint64_t bytes() const { return std::uint64_t{length} * (count - 1) + lastLength; }
  };

  Verdict channelData(const Train& in, Time now);
  Verdict sendIndication(const Train& in, Time now);
  Verdict toPeer(Allocation& allocation, const Address& peer, const Run& run, Time now);
  Verdict toClient(Allocation& allocation, const Train& in, const Address& peer, Time now);
  bool mayPass(const Allocation& allocation, const Permission& permission,
               const Address& peer) const;
  void prefixChannel(Verdict& v, const Channel& channel, bool stream) const;
  void prefixData(Verdict& v, const Address& peer);
  Verdict drop(DropCause cause, std::size_t datagrams);

  const AllocationTable& table_;
  const PeerPolicy& policy_;
  const RelayRegistry& registry_;
  Counters& counters_;
  std::uint64_t indicationId_;
};

}  // namespace parley::turn
