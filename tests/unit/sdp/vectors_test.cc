// What other programs send, read and written: every line that went in comes out.
#include "vectors.h"

#include <gmock/gmock.h>

#include <set>
#include <sstream>

#include "sdp/session_description.h"

namespace parley::sdp {
namespace {

// The lines with the section they are in; what may be written otherwise in one form.
std::multiset<std::string> lines(const std::string& text) {
  std::multiset<std::string> out;
  std::istringstream in(text);
  int section = 0;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    while (line.back() == ' ' || line.back() == ';')
      line.pop_back();
    if (line.rfind("m=", 0) == 0) ++section;
    out.insert(std::to_string(section) + " " + line);
  }
  return out;
}

class Vectors : public testing::TestWithParam<std::string> {};

TEST_P(Vectors, NoLineIsLost) {
  const std::string text = vectorText(GetParam());
  const auto d = parse(text);
  ASSERT_TRUE(d.ok()) << d.error().describe();
  const std::string written = write(*d);
  std::multiset<std::string> after = lines(written);
  for (const std::string& line : lines(text)) {
    const auto at = after.find(line);
    EXPECT_TRUE(at != after.end()) << "lost: " << line;
    if (at != after.end()) after.erase(at);
  }
  // Nothing comes in but the names of payload types that need no a=rtpmap.
  for (const std::string& line : after)
    EXPECT_THAT(line, testing::HasSubstr("a=rtpmap:"));
  const auto again = parse(written);
  ASSERT_TRUE(again.ok()) << again.error().describe();
  EXPECT_EQ(*again, *d);
}

INSTANTIATE_TEST_SUITE_P(Captured, Vectors, testing::ValuesIn(vectorNames()),
                         [](const auto& i) { return i.param; });

}  // namespace
}  // namespace parley::sdp
