#include "server/relay/live_relays.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace parley::server {
namespace {

const IpAddress kOne = IpAddress::v4(192, 0, 2, 1);
const IpAddress kTwo = IpAddress::v4(192, 0, 2, 2);

TEST(LiveRelays, KnowsExactlyWhatIsLive) {
  const std::vector<IpAddress> ips = {kOne, kTwo};
  LiveRelays live(ips);
  EXPECT_FALSE(live.isLive(Address(kOne, 50'000)));
  for (const std::uint16_t port : std::initializer_list<std::uint16_t>{0, 63, 64, 50'000, 65'535}) {
    live.setLive(Address(kOne, port), true);
    EXPECT_TRUE(live.isLive(Address(kOne, port)));
    EXPECT_FALSE(live.isLive(Address(kTwo, port)));
  }
  EXPECT_FALSE(live.isLive(Address(kOne, 50'001)));
  live.setLive(Address(kOne, 63), false);
  EXPECT_FALSE(live.isLive(Address(kOne, 63)));
  EXPECT_TRUE(live.isLive(Address(kOne, 64)));
}

TEST(LiveRelays, OtherAddressesAreNeverLive) {
  const std::vector<IpAddress> ips = {kOne};
  LiveRelays live(ips);
  live.setLive(Address(kTwo, 7), true);
  EXPECT_FALSE(live.isLive(Address(kTwo, 7)));
}

TEST(LiveRelays, ShardsDoNotOverwriteEachOther) {
  const std::vector<IpAddress> ips = {kOne};
  LiveRelays live(ips);
  std::vector<std::thread> shards;
  for (unsigned shard = 0; shard < 4; ++shard) {
    shards.emplace_back([&live, shard] {
      // Neighbouring ports, so that shards meet in the same words.
      for (unsigned port = shard; port < 65'536; port += 4) {
        const Address a(kOne, static_cast<std::uint16_t>(port));
        live.setLive(a, true);
        if (port % 3 == 0) live.setLive(a, false);
      }
    });
  }
  for (std::thread& t : shards) {
    t.join();
  }
  for (unsigned port = 0; port < 65'536; ++port) {
    ASSERT_EQ(live.isLive(Address(kOne, static_cast<std::uint16_t>(port))), port % 3 != 0);
  }
}

}  // namespace
}  // namespace parley::server
