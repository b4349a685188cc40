#include "layer_rule.h"

#include <gtest/gtest.h>

#include "source_text.h"

namespace parley::tools {
namespace {

bool breaks(std::string_view path, std::string_view text) {
  return !checkSource(path, text).empty();
}

TEST(LayerRule, allowsWhatItSays) {
  EXPECT_FALSE(breaks("src/net/path.h", "#include <cstdint>\n#include \"base/strong_id.h\"\n"));
  EXPECT_FALSE(breaks("src/net/path.cc", "#include \"net/path.h\"\n"));
  EXPECT_FALSE(breaks("src/turn/server/server.cc", "#include \"stun/reader.h\"\n"));
  EXPECT_FALSE(breaks("src/crypto/hmac.cc", "#include <openssl/evp.h>\n"));
  EXPECT_FALSE(breaks("src/driver/udp.cc", "#include <sys/socket.h>\n#include <linux/udp.h>\n"));
  EXPECT_FALSE(breaks("server/http/session.cc", "#include <boost/beast/core.hpp>\n"));
  EXPECT_FALSE(breaks("sim/nat.h", "#include \"net/address.h\"\n"));
}

TEST(LayerRule, aBreakingIncludeIsABreachWithItsLine) {
  const auto breaches = checkSource("src/base/time.h", "#pragma once\n\n#include \"net/path.h\"\n");
  ASSERT_EQ(breaches.size(), 1u);
  EXPECT_EQ(breaches[0].file, "src/base/time.h");
  EXPECT_EQ(breaches[0].line, 3);
  EXPECT_EQ(breaches[0].what, "src/base may not include src/net (it may: nothing)");
}

TEST(LayerRule, edgesThatAreNotWrittenDoNotExist) {
  const std::pair<const char*, const char*> edges[] = {
      {"src/net/a.h", "crypto/hmac.h"},
      {"src/stun/a.cc", "turn/server/server.h"},
      {"src/ice/a.cc", "turn/client/client.h"},
      {"src/sctp/a.cc", "dtls/session.h"},
      {"src/peer/a.cc", "driver/udp_socket.h"},
      {"src/signal/a.cc", "driver/loop.h"},
      {"src/driver/a.cc", "turn/server/server.h"},
      {"src/turn/a.cc", "signal/hub.h"},
      {"server/relay/a.cc", "server/http/session.h"},
      {"server/relay/a.cc", "signal/hub.h"},
      {"sim/network.cc", "turn/server/server.h"},
      {"src/net/a.h", "sim/nat.h"},
      {"src/signal/a.cc", "server/config/config.h"}};
  for (const auto& [file, include] : edges)
    EXPECT_TRUE(breaks(file, "#include \"" + std::string{include} + "\"\n"))
        << file << " " << include;
}

TEST(LayerRule, keepsTheSystemOutOfTheCore) {
  for (const char* header :
       {"thread", "mutex", "atomic", "iostream", "condition_variable", "fstream", "random",
        "sys/socket.h", "arpa/inet.h", "unistd.h", "time.h", "boost/asio.hpp", "pthread.h",
        "spdlog/spdlog.h", "linux/udp.h", "nlohmann/json.hpp", "openssl/ssl.h"}) {
    EXPECT_TRUE(breaks("src/turn/a.cc", "#include <" + std::string{header} + ">\n")) << header;
    EXPECT_TRUE(breaks("sim/a.cc", "#include <" + std::string{header} + ">\n")) << header;
  }
}

TEST(LayerRule, keepsLibrariesWhereTheyBelong) {
  EXPECT_TRUE(breaks("server/relay/a.cc", "#include <openssl/ssl.h>\n"));
  EXPECT_TRUE(breaks("server/relay/a.cc", "#include <boost/asio.hpp>\n"));
  EXPECT_TRUE(breaks("server/http/a.cc", "#include <linux/udp.h>\n"));
  EXPECT_TRUE(breaks("cli/main.cc", "#include <boost/asio.hpp>\n"));
  EXPECT_TRUE(breaks("include/parley/a.h", "#include <openssl/ssl.h>\n"));
  EXPECT_TRUE(breaks("include/parley/a.h", "#include <sys/socket.h>\n"));
  EXPECT_TRUE(breaks("include/parley/a.h", "#include \"base/time.h\"\n"));
}

TEST(LayerRule, seesClocksAndRandomnessByName) {
  for (const char* code :
       {"auto t = std::chrono::steady_clock::now();", "std::random_device d;", "int r = rand();",
        "thread_local int x;", "auto* e = getenv(\"A\");", "if (errno == 1) f();"}) {
    EXPECT_TRUE(breaks("src/turn/a.cc", code)) << code;
    EXPECT_FALSE(breaks("src/driver/a.cc", code)) << code;
  }
  EXPECT_FALSE(breaks("src/turn/a.cc", "// never steady_clock\nint operand = 1; /* rand() */\n"));
  EXPECT_FALSE(breaks("src/turn/a.cc", "auto s = \"system_clock\"; auto r = R\"x(errno)x\";\n"));
}

TEST(LayerRule, knowsEveryFolder) {
  EXPECT_TRUE(breaks("src/newcomer/a.h", "int x;\n"));
  EXPECT_TRUE(breaks("src/net/a.h", "#include \"path.h\"\n"));  // not from the root of src/
  EXPECT_TRUE(breaks("src/net/a.h", "#include \"../base/time.h\"\n"));
  EXPECT_FALSE(isChecked("tests/unit/net/a.cc"));
  EXPECT_FALSE(isChecked("src/net/CMakeLists.txt"));
}

TEST(SourceText, findsIncludesAndNothingThatLooksLikeOne) {
  const auto lines = readSource(
      "/* #include <a>\n#include <b> */\n"
      "  #  include <c>\n"
      "x #include <d>\n"
      "auto t = R\"(\n#include <e>\n)\";\n"
      "int n = 1'000; #include <f>\n"
      "char q = '\"';\n#include \"g.h\"  // #include <h>\n");
  std::vector<std::string> found;
  for (const auto& line : lines)
    if (line.include) found.push_back(std::to_string(line.number) + *line.include);
  EXPECT_EQ(found, (std::vector<std::string>{"3c", "10g.h"}));
}

TEST(SourceText, survivesWhatNeverCloses) {
  for (const char* text :
       {"/*", "\"", "'", "R\"(", "R\"", "#", "#include", "#include <", "'\\", "//"})
    EXPECT_LE(readSource(text).size(), 1u) << text;
}

}  // namespace
}  // namespace parley::tools
