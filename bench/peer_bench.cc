// Two whole Peers in one thread, joined in memory: ICE, DTLS, SCTP and data channels, without a
// kernel. Datagrams of at most 1,200 bytes, a round trip of 200 microseconds of virtual time.
//
//   set-up      CPU of both sides from the first call to an open channel
//   throughput  for each size of message: MB/s and CPU seconds a GB of both sides together on one
//               core, datagrams and heap allocations a datagram, SACKs a MB
//   idle        heap of a connection, both ends, after a minute of nothing but consent
//
//   peer_bench [MB a measurement, default 400] [--message=BYTES] [--json]
#include <malloc.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <string_view>

#include "tests/support/peer_pair.h"

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

namespace parley::test {
namespace {

bool json = false;

double cpuSeconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void connect(PeerPair& pair) {
  pair.negotiate();
  while (!pair.isOpen())
    pair.skip();
}

void benchSetup() {
  constexpr int kRounds = 200;
  SeededRandom random(1);
  sharedIdentity();
  sharedContext();
  const double start = cpuSeconds();
  Duration virtualTime{};
  for (int i = 0; i < kRounds; ++i) {
    PeerPair pair({}, random);
    connect(pair);
    virtualTime += pair.now - (Time{} + 1s);
  }
  const double ms = (cpuSeconds() - start) / kRounds * 1e3;
  const double trips = static_cast<double>(virtualTime.count()) / kRounds / 200e3;
  if (json)
    std::printf("{\"bench\":\"peer\",\"mode\":\"setup\",\"cpu_ms\":%.3f,\"round_trips\":%.1f}\n",
                ms, trips);
  else
    std::printf("set-up        %.3f ms CPU, both sides; %.1f round trips\n", ms, trips);
}

std::uint64_t sacksSent(peer::Peer& p, Time now) {
  for (const peer::Stats& s : p.stats(now))
    if (const auto* sctp = std::get_if<peer::SctpTransportStats>(&s)) return sctp->sacksSent;
  return 0;
}

void benchThroughput(std::size_t size, std::uint64_t megabytes) {
  SeededRandom random(2);
  peer::PeerConfig config;
  config.maxMessageSize = 1 << 20;
  PeerPair pair(config, random);
  connect(pair);
  const std::vector<std::uint8_t> message(size, 0x5a);
  const auto pump = [&](std::uint64_t until) {
    while (pair.b.bytesHeard < until) {
      while (pair.a.peer.bufferedAmount(pair.chat) < (std::size_t{2} << 20))
        PARLEY_CHECK(
            pair.a.peer.send(pair.chat, peer::MessageKind::Binary, message, pair.now).ok());
      pair.a.drainInto(pair.toB, pair.now);
      pair.step();
    }
  };
  pump(std::uint64_t{50} << 20);  // warm: windows, slabs
  const std::uint64_t from = pair.b.bytesHeard;
  const std::uint64_t packets = pair.a.packets + pair.b.packets;
  const std::uint64_t allocations = allocationCount;
  const std::uint64_t sacks = sacksSent(pair.b.peer, pair.now);
  const std::uint64_t statsCost = allocationCount - allocations;
  const double start = cpuSeconds();
  pump(from + (megabytes << 20));
  const double took = cpuSeconds() - start;
  const double bytes = static_cast<double>(pair.b.bytesHeard - from);
  const double datagrams = static_cast<double>(pair.a.packets + pair.b.packets - packets);
  const double perDatagram =
      static_cast<double>(allocationCount - allocations - statsCost) / datagrams;
  const double sacksPerMb =
      static_cast<double>(sacksSent(pair.b.peer, pair.now) - sacks) / (bytes / 1e6);
  if (json)
    std::printf(
        "{\"bench\":\"peer\",\"mode\":\"throughput\",\"message\":%zu,\"mb_per_s\":%.1f,"
        "\"cpu_s_per_gb\":%.3f,\"allocations_per_datagram\":%.5f,\"sacks_per_mb\":%.1f}\n",
        size, bytes / took / 1e6, took / bytes * 1e9, perDatagram, sacksPerMb);
  else
    std::printf(
        "%7zu B     %7.1f MB/s  %.3f CPU-s/GB  %.0f ns a datagram  %.5f allocations a "
        "datagram  %.1f SACKs a MB\n",
        size, bytes / took / 1e6, took / bytes * 1e9, took / datagrams * 1e9, perDatagram,
        sacksPerMb);
}

std::size_t heapInUse() {
  return ::mallinfo2().uordblks;
}

void benchIdle() {
  constexpr int kConnections = 200;
  SeededRandom random(3);
  std::vector<std::unique_ptr<PeerPair>> pairs;
  pairs.reserve(kConnections);
  {
    PeerPair warm({}, random);
    connect(warm);
  }
  const std::size_t before = heapInUse();
  for (int i = 0; i < kConnections; ++i) {
    pairs.push_back(std::make_unique<PeerPair>(peer::PeerConfig{}, random));
    PeerPair& p = *pairs.back();
    connect(p);
    const Time end = p.now + 60s;
    while (p.now < end)
      p.skip();
    p.dropWires();
  }
  const double each = static_cast<double>(heapInUse() - before) / kConnections;
  if (json)
    std::printf("{\"bench\":\"peer\",\"mode\":\"idle\",\"heap_bytes\":%.0f}\n", each);
  else
    std::printf("idle          %.1f KiB of heap a connection, both ends\n", each / 1024);
}

}  // namespace
}  // namespace parley::test

int main(int argc, char** argv) {
  using namespace parley::test;
  std::uint64_t megabytes = 400;
  std::size_t only = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view a = argv[i];
    if (a == "--json")
      json = true;
    else if (a.starts_with("--message="))
      only = std::strtoull(argv[i] + 10, nullptr, 10);
    else
      megabytes = std::strtoull(argv[i], nullptr, 10);
  }
  if (only != 0) {
    benchThroughput(only, megabytes);
    return 0;
  }
  benchIdle();
  benchSetup();
  for (const std::size_t size : {64, 1200, 16384, 65536, 262144})
    benchThroughput(size, size < 1000 ? megabytes / 8 : megabytes);
}
