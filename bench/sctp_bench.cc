// SCTP alone: two associations back to back in memory, without DTLS and without a kernel. Packets
// of 1,160 bytes (what a datagram of 1,200 leaves), handed over in trains of up to 32, a
// round trip of 200 microseconds in virtual time; CRC32c negotiated away (RFC 9653), as over DTLS.
//
// For each size of message: user bytes a second of both ends together on one core, CPU seconds a
// GB, what a DATA chunk costs each side with its share of the SACKs (send() and nextMessage()
// included), SACKs a MB, heap allocations a packet in steady state.
//
//   sctp_bench [MB a measurement, default 400] [--message=BYTES] [--json]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "sctp/association/association.h"

namespace {
std::uint64_t allocationCount = 0;
}
void* operator new(std::size_t size) {
  ++allocationCount;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}

namespace parley::sctp {
namespace {

constexpr std::size_t kTrain = 32;
constexpr std::size_t kPacket = 1160;
constexpr Duration kStep = 100us;  // of virtual time, from one side to the other
constexpr StreamId kStream{1};
constexpr Ppid kPpid{53};

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Train {
  std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(kTrain * kPacket);
  std::vector<std::size_t> lengths;
};

// One side, and the time it has taken.
struct Side {
  explicit Side(RandomSource& random, const AssociationConfig& config)
      : association(config, random) {}

  void poll(Train& out, Time now) {
    out.lengths.clear();
    while (out.lengths.size() < kTrain) {
      const Bytes room = Bytes(out.bytes).subspan(out.lengths.size() * kPacket, kPacket);
      const std::size_t n = association.pollPacket(room, now);
      if (n == 0) break;
      out.lengths.push_back(n);
    }
    packets += out.lengths.size();
  }
  void handle(Train& in, Time now) {
    for (std::size_t i = 0; i < in.lengths.size(); ++i) {
      association.handlePacket(ConstBytes(in.bytes).subspan(i * kPacket, in.lengths[i]), now);
      while (const auto m = association.nextMessage())
        received += m->data.size();
    }
    if (!in.lengths.empty()) association.endOfTrain(now);
    if (association.nextTimeout() <= now) association.handleTimeout(now);
    while (association.pollEvent()) {
    }
  }

  Association association;
  std::uint64_t received = 0;
  std::uint64_t packets = 0;
  double taken = 0;
};

struct Figures {
  double bytes = 0;
  double wall = 0;
  double sender = 0;
  double receiver = 0;
  double chunks = 0;
  double packets = 0;
  double sacks = 0;
  double allocations = 0;
};

class Run {
 public:
  explicit Run(std::size_t message) : message_(message, 0x5a) {
    AssociationConfig config;
    config.mtu = kPacket;
    a_ = std::make_unique<Side>(random_, config);
    b_ = std::make_unique<Side>(random_, config);
    a_->association.connect(now_);
    b_->association.connect(now_);
  }

  // One train each way.
  void step() {
    const double t0 = seconds();
    while (a_->association.bufferedAmount() < kQueued &&
           a_->association.send(kStream, kPpid, message_, {}, now_).ok()) {
    }
    a_->poll(forward_, now_);
    now_ += kStep;
    const double t1 = seconds();
    b_->handle(forward_, now_);
    b_->poll(back_, now_);
    now_ += kStep;
    const double t2 = seconds();
    a_->handle(back_, now_);
    const double t3 = seconds();
    a_->taken += (t1 - t0) + (t3 - t2);
    b_->taken += t2 - t1;
  }

  Figures measure(std::uint64_t bytes) {
    for (int i = 0; i < 20'000 && b_->received < (std::uint64_t{64} << 20); ++i)
      step();
    const AssociationStats before = b_->association.stats();
    const std::uint64_t received = b_->received;
    const std::uint64_t packets = a_->packets + b_->packets;
    const std::uint64_t allocations = allocationCount;
    a_->taken = b_->taken = 0;
    const double start = seconds();
    while (b_->received < received + bytes)
      step();
    const AssociationStats after = b_->association.stats();
    return {static_cast<double>(b_->received - received),
            seconds() - start,
            a_->taken,
            b_->taken,
            static_cast<double>(after.chunksReceived - before.chunksReceived),
            static_cast<double>(a_->packets + b_->packets - packets),
            static_cast<double>(after.sacksSent - before.sacksSent),
            static_cast<double>(allocationCount - allocations)};
  }

 private:
  static constexpr std::size_t kQueued = 256 << 10;
  SeededRandom random_{1};
  Time now_{1s};
  std::vector<std::uint8_t> message_;
  std::unique_ptr<Side> a_;
  std::unique_ptr<Side> b_;
  Train forward_;
  Train back_;
};

void report(std::size_t message, const Figures& f, bool json) {
  const double mb = f.bytes / 1e6;
  if (json) {
    std::printf(
        "{\"bench\":\"sctp\",\"message\":%zu,\"mb_per_s\":%.0f,\"cpu_s_per_gb\":%.3f,"
        "\"send_ns_per_chunk\":%.0f,\"receive_ns_per_chunk\":%.0f,\"sacks_per_mb\":%.1f,"
        "\"allocations_per_packet\":%.5f}\n",
        message, mb / f.wall, f.wall / (f.bytes / 1e9), f.sender / f.chunks * 1e9,
        f.receiver / f.chunks * 1e9, f.sacks / mb, f.allocations / f.packets);
    return;
  }
  std::printf(
      "%7zu B: %6.0f MB/s, %.3f CPU-s/GB; a chunk: send %.0f ns, receive %.0f ns; %.1f SACKs a MB; "
      "%.5f allocations a packet\n",
      message, mb / f.wall, f.wall / (f.bytes / 1e9), f.sender / f.chunks * 1e9,
      f.receiver / f.chunks * 1e9, f.sacks / mb, f.allocations / f.packets);
}

}  // namespace
}  // namespace parley::sctp

int main(int argc, char** argv) {
  std::uint64_t megabytes = 400;
  bool json = false;
  std::vector<std::size_t> sizes = {65'536, 16'384, 1'200, 64};
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json")
      json = true;
    else if (std::strncmp(argv[i], "--message=", 10) == 0)
      sizes = {static_cast<std::size_t>(std::max(std::atoi(argv[i] + 10), 1))};
    else if (std::atoi(argv[i]) > 0)
      megabytes = static_cast<std::uint64_t>(std::atoi(argv[i]));
  }
  for (const std::size_t message : sizes) {
    parley::sctp::Run run(message);
    const std::uint64_t bytes = megabytes * 1'000'000 / (message < 1000 ? 10 : 1);
    parley::sctp::report(message, run.measure(bytes), json);
  }
}
