#include "signal/json_scan.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/random.h"

namespace parley::signal {
namespace {

bool accepts(std::string_view text) {
  return scanJsonObject(text).ok();
}

TEST(JsonScanTest, FieldsLieWhereTheyAre) {
  const std::string text =
      R"( {"a" : 1.50e2 ,"b":{"x":[1,{"y":null}]}, "c":"q\"\u00e9","d":true} )";
  const auto o = scanJsonObject(text);
  ASSERT_TRUE(o.ok());
  ASSERT_EQ(o->size(), 4u);
  EXPECT_EQ(o->find("a")->value, "1.50e2");
  EXPECT_EQ(o->find("a")->kind, JsonKind::Number);
  EXPECT_EQ(o->find("b")->value, R"({"x":[1,{"y":null}]})");
  EXPECT_EQ(o->find("b")->kind, JsonKind::Object);
  EXPECT_EQ(decodeJsonString(o->find("c")->value), "q\"\xc3\xa9");
  EXPECT_EQ(o->find("d")->kind, JsonKind::Boolean);
  EXPECT_EQ(o->find("e"), nullptr);
}

TEST(JsonScanTest, RefusesWhatIsNotJson) {
  for (const char* bad : {"",
                          " ",
                          "[]",
                          "1",
                          "\"a\"",
                          "null",
                          "{",
                          "}",
                          "{}{}",
                          "{} x",
                          "{,}",
                          "{\"a\"}",
                          "{\"a\":}",
                          "{\"a\":1,}",
                          "{\"a\":1 \"b\":2}",
                          "{a:1}",
                          "{'a':1}",
                          "{\"a\":01}",
                          "{\"a\":1.}",
                          "{\"a\":.1}",
                          "{\"a\":+1}",
                          "{\"a\":-}",
                          "{\"a\":1e}",
                          "{\"a\":0x1}",
                          "{\"a\":tru}",
                          "{\"a\":True}",
                          "{\"a\":NaN}",
                          "{\"a\":[1,]}",
                          "{\"a\":[,1]}",
                          "{\"a\":[1 2]}",
                          "{\"a\":[}",
                          "{\"a\":{\"b\":1]}",
                          "{\"a\":{,}}",
                          "{\"a\":\"\n\"}",
                          "{\"a\":\"\\x\"}",
                          "{\"a\":\"\\u12g4\"}",
                          "{\"a\":\"\\u12\"}",
                          "{\"a\":\"\\",
                          "{\"a\":\"",
                          "{\"a\":\"\\ud800\"}",
                          "{\"a\":\"\\udc00\"}",
                          "{\"a\":\"\\ud800\\u0041\"}",
                          "{\"a\":\"\xff\"}",
                          "{\"a\":\"\xc3\"}",
                          "{\"a\":\"\xed\xa0\x80\"}",
                          "{\"a\":/**/1}",
                          "\xef\xbb\xbf{}"})
    EXPECT_FALSE(accepts(bad)) << bad;
  EXPECT_FALSE(accepts(std::string_view("{\"a\":\0}", 7)));
  EXPECT_FALSE(accepts(std::string_view("{\"a\":\"\0\"}", 9)));
}

TEST(JsonScanTest, TakesWhatIsJson) {
  for (const char* good :
       {"{}", "\t\r\n{ }\n", "{\"\":0}", "{\"a\":-0.0e-0}", "{\"a\":[]}", "{\"a\":[[],{}]}",
        "{\"a\":{\"b\":{}}}", "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\"}", "{\"a\":\"\x7f\"}"})
    EXPECT_TRUE(accepts(good)) << good;
}

TEST(JsonScanTest, OutermostNamesArePlainAndSingle) {
  EXPECT_FALSE(accepts(R"({"a":1,"a":2})"));
  EXPECT_FALSE(accepts(R"({"\u0061":1})"));
  EXPECT_TRUE(accepts(R"({"b":{"a":1,"a":2}})")) << "inner objects are passed on as they are";
}

TEST(JsonScanTest, DepthIsBoundedAndDoesNotRecurse) {
  const auto nested = [](std::size_t depth) {  // depth counts the outermost object
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(accepts(nested(kMaxJsonDepth)));
  EXPECT_FALSE(accepts(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(accepts(nested(30000)));
  std::string objects = "{\"a\":1}";
  for (std::size_t i = 1; i < kMaxJsonDepth; ++i)
    objects = "{\"a\":" + objects + "}";
  EXPECT_TRUE(accepts(objects));
  EXPECT_FALSE(accepts("{\"a\":" + objects + "}"));
}

TEST(JsonScanTest, ValuesAndFieldsAreBounded) {
  const auto list = [](std::size_t n) {
    std::string s = "{\"a\":[0";
    for (std::size_t i = 1; i < n; ++i)
      s += ",0";
    return s + "]}";
  };
  EXPECT_TRUE(accepts(list(kMaxJsonValues - 2)));  // and the object, and the array
  EXPECT_FALSE(accepts(list(kMaxJsonValues - 1)));
  const auto fields = [](std::size_t n) {
    std::string s = "{";
    for (std::size_t i = 0; i < n; ++i)
      s += (i ? "," : "") + ("\"f" + std::to_string(i)) + "\":0";
    return s + "}";
  };
  EXPECT_TRUE(accepts(fields(kMaxJsonFields)));
  EXPECT_FALSE(accepts(fields(kMaxJsonFields + 1)));
}

TEST(JsonScanTest, CountsAreWholeAndSafeInJavaScript) {
  EXPECT_EQ(parseJsonCount("0"), 0u);
  EXPECT_EQ(parseJsonCount("9007199254740991"), 9007199254740991u);
  for (const char* bad :
       {"9007199254740992", "-1", "1.0", "1e3", "99999999999999999999", "\"1\"", "true"})
    EXPECT_EQ(parseJsonCount(bad), std::nullopt) << bad;
}

TEST(JsonScanTest, StringsAreWrittenSoThatTheyReadBack) {
  std::string all;
  for (int c = 1; c < 128; ++c)
    all.push_back(static_cast<char>(c));
  all += "\xed\x95\x9c\xf0\x9f\x98\x80";
  std::string out;
  appendJsonString(all, out);
  EXPECT_EQ(decodeJsonString(out), all);
  EXPECT_EQ(nlohmann::json::parse(out).get<std::string>(), all);
}

// Whatever bytes come, the scanner and nlohmann::json agree on whether they are a JSON object,
// but for what the scanner refuses on purpose.
TEST(JsonScanTest, AgreesWithNlohmannOnMutatedText) {
  const std::string seed =
      R"({"type":"signal","seq":12,"to":"AAAAAAAAAAAAAAAAAAAAAA","data":{"candidate":{"candidate":)"
      R"("candidate:1 1 udp 2122 192.0.2.1 5000 typ host","sdpMid":null,"n":[1,-2.5e+3,true,"\ud83d\ude00 é\\"]}}})";
  constexpr std::string_view kBytes = "{}[]\",:\\u0123eE+-.tfn d8\x80\xc3\n\x01";
  SeededRandom random(11);
  std::size_t same = 0;
  for (int i = 0; i < 60000; ++i) {
    std::string text = seed;
    const std::uint64_t changes = 1 + random.below(3);
    for (std::uint64_t k = 0; k < changes; ++k) {
      const std::size_t at = random.below(text.size());
      switch (random.below(3)) {
        case 0:
          text[at] = kBytes[random.below(kBytes.size())];
          break;
        case 1:
          text.erase(at, 1 + random.below(4));
          break;
        default:
          text.insert(at, 1, kBytes[random.below(kBytes.size())]);
      }
      if (text.empty()) text = "x";
    }
    const auto ours = scanJsonObject(text);
    const auto theirs = nlohmann::json::parse(text, nullptr, false);
    const bool expected = theirs.is_object();
    if (ours.ok()) {
      EXPECT_TRUE(expected) << text;
    } else if (expected) {
      const std::string why = ours.error();
      EXPECT_TRUE(why.find("twice") != std::string::npos || why.find("escape") != std::string::npos)
          << why << ": " << text;
    }
    same += ours.ok() == expected ? 1 : 0;
  }
  EXPECT_GT(same, 59000u);
}

}  // namespace
}  // namespace parley::signal
