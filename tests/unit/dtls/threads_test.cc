// One Context and one Identity for sessions on several threads, each with its own sessions: what a
// server with several shards does.
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "dtls_harness.h"

namespace parley::dtls {
namespace {

TEST(DtlsThreads, shareContextAndIdentity) {
  const auto client = test::Pair::config(Role::Client);
  const auto server = test::Pair::config(Role::Server);
  std::array<int, 4> connected{};
  std::vector<std::thread> threads;
  for (int& count : connected) {
    threads.emplace_back([&count, client, server] {
      for (int i = 0; i < 20; ++i) {
        test::Pair p(client, server);
        if (p.connect() && p.send(p.client, p.server, "data")) ++count;
      }
    });
  }
  for (std::thread& t : threads)
    t.join();
  EXPECT_EQ(connected, (std::array<int, 4>{20, 20, 20, 20}));
}

}  // namespace
}  // namespace parley::dtls
