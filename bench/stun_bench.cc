// What STUN costs. Budgets: a message parsed and verified 1 us and its HMAC, one that is rejected
// unverified 50 ns.
#include <benchmark/benchmark.h>

#include <vector>

#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/message_writer.h"

namespace {

using namespace parley;
using namespace parley::stun;

crypto::HmacKey makeKey() {
  const LongTermKey key(PasswordAlgorithm::Md5, "1800000000:member", "example.org", "password");
  return {crypto::HmacAlgorithm::Sha1, key.bytes()};
}

// A Refresh as browsers send it.
std::vector<std::uint8_t> refresh(crypto::HmacKey& key) {
  std::vector<std::uint8_t> out(512);
  MessageWriter w(out, Method::Refresh, Class::Request, {{1, 2, 3}});
  w.u32(attr::kLifetime, 600);
  w.text(attr::kUsername, "1800000000:member");
  w.text(attr::kRealm, "example.org");
  w.text(attr::kNonce, "obMatJos2gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  w.integrity(key);
  out.resize(w.finish());
  return out;
}

void parse(benchmark::State& state) {
  auto key = makeKey();
  const auto bytes = refresh(key);
  for (auto _ : state)
    benchmark::DoNotOptimize(Message::parse(bytes));
}
BENCHMARK(parse)->Name("stun/parse");

void parseAndVerify(benchmark::State& state) {
  auto key = makeKey();
  const auto bytes = refresh(key);
  for (auto _ : state) {
    const auto m = Message::parse(bytes);
    benchmark::DoNotOptimize(m->verify(key));
  }
}
BENCHMARK(parseAndVerify)->Name("stun/parse_and_verify");

void hmacAlone(benchmark::State& state) {
  auto key = makeKey();
  const auto bytes = refresh(key);
  std::uint8_t tag[20];
  for (auto _ : state) {
    key.sign(bytes, {}, tag);
    benchmark::DoNotOptimize(tag);
  }
}
BENCHMARK(hmacAlone)->Name("stun/hmac_alone");

// Without the cookie, with a length that lies, with an attribute that reaches beyond the end.
void reject(benchmark::State& state) {
  auto key = makeKey();
  auto bytes = refresh(key);
  if (state.range(0) == 0) bytes[4] ^= 1;
  if (state.range(0) == 1) bytes[3] ^= 4;
  if (state.range(0) == 2) bytes[bytes.size() - 22] = 0xff;
  for (auto _ : state)
    benchmark::DoNotOptimize(Message::parse(bytes));
}
BENCHMARK(reject)->Name("stun/reject")->DenseRange(0, 2);

void writeBinding(benchmark::State& state) {
  std::uint8_t out[64];
  const Address address(IpAddress::v4(192, 0, 2, 1), 4000);
  for (auto _ : state) {
    MessageWriter w(out, Method::Binding, Class::Success, {});
    w.xorAddress(attr::kXorMappedAddress, address);
    benchmark::DoNotOptimize(w.finish());
  }
}
BENCHMARK(writeBinding)->Name("stun/write_binding_answer");

}  // namespace

BENCHMARK_MAIN();
