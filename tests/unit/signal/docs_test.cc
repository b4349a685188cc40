// docs/signalling.md and its schema against the code: error codes, limits and the examples.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "json_schema.h"
#include "signal/hub_config.h"
#include "signal/message.h"
#include "signal/signal_error.h"

namespace parley::signal::test {
namespace {

using Json = nlohmann::json;

std::vector<std::string> documentLines() {
  std::ifstream file(std::string(PARLEY_SOURCE_DIR) + "/docs/signalling.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    lines.push_back(line);
  return lines;
}

// The cells of a row of a table, trimmed.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> out;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, '|');) {
    const std::size_t begin = cell.find_first_not_of(" `");
    const std::size_t end = cell.find_last_not_of(" `");
    out.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return out;
}

void replaceAll(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at))
    text.replace(at, from.size(), to);
}

TEST(SignallingDocumentTest, ErrorCodesAreThoseOfTheCode) {
  std::set<std::string> seen;
  bool inTable = false;
  for (const std::string& line : documentLines()) {
    if (line.rfind("## ", 0) == 0) inTable = line.find("Error codes") != std::string::npos;
    const auto row = cells(line);
    if (!inTable || row.size() < 6 || line.rfind("| `", 0) != 0) continue;
    const auto code = signalErrorFromName(row[1]);
    ASSERT_TRUE(code) << row[1] << " is not in the code";
    const SignalErrorInfo& i = info(*code);
    EXPECT_EQ(row[2], i.fatal ? "yes" : "no") << row[1];
    EXPECT_EQ(row[3], i.fatal ? std::to_string(i.close) : "") << row[1];
    EXPECT_EQ(row[5], i.refused ? "refused" : "failed") << row[1];
    seen.insert(row[1]);
  }
  EXPECT_EQ(seen.size(), kSignalErrors);
}

TEST(SignallingDocumentTest, ExamplesFitTheSchema) {
  int checked = 0;
  for (const std::string& line : documentLines()) {
    const bool fromClient = line.rfind("A> {", 0) == 0 || line.rfind("B> {", 0) == 0;
    const bool fromServer = line.rfind("A< {", 0) == 0 || line.rfind("B< {", 0) == 0;
    if ((!fromClient && !fromServer) || line.find(",…") != std::string::npos) continue;
    // "…" in an example stands for the rest of an id or a value.
    std::string text = line.substr(3);
    replaceAll(text, "{…}", "{}");
    replaceAll(text, "\"zH3…\"", "\"AAAAAAAAAAAAAAAAAAAAAA\"");
    replaceAll(text, "\"pS0b…\"", "\"AAAAAAAAAAAAAAAAAAAAAA\"");
    const Json m = Json::parse(text, nullptr, false);
    ASSERT_FALSE(m.is_discarded()) << text;
    EXPECT_EQ(JsonSchema::signalling().check(m, fromClient ? "clientMessage" : "serverMessage"), "")
        << text;
    if (fromClient) {
      EXPECT_TRUE(parseClientMessage(text).ok()) << text;
    }
    ++checked;
  }
  EXPECT_GE(checked, 10);
}

TEST(SignallingDocumentTest, TheSchemaRefuses) {
  const JsonSchema& schema = JsonSchema::signalling();
  for (const char* bad :
       {R"({"type":"pong","x":1})", R"({"type":"ack"})", R"({"type":"ack","ack":-1})",
        R"({"type":"error","code":"unheard-of","message":"","fatal":true})",
        R"({"type":"peer-left","seq":0,"id":"AAAAAAAAAAAAAAAAAAAAAA","reason":"left"})",
        R"({"type":"signal","seq":1,"from":"short","data":{}})", R"({"type":"welcome"})"})
    EXPECT_NE(schema.check(Json::parse(bad), "serverMessage"), "") << bad;
  EXPECT_EQ(schema.check(Json::parse(R"({"type":"pong"})"), "serverMessage"), "");
}

TEST(SignallingDocumentTest, DefaultsAreTheOnesPromised) {
  const HubConfig c;
  EXPECT_EQ(c.roomMembers, 16u);
  EXPECT_EQ(c.messageBytes, 65536u);
  EXPECT_EQ(c.bufferBytes, 262144u);
  EXPECT_EQ(c.resumeWithin, Duration(30s));
  EXPECT_EQ(c.joinWithin, Duration(10s));
  EXPECT_EQ(c.idleAfter, Duration(90s));
  EXPECT_EQ(c.pingEvery, Duration(25s));
  EXPECT_EQ(c.proofLife, Duration(2h));
  EXPECT_EQ(c.locksKept, Duration(10min));
}

}  // namespace
}  // namespace parley::signal::test
