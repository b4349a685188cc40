#include "turn/server/config.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace parley::turn {
namespace {

Config good() {
  Config config;
  config.credentials.users = {{"alice", "secret"}};
  config.relayAddresses = {{*IpAddress::parse("127.0.0.1"), {}}};
  return config;
}

TEST(Config, theDefaultsAreGood) {
  EXPECT_TRUE(validate(Config{}).ok());
  EXPECT_TRUE(validate(good()).ok());
}

TEST(Config, namesTheFieldThatIsWrong) {
  const std::pair<const char*, std::function<void(Config&)>> cases[] = {
      {"realm", [](Config& c) { c.realm = ""; }},
      {"realm", [](Config& c) { c.realm = std::string(kMaxRealmLength + 1, 'r'); }},
      {"realm", [](Config& c) { c.realm = "a:b"; }},
      {"realm", [](Config& c) { c.realm = "a\"b"; }},
      {"credentials.users", [](Config& c) { c.credentials.users[0].name = ""; }},
      {"credentials.users", [](Config& c) { c.credentials.users[0].name = "a:b"; }},
      {"credentials.users", [](Config& c) { c.credentials.users[0].name.assign(600, 'a'); }},
      {"credentials.users", [](Config& c) { c.credentials.users[0].password = ""; }},
      {"credentials.secrets", [](Config& c) { c.credentials.secrets = {""}; }},
      {"relayAddresses", [](Config& c) { c.relayAddresses[0].bind = IpAddress::any(Family::V4); }},
      {"relayAddresses",
       [](Config& c) { c.relayAddresses[0].announced = IpAddress::loopback(Family::V6); }},
      {"relayAddresses",
       [](Config& c) { c.relayAddresses[0].announced = IpAddress::any(Family::V4); }},
      {"relayAddresses",
       [](Config& c) { c.relayAddresses[0].bind = *IpAddress::parse("::ffff:1.2.3.4"); }},
      {"relayAddresses",
       [](Config& c) { c.relayAddresses.resize(kMaxRelayAddresses + 1, c.relayAddresses[0]); }},
      {"minPort", [](Config& c) { c.minPort = 0; }},
      {"minPort", [](Config& c) { c.maxPort = c.minPort; }},
      {"minPort", [](Config& c) { c.maxPort = 1; }},
      {"maxLifetime", [](Config& c) { c.maxLifetime = 599s; }},
      {"maxLifetime", [](Config& c) { c.maxLifetime = 25h; }},
      {"maxAllocations", [](Config& c) { c.maxAllocations = 0; }},
      {"maxAllocations", [](Config& c) { c.maxAllocations = 2'000'000; }},
      {"errorsPerSecond", [](Config& c) { c.errorsPerSecond = 0; }},
      {"errorsPerSecond", [](Config& c) { c.errorBurst = 0; }},
  };
  for (const auto& [field, spoil] : cases) {
    Config config = good();
    spoil(config);
    const Status status = validate(config);
    ASSERT_FALSE(status.ok()) << field;
    EXPECT_EQ(std::string(status.error().what()).rfind(field, 0), 0u) << status.error().what();
  }
}

}  // namespace
}  // namespace parley::turn
