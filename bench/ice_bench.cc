// What ICE costs. Budgets: a check parsed and verified 1 us, one that is rejected unverified 50 ns;
// whether a path is known, a few nanoseconds for every packet.
#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

#include "ice/agent.h"
#include "ice/check_message.h"

namespace {

using namespace parley;
using namespace parley::ice;

constexpr LinkId kLink{1};

Address at(const char* text) {
  return *Address::parse(text);
}

// Connected to 198.51.100.7:2000, controlled, with some pairs beside.
class Connected {
 public:
  Connected() : agent(AgentConfig{}, random_), arena_(65'536), items_(64) {
    agent.addLink(kLink, path.local, InterfaceKind::Ethernet, now);
    agent.setRemoteCredentials(remote, false, now);
    for (std::uint16_t i = 0; i < 10; ++i) {
      Candidate c;
      c.foundation = std::to_string(i);
      c.priority = 1000u - i;
      c.address = path.remote.withPort(static_cast<std::uint16_t>(2000 + i));
      static_cast<void>(agent.addRemoteCandidate(c, now));
    }
    TransmitBatch batch(arena_, items_);
    agent.pollTransmit(batch, now);
    const auto request = stun::Message::parse(batch.bytes(batch.trains()[0])).value();
    std::array<std::uint8_t, 256> room{};
    const std::size_t n = writeCheckSuccess(room, request.transactionId(), path.local, remoteKey_);
    agent.handleDatagrams(Train{path, Bytes(room).first(n)}, now);
    auto nomination = check(true);
    agent.handleDatagrams(Train{path, nomination}, now);
    drainAll();
  }
  std::vector<std::uint8_t> check(bool useCandidate) {
    const Credentials& ours = agent.localCredentials();
    crypto::HmacKey key{crypto::HmacAlgorithm::Sha1, asBytes(ours.password)};
    const std::string username = ours.ufrag + ":" + remote.ufrag;
    std::vector<std::uint8_t> out(256);
    out.resize(writeCheck(out, stun::randomTransactionId(random_),
                          {username, 1, Role::Controlling, 1, useCandidate}, key));
    return out;
  }
  void drainAll() {
    TransmitBatch batch(arena_, items_);
    drain(
        agent, batch, now, [](const TransmitBatch&) {}, [](AgentEvent&) {});
  }

 private:
  SeededRandom random_{1};
  crypto::HmacKey remoteKey_{crypto::HmacAlgorithm::Sha1, asBytes("remotepasswordremotepassword")};

 public:
  const Credentials remote{"remo", "remotepasswordremotepassword"};
  const Path path{kLink, Transport::Udp, at("192.0.2.1:1000"), at("198.51.100.7:2000")};
  Time now{};
  Agent agent;

 private:
  std::vector<std::uint8_t> arena_;
  std::vector<Transmit> items_;
};

void parseAndVerify(benchmark::State& state) {
  Connected c;
  const auto bytes = c.check(false);
  crypto::HmacKey key{crypto::HmacAlgorithm::Sha1, asBytes(c.agent.localCredentials().password)};
  for (auto _ : state) {
    const auto message = stun::Message::parse(bytes);
    const auto check = readCheck(*message);
    benchmark::DoNotOptimize(check);
    benchmark::DoNotOptimize(message->verify(key));
  }
}
BENCHMARK(parseAndVerify)->Name("ice/check_parse_and_verify");

void answerCheck(benchmark::State& state) {
  Connected c;
  auto bytes = c.check(false);
  for (auto _ : state) {
    c.agent.handleDatagrams(Train{c.path, bytes}, c.now);
    c.drainAll();
  }
}
BENCHMARK(answerCheck)->Name("ice/check_answered");

void rejectForeign(benchmark::State& state) {
  Connected c;
  auto bytes = c.check(false);
  bytes[30] ^= 1;  // in the username: the fingerprint is wrong then
  for (auto _ : state)
    c.agent.handleDatagrams(Train{c.path, bytes}, c.now);
}
BENCHMARK(rejectForeign)->Name("ice/check_malformed");

void known(benchmark::State& state) {
  Connected c;
  for (auto _ : state)
    benchmark::DoNotOptimize(c.agent.isKnown(c.path));
}
BENCHMARK(known)->Name("ice/is_known");

void count(benchmark::State& state) {
  Connected c;
  for (auto _ : state)
    c.agent.countReceived(c.path, 1, 1200, c.now);
}
BENCHMARK(count)->Name("ice/count_received");

void connectTwo(benchmark::State& state) {
  for (auto _ : state)
    Connected c;
}
BENCHMARK(connectTwo)->Name("ice/agent_made_and_connected");

}  // namespace

BENCHMARK_MAIN();
