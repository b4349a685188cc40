// No allocation a packet in steady state, whatever the messages are and whatever the network does.
#include <gtest/gtest.h>

#include "tests/unit/sctp/counting_allocator.h"
#include "tests/unit/sctp/pipe.h"

namespace parley::sctp {
namespace {

using test::Pipe;
using test::Weather;

struct Load {
  const char* name;
  std::size_t size;
  bool unordered;
  bool interleaving;
  double loss;
  std::uint32_t maxRetransmits = UINT32_MAX;
};

class NoAllocation : public testing::TestWithParam<Load> {};

// Keeps one megabyte queued in each direction.
void push(Pipe& pipe, test::End& from, ConstBytes message, const Load& load) {
  SendOptions o;
  o.unordered = load.unordered;
  o.maxRetransmits = load.maxRetransmits;
  std::uint16_t stream = 0;
  while (from.association.bufferedAmount() < (1 << 20)) {
    if (!from.association.send(StreamId{stream}, Ppid{53}, message, o, pipe.now()).ok()) break;
    stream = static_cast<std::uint16_t>((stream + 1) % 4);
  }
  from.drain();
}

TEST_P(NoAllocation, aPacket) {
  const Load load = GetParam();
  AssociationConfig c;
  c.extensions.interleaving = load.interleaving;
  Weather w;
  w.delay = 5ms;
  w.bitsPerSecond = 200e6;
  w.loss = load.loss;
  w.queue = 100'000;
  Pipe pipe(1, w, c, c);
  pipe.a().keepsData = pipe.b().keepsData = false;
  pipe.reserve(20'000);
  pipe.connect();
  const auto message = test::pattern(1, load.size);
  const auto run = [&](Duration d) {
    const Time end = pipe.now() + d;
    while (pipe.now() < end) {
      push(pipe, pipe.a(), message, load);
      push(pipe, pipe.b(), message, load);
      if (!pipe.step()) break;
    }
  };
  run(6s);
  const std::uint64_t packets = pipe.packets;
  const std::size_t before = test::allocations();
  run(2s);
  const std::size_t made = test::allocations() - before;
  RecordProperty("packets", std::to_string(pipe.packets - packets));
  EXPECT_GT(pipe.packets - packets, 5'000u);
  // A window larger than any before, or a worse burst of loss, takes memory once more; that is not
  // one allocation a packet, nor one in a thousand.
  EXPECT_LE(made, (pipe.packets - packets) / 1000);
}

INSTANTIATE_TEST_SUITE_P(, NoAllocation,
                         testing::Values(Load{"whole", 1000, false, true, 0},
                                         Load{"small", 60, false, true, 0},
                                         Load{"fragments", 65'536, false, true, 0},
                                         Load{"fragmentsOfData", 65'536, false, false, 0},
                                         Load{"unordered", 5000, true, true, 0},
                                         Load{"large", 256 << 10, false, true, 0},
                                         Load{"lossy", 20'000, false, true, 0.005},
                                         Load{"lossyOfData", 1000, false, false, 0.005},
                                         Load{"unreliable", 3000, true, true, 0.005, 0}),
                         [](const testing::TestParamInfo<Load>& i) {
                           return std::string(i.param.name);
                         });

}  // namespace
}  // namespace parley::sctp
