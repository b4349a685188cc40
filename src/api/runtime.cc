#include "api/runtime.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "api/shard.h"
#include "crypto/random.h"
#include "dtls/context.h"

namespace parley::api {
namespace {

constexpr unsigned kMaxShards = 8;

struct Runtime {
  Runtime() {
    // OpenSSL is set up, and its end of the process registered, before ours: so ours comes first.
    std::array<std::uint8_t, 1> byte{};
    crypto::SystemRandom().fill(byte);
    const unsigned n = std::clamp(std::thread::hardware_concurrency(), 1u, kMaxShards);
    for (unsigned i = 0; i < n; ++i)
      shards.push_back(std::make_unique<Shard>());
  }
  dtls::Context dtls;
  std::vector<std::unique_ptr<Shard>> shards;
  std::atomic<std::size_t> next{0};
};

// Never destroyed: handles may outlive main(). Its threads are stopped before the process ends.
Runtime& runtime() {
  static Runtime* const instance = new Runtime;
  struct Stopper {
    ~Stopper() {
      for (const auto& shard : instance->shards)
        shard->stop();
    }
  };
  static const Stopper stopper;
  return *instance;
}

}  // namespace

Shard& pickShard() {
  Runtime& r = runtime();
  return *r.shards[r.next.fetch_add(1, std::memory_order_relaxed) % r.shards.size()];
}

dtls::Context& dtlsContext() {
  return runtime().dtls;
}

}  // namespace parley::api
