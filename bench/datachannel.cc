// Data-channel benchmark over the public API. Both peers live in this process and talk over UDP on
// this host. Every mode prints one line of JSON, the same that the harnesses over other libraries
// print:
//   tput SIZE SECS ordered|unreliable [BUFKIB]   one-way goodput and CPU
//   rtt SIZE COUNT                               ping-pong round trips
//   setup COUNT                                  connections one after another
//   storm COUNT INFLIGHT                         connections as fast as possible
//   mem COUNT                                    resident memory of idle connections
// --mtu: with path MTU discovery, else datagrams of 1,200 bytes.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "parley/parley.h"

namespace {

using SteadyClock = std::chrono::steady_clock;
using namespace parley;

bool discoverMtu = false;

double seconds(SteadyClock::duration d) {
  return std::chrono::duration<double>(d).count();
}

double cpuSeconds() {
  rusage u{};
  getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

long rssKib() {
  long total = 0;
  long resident = 0;
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld", &total, &resident) != 2) resident = 0;
    std::fclose(f);
  }
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

double quantile(std::vector<double> v, double q) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  return v[std::min(v.size() - 1, static_cast<std::size_t>(q * static_cast<double>(v.size())))];
}

Configuration configuration() {
  Configuration c;
  c.interfaces = {"127.0.0.1"};
  c.loopback = LoopbackMode::Always;
  c.maxMessageSize = 1 << 20;
  c.pathMtuDiscovery = discoverMtu;
  return c;
}

// A connected pair, signalled by direct calls.
struct Pair {
  PeerConnection a, b;
  DataChannel da, db;
  std::atomic<int> open{0};
  std::function<void()> onReady;
  std::function<void(DataChannel)> onRemote;

  void start(const DataChannelInit& init) {
    a = PeerConnection::create(configuration()).value();
    b = PeerConnection::create(configuration()).value();
    b.ondatachannel([this](DataChannel d) {
      db = d;
      if (onRemote) onRemote(d);
      opened();
    });
    da = a.createDataChannel("bench", init).value();
    da.onopen([this] { opened(); });
    a.onicecandidate([this](const IceCandidate& c) { b.addIceCandidate(c).value(); });
    b.onicecandidate([this](const IceCandidate& c) { a.addIceCandidate(c).value(); });
    // Each side knows the other's description before candidates can come from there.
    const SessionDescription offer = a.createOffer().value();
    b.setRemoteDescription(offer).value();
    a.setLocalDescription(offer).value();
    const SessionDescription answer = b.createAnswer().value();
    a.setRemoteDescription(answer).value();
    b.setLocalDescription(answer).value();
  }
  void opened() {
    if (++open == 2 && onReady) onReady();
  }
  void stop() {
    a.close();
    b.close();
  }
};

struct Gate {
  std::mutex m;
  std::condition_variable cv;
  int n = 0;
  void up() {
    const std::lock_guard l(m);
    ++n;
    cv.notify_all();
  }
  bool wait(int want, double secs) {
    std::unique_lock l(m);
    return cv.wait_for(l, std::chrono::duration<double>(secs), [&] { return n >= want; });
  }
};

const SctpTransportStats* sctpOf(const StatsReport& report) {
  return report.first<SctpTransportStats>();
}

int tput(std::size_t size, double secs, bool unreliable, std::size_t buffer) {
  DataChannelInit init;
  if (unreliable) {
    init.ordered = false;
    init.maxRetransmits = 0;
  }
  std::atomic<std::uint64_t> got{0};
  Gate ready;
  Pair p;
  p.onRemote = [&](DataChannel d) { d.onmessage([&](const Message& m) { got += m.data.size(); }); };
  p.onReady = [&] { ready.up(); };
  p.start(init);
  if (!ready.wait(1, 10)) return std::fprintf(stderr, "no connection\n"), 1;
  const std::vector<std::byte> message(size, std::byte{42});
  std::mutex m;
  std::condition_variable cv;
  bool low = true;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> sent{0};
  p.da.setBufferedAmountLimit(buffer);
  p.da.setBufferedAmountLowThreshold(buffer / 2);
  p.da.onbufferedamountlow([&] {
    const std::lock_guard l(m);
    low = true;
    cv.notify_one();
  });
  std::thread sender([&] {
    while (!stop) {
      {
        const std::lock_guard l(m);
        low = false;
      }
      while (!stop && p.da.send(message))
        sent += size;
      std::unique_lock l(m);
      cv.wait_for(l, std::chrono::milliseconds(20), [&] { return stop || low; });
    }
  });
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const StatsReport before = p.b.getStats().get().value();
  const std::uint64_t got0 = got;
  const std::uint64_t sent0 = sent;
  const double cpu0 = cpuSeconds();
  const auto t0 = SteadyClock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(secs));
  const auto g = static_cast<double>(got - got0);
  const auto s = static_cast<double>(sent - sent0);
  const double cpu = cpuSeconds() - cpu0;
  const double t = seconds(SteadyClock::now() - t0);
  const StatsReport after = p.b.getStats().get().value();
  const StatsReport ours = p.a.getStats().get().value();
  stop = true;
  sender.join();
  double sacks = 0;
  if (sctpOf(before) != nullptr && sctpOf(after) != nullptr)
    sacks = static_cast<double>(sctpOf(after)->sacksSent - sctpOf(before)->sacksSent);
  const auto* sctp = sctpOf(ours);
  std::printf(
      "{\"peer\":\"parley\",\"test\":\"tput\",\"mode\":\"%s\",\"size\":%zu,\"secs\":%.2f,"
      "\"MBps\":%.1f,\"Mbps\":%.0f,\"cpu_s\":%.2f,\"cpu_s_per_GB\":%.2f,\"sent_MBps\":%.1f,"
      "\"sacks_per_MB\":%.1f,\"retransmitted\":%llu,\"mtu\":%u}\n",
      unreliable ? "unreliable" : "ordered", size, t, g / t / 1e6, g * 8 / t / 1e6, cpu,
      cpu / (g / 1e9), s / t / 1e6, sacks / (g / 1e6),
      static_cast<unsigned long long>(sctp != nullptr ? sctp->retransmittedChunks : 0),
      sctp != nullptr ? sctp->mtu : 0);
  std::fflush(stdout);
  p.stop();
  return 0;
}

int rtt(std::size_t size, int count) {
  std::vector<double> us;
  us.reserve(static_cast<std::size_t>(count));
  Gate ready;
  Gate done;
  Pair p;
  const std::vector<std::byte> message(size, std::byte{1});
  SteadyClock::time_point t;
  int warm = 200;
  p.onRemote = [&](DataChannel d) {
    d.onmessage([d](const Message& m) mutable { d.send(m.data).ignore(); });
  };
  p.onReady = [&] { ready.up(); };
  p.start({});
  if (!ready.wait(1, 10)) return std::fprintf(stderr, "no connection\n"), 1;
  p.da.onmessage([&](const Message&) {
    const double d = seconds(SteadyClock::now() - t) * 1e6;
    if (warm > 0) {
      --warm;
    } else {
      us.push_back(d);
    }
    if (us.size() >= static_cast<std::size_t>(count)) return done.up();
    t = SteadyClock::now();
    p.da.send(message).ignore();
  });
  const double cpu0 = cpuSeconds();
  t = SteadyClock::now();
  p.da.send(message).ignore();
  done.wait(1, 60);
  const double cpu = cpuSeconds() - cpu0;
  p.stop();
  std::printf(
      "{\"peer\":\"parley\",\"test\":\"rtt\",\"size\":%zu,\"n\":%zu,\"p50_us\":%.1f,"
      "\"p99_us\":%.1f,\"p999_us\":%.1f,\"cpu_us_per_rtt\":%.1f}\n",
      size, us.size(), quantile(us, .5), quantile(us, .99), quantile(us, .999),
      cpu * 1e6 / static_cast<double>(us.size() + 200));
  std::fflush(stdout);
  return 0;
}

int setup(int count) {
  std::vector<double> ms;
  const double cpu0 = cpuSeconds();
  for (int i = 0; i < count; ++i) {
    Gate ready;
    Pair p;
    p.onReady = [&] { ready.up(); };
    const auto t = SteadyClock::now();
    p.start({});
    const bool ok = ready.wait(1, 10);
    const double d = seconds(SteadyClock::now() - t) * 1e3;
    if (ok) ms.push_back(d);
    p.stop();
  }
  std::printf(
      "{\"peer\":\"parley\",\"test\":\"setup\",\"n\":%zu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
      "\"min_ms\":%.2f,\"cpu_ms_per_conn\":%.2f}\n",
      ms.size(), quantile(ms, .5), quantile(ms, .99), quantile(ms, 0),
      (cpuSeconds() - cpu0) * 1e3 / count);
  std::fflush(stdout);
  return 0;
}

int storm(int count, int inflight, bool memory) {
  std::vector<std::unique_ptr<Pair>> pairs;
  Gate ready;
  if (memory) {  // the library's own start is no connection's memory
    Gate r;
    Pair p;
    p.onReady = [&] { r.up(); };
    p.start({});
    r.wait(1, 10);
    p.stop();
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  const long rss0 = rssKib();
  const double cpu0 = cpuSeconds();
  const auto t0 = SteadyClock::now();
  for (int i = 0; i < count; ++i) {
    ready.wait(i - inflight + 1, 20);
    pairs.push_back(std::make_unique<Pair>());
    pairs.back()->onReady = [&] { ready.up(); };
    pairs.back()->start({});
  }
  ready.wait(count, 20);
  const double t = seconds(SteadyClock::now() - t0);
  const double cpu = cpuSeconds() - cpu0;
  const int ok = ready.n;
  if (memory) {
    std::this_thread::sleep_for(std::chrono::seconds(3));
    const long rss1 = rssKib();
    const double idle = cpuSeconds();
    std::this_thread::sleep_for(std::chrono::seconds(5));
    std::printf(
        "{\"peer\":\"parley\",\"test\":\"mem\",\"pairs\":%d,\"rss_base_KiB\":%ld,"
        "\"rss_KiB\":%ld,\"KiB_per_pc\":%.1f,\"idle_cpu_us_per_pc_s\":%.1f}\n",
        ok, rss0, rss1, static_cast<double>(rss1 - rss0) / (2.0 * ok),
        (cpuSeconds() - idle) * 1e6 / 5 / (2.0 * ok));
  } else {
    std::printf(
        "{\"peer\":\"parley\",\"test\":\"storm\",\"n\":%d,\"inflight\":%d,"
        "\"conn_per_s\":%.1f,\"cpu_ms_per_conn\":%.2f}\n",
        ok, inflight, ok / t, cpu * 1e3 / ok);
  }
  std::fflush(stdout);
  for (auto& p : pairs)
    p->stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--mtu") {
      discoverMtu = true;
    } else {
      args.push_back(arg);
    }
  }
  const auto arg = [&](std::size_t i, const char* fallback) {
    return args.size() > i ? args[i] : std::string(fallback);
  };
  const std::string mode = arg(0, "");
  int rc = 2;
  if (mode == "tput") {
    rc = tput(std::stoul(arg(1, "16384")), std::stod(arg(2, "8")),
              arg(3, "ordered") == "unreliable", std::stoul(arg(4, "1024")) * 1024);
  } else if (mode == "rtt") {
    rc = rtt(std::stoul(arg(1, "100")), std::stoi(arg(2, "20000")));
  } else if (mode == "setup") {
    rc = setup(std::stoi(arg(1, "50")));
  } else if (mode == "storm") {
    rc = storm(std::stoi(arg(1, "200")), std::stoi(arg(2, "16")), false);
  } else if (mode == "mem") {
    rc = storm(std::stoi(arg(1, "200")), 16, true);
  } else {
    std::fprintf(stderr, "usage: datachannel_bench tput|rtt|setup|storm|mem ... [--mtu]\n");
  }
  return rc;
}
