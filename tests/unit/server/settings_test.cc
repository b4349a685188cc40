#include "server/config/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include "server/config/load.h"

namespace parley::server {
namespace {

TEST(Settings, NamesAreUniqueAndKebabCase) {
  std::set<std::string_view> names;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    EXPECT_EQ(setting.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
              std::string_view::npos)
        << setting.name;
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_EQ(setting.help.back(), '.') << setting.name;
    EXPECT_NE(setting.name, "config") << "taken by --config";
  }
}

TEST(Settings, EnvironmentNamesLeadBack) {
  for (const Setting& setting : settings()) {
    const auto gathered = gatherEnvironment({environmentName(setting) + "=x"});
    EXPECT_TRUE(gathered.warnings.empty()) << setting.name;
    EXPECT_EQ(gathered.given.count(setting.name), 1u) << setting.name;
  }
}

TEST(Settings, ANearNameIsFoundAndAFarOneIsNot) {
  EXPECT_EQ(nearestSetting("htpp-port")->name, "http-port");
  EXPECT_EQ(nearestSetting("turnport")->name, "turn-port");
  EXPECT_EQ(nearestSetting("room_size")->name, "room-size");
  EXPECT_EQ(nearestSetting("xyzzyplugh"), nullptr);
  EXPECT_EQ(nearestSetting(std::string(100000, 'a')), nullptr);
}

// `PARLEY_UPDATE_DOCS=1` writes the page anew instead of comparing.
TEST(Settings, TheDocumentationIsMadeOfTheTable) {
  const std::string path = std::string(PARLEY_SOURCE_DIR) + "/docs/configuration.md";
  const std::string wanted = settingsMarkdown();
  if (std::getenv("PARLEY_UPDATE_DOCS") != nullptr) std::ofstream(path) << wanted;
  std::ifstream in(path);
  const std::string found{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(found, wanted) << "run: PARLEY_UPDATE_DOCS=1 build/release/tests/config_test "
                              "--gtest_filter=Settings.*";
}

}  // namespace
}  // namespace parley::server
