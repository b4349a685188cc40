#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ArgumentsTest : public ::testing::Test {
 protected:
  std::optional<ExitCode> parse(const std::vector<std::string>& words) {
    Arguments arguments("parley test", "A test.", "");
    arguments.option("room", "ROOM", "A room.", room);
    arguments.list("right", "RIGHT", "A right.", rights);
    arguments.settings(sources);
    return arguments.parse(words);
  }
  std::vector<std::string> values(const std::string& name) {
    const auto it = sources.flags.find(name);
    return it == sources.flags.end() ? std::vector<std::string>{} : it->second.values;
  }

  server::Sources sources;
  std::string room;
  std::vector<std::string> rights;
};

TEST_F(ArgumentsTest, OnlyWhatWasGivenIsAFlag) {
  EXPECT_EQ(parse({"--http-port", "80", "--room=blue"}), std::nullopt);
  EXPECT_EQ(sources.flags.size(), 1u);
  EXPECT_THAT(values("http-port"), ElementsAre("80"));
  EXPECT_EQ(sources.flags["http-port"].source, "--http-port");
  EXPECT_EQ(room, "blue");
}

TEST_F(ArgumentsTest, ListsAreRepeatedOrSeparatedByCommas) {
  EXPECT_EQ(parse({"--host", "a,b", "--host", "c", "--right", "x", "--right", "y"}), std::nullopt);
  EXPECT_THAT(values("host"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(rights, ElementsAre("x", "y"));
}

TEST_F(ArgumentsTest, SecretsKeepTheirCommas) {
  EXPECT_EQ(parse({"--turn-user", "ann:a,b", "--turn-user", "bo:c"}), std::nullopt);
  EXPECT_THAT(values("turn-user"), ElementsAre("ann:a,b", "bo:c"));
}

TEST_F(ArgumentsTest, FlagsMayHaveAValue) {
  EXPECT_EQ(parse({"--lan", "--http-port", "80"}), std::nullopt);
  EXPECT_THAT(values("lan"), ElementsAre("true"));
  sources = {};
  EXPECT_EQ(parse({"--lan=false"}), std::nullopt);
  EXPECT_THAT(values("lan"), ElementsAre("false"));
}

TEST_F(ArgumentsTest, TheConfigurationFileIsNamed) {
  EXPECT_EQ(parse({"--config", "/c.toml"}), std::nullopt);
  EXPECT_EQ(sources.configFile, "/c.toml");
  EXPECT_THAT(sources.flags, IsEmpty());
}

TEST_F(ArgumentsTest, MistakesAreUsageErrors) {
  EXPECT_EQ(parse({"--nonsense"}), ExitCode::Usage);
  EXPECT_EQ(parse({"--http-port"}), ExitCode::Usage);
  EXPECT_EQ(parse({"stray"}), ExitCode::Usage);
  EXPECT_EQ(parse({"--help"}), ExitCode::Done);
}

TEST_F(ArgumentsTest, ASettingGivenTwiceIsFoundByTheLoader) {
  EXPECT_EQ(parse({"--http-port", "80", "--http-port", "81"}), std::nullopt);
  sources.defaultStateDir = "/tmp";
  const auto loaded = server::load(sources);
  ASSERT_EQ(loaded.errors.size(), 1u);
  EXPECT_EQ(loaded.errors[0].text(),
            "http-port = 2 values (--http-port): takes exactly one value; give it once");
}

}  // namespace
}  // namespace parley::cli
