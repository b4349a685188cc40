// What a signalling message costs in the hub, sockets not counted. Budget: 5 µs a relayed message.
#include <benchmark/benchmark.h>

#include <string>

#include "signal/hub.h"
#include "signal/json_scan.h"

namespace {

using namespace parley;
using namespace parley::signal;

const WallTime kWall = wallTimeFromUnixSeconds(1'790'000'000);

HubConfig config() {
  HubConfig c;
  c.serverKey.assign(32, 1);
  c.messagesPerSecond = 1e9;
  c.bytesPerSecond = 1e12;
  c.messageBurst = 1e9;
  c.byteBurst = 1e12;
  c.membersPerSource = c.connectionsPerSource = c.roomsPerSource = 100000;
  c.maxConnections = c.maxMembers = c.maxRooms = 100000;
  return c;
}

class Bench {
 public:
  Bench()
      : hub_(
            config(), random_, rooms_, [](const IceRequest&, WallTime) { return IceServerList{}; },
            nullptr, now_) {}

  // Joins and gives the member's id.
  std::string join(ConnectionId id, const std::string& room) {
    hub_.handleOpened(id, IpAddress::v4(10, 0, 0, 1), now_);
    hub_.handleText(id, R"({"type":"join","room":")" + room + R"(","name":"Ada"})", now_, kWall);
    std::string self;
    while (auto effect = hub_.pollEffect()) {
      const auto* sent = std::get_if<SendText>(&*effect);
      if (sent == nullptr || sent->connection != id) continue;
      const auto welcome = scanJsonObject(sent->text);
      if (welcome.ok() && welcome->find("self") != nullptr)
        self = decodeJsonString(welcome->find("self")->value);
    }
    return self;
  }
  void say(ConnectionId id, const std::string& text) {
    now_ += 10us;
    hub_.handleText(id, text, now_, kWall);
    while (auto effect = hub_.pollEffect())
      benchmark::DoNotOptimize(effect);
  }
  Hub& hub() { return hub_; }

 private:
  SeededRandom random_{1};
  MemoryRoomDirectory rooms_;
  Time now_{1000s};
  Hub hub_;
};

// One signal relayed, its acknowledgements both ways included (one in 16 or 32 KiB, as clients do).
void relay(benchmark::State& state) {
  Bench bench;
  const ConnectionId a{1};
  const ConnectionId b{2};
  bench.join(a, "room");
  const std::string to = bench.join(b, "room");
  const std::string payload(static_cast<std::size_t>(state.range(0)), 'c');
  const std::string data = R"(","data":{"candidate":{"candidate":")" + payload +
                           R"(","sdpMid":"0","sdpMLineIndex":0},"session":"k3"}})";
  std::uint64_t seq = 0;
  std::uint64_t received = 0;
  const std::uint64_t ackEvery = payload.size() > 2048 ? 1 + 32768 / payload.size() : 16;
  for (auto _ : state) {
    ++seq;
    bench.say(a, R"({"type":"signal","seq":)" + std::to_string(seq) + R"(,"to":")" + to + data);
    if (++received % ackEvery == 0)
      bench.say(b, R"({"type":"ack","ack":)" + std::to_string(received) + "}");
  }
  if (bench.hub().stats().relayed != seq) state.SkipWithError("not all was relayed");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(relay)->Arg(150)->Arg(6000)->Arg(60000);

// A socket comes, opens a room, leaves and goes: key, id and proof are made, and an answer written.
void joinAndLeave(benchmark::State& state) {
  Bench bench;
  std::uint64_t n = 0;
  for (auto _ : state) {
    const ConnectionId id{++n};
    bench.join(id, "room");
    bench.say(id, R"({"type":"leave"})");
    bench.hub().handleClosed(id, Time(1h));
  }
}
BENCHMARK(joinAndLeave);

void ping(benchmark::State& state) {
  Bench bench;
  bench.join(ConnectionId(1), "room");
  for (auto _ : state)
    bench.say(ConnectionId(1), R"({"type":"ping","t":1234.5})");
}
BENCHMARK(ping);

void scan(benchmark::State& state) {
  const std::string text =
      R"({"type":"signal","seq":12,"to":"AAECAwQFBgcICQoLDA0ODw","data":{"x":")" +
      std::string(static_cast<std::size_t>(state.range(0)), 's') + "\"}}";
  for (auto _ : state)
    benchmark::DoNotOptimize(scanJsonObject(text).ok());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(scan)->Arg(150)->Arg(6000);

}  // namespace

BENCHMARK_MAIN();
