#include "room/room_url.h"

#include <gtest/gtest.h>

namespace parley::room {
namespace {

// "secure host port base room token", absent parts as "-".
std::string taken(std::string_view text) {
  const auto url = parseRoomUrl(text);
  if (!url) return "refused: " + url.error().message;
  const auto shown = [](const std::string& s) { return s.empty() ? "-" : s; };
  return std::string(url->secure ? "tls " : "plain ") + url->host + " " +
         std::to_string(url->port) + " " + shown(url->base) + " " + url->room + " " +
         shown(url->token);
}

TEST(RoomUrlTest, SchemesChooseTlsAndThePort) {
  EXPECT_EQ(taken("https://example.org/r/blue-fox"), "tls example.org 443 - blue-fox -");
  EXPECT_EQ(taken("wss://example.org/r/blue-fox"), "tls example.org 443 - blue-fox -");
  EXPECT_EQ(taken("http://example.org/r/blue-fox"), "plain example.org 80 - blue-fox -");
  EXPECT_EQ(taken("ws://example.org/r/blue-fox"), "plain example.org 80 - blue-fox -");
  EXPECT_EQ(taken("HTTPS://example.org/r/blue-fox"), "tls example.org 443 - blue-fox -");
}

TEST(RoomUrlTest, PortsAreTaken) {
  EXPECT_EQ(taken("https://example.org:8443/r/a"), "tls example.org 8443 - a -");
  EXPECT_EQ(taken("http://127.0.0.1:65535/r/a"), "plain 127.0.0.1 65535 - a -");
  EXPECT_EQ(taken("http://localhost:1/r/a"), "plain localhost 1 - a -");
}

TEST(RoomUrlTest, Ipv6AddressesStandInBrackets) {
  EXPECT_EQ(taken("http://[::1]:8080/r/a"), "plain ::1 8080 - a -");
  EXPECT_EQ(taken("https://[2001:db8::5]/r/a"), "tls 2001:db8::5 443 - a -");
}

TEST(RoomUrlTest, TheRoomIsInThePathOrTheQuery) {
  EXPECT_EQ(taken("https://example.org/r/a/"), "tls example.org 443 - a -");
  EXPECT_EQ(taken("https://example.org/r/a?ice=relay"), "tls example.org 443 - a -");
  EXPECT_EQ(taken("https://example.org/?room=a"), "tls example.org 443 - a -");
  EXPECT_EQ(taken("https://example.org?x=1&room=a&y"), "tls example.org 443 - a -");
  EXPECT_EQ(taken("https://example.org/?rooms=b&room=a"), "tls example.org 443 - a -");
}

TEST(RoomUrlTest, AServerMayBeBehindAPrefix) {
  EXPECT_EQ(taken("https://example.org/meet/now/r/a"), "tls example.org 443 /meet/now a -");
  EXPECT_EQ(taken("https://example.org/meet/?room=a"), "tls example.org 443 /meet a -");
  EXPECT_EQ(taken("https://example.org/r/b/r/a"), "tls example.org 443 /r/b a -");
}

TEST(RoomUrlTest, TheTokenIsInTheFragment) {
  EXPECT_EQ(taken("https://example.org/r/a#token=x.y_z-1"), "tls example.org 443 - a x.y_z-1");
  EXPECT_EQ(taken("https://example.org/r/a#v=1&token=x&w"), "tls example.org 443 - a x");
  EXPECT_EQ(taken("https://example.org/?room=a#token=a=b"), "tls example.org 443 - a a=b");
  EXPECT_EQ(taken("https://example.org/r/a#token="), "tls example.org 443 - a -");
  // Within the fragment nothing else counts.
  EXPECT_EQ(taken("https://example.org/r/a#?room=b/r/c"), "tls example.org 443 - a -");
}

TEST(RoomUrlTest, RefusalsSayWhatIsWrong) {
  const std::string refused = "refused: not the address of a room: ";
  for (const char* text : {"", "example.org/r/a", "blue-fox", "https:/example.org/r/a"})
    EXPECT_EQ(taken(text), refused + "it begins with https://") << text;
  for (const char* text : {"ftp://example.org/r/a", "://example.org/r/a", "httpss://h/r/a"})
    EXPECT_EQ(taken(text), refused + "unknown scheme") << text;
  for (const char* text :
       {"https://me@example.org/r/a", "https://example.org/r/a b", "https://h/r/a\r\nX: y",
        "https://h\t/r/a", "https://h\\r\\a", "https://h/r/a#token=\x7f"})
    EXPECT_EQ(taken(text), refused + "a character that cannot be in it") << text;
  for (const char* text :
       {"https:///r/a", "https://:443/r/a", "https://h:/r/a", "https://h:0/r/a",
        "https://h:65536/r/a", "https://h:4294967739/r/a", "https://h:-1/r/a", "https://h:+1/r/a",
        "https://h:1x/r/a", "https://::1/r/a", "https://[]/r/a", "https://[::1/r/a",
        "https://[::1]8080/r/a", "https://[example.org]/r/a", "https://[127.0.0.1]/r/a"})
    EXPECT_EQ(taken(text), refused + "the host") << text;
  for (const char* text :
       {"https://h", "https://h/", "https://h/r/", "https://h/r//", "https://h/r/a/b",
        "https://h/r/-a", "https://h/r/a_b", "https://h/r/a%20b",
        "https://h/?room=", "https://h/?room=a/b", "https://h/#room=a"})
    EXPECT_EQ(taken(text), refused + "the room's name") << text;
  EXPECT_EQ(parseRoomUrl("").error().name, ErrorName::SyntaxError);
}

TEST(RoomUrlTest, NamesHaveALength) {
  const std::string most(64, 'a');
  EXPECT_EQ(taken("https://h/r/" + most), "tls h 443 - " + most + " -");
  EXPECT_FALSE(parseRoomUrl("https://h/r/" + most + "a"));
}

TEST(RoomUrlTest, TheAuthorityIsOfTheHostHeader) {
  const auto authority = [](std::string_view text) {
    return parseRoomUrl(text).value().authority();
  };
  EXPECT_EQ(authority("https://example.org/r/a"), "example.org");
  EXPECT_EQ(authority("https://example.org:443/r/a"), "example.org");
  EXPECT_EQ(authority("https://example.org:80/r/a"), "example.org:80");
  EXPECT_EQ(authority("http://example.org:80/r/a"), "example.org");
  EXPECT_EQ(authority("http://example.org:443/r/a"), "example.org:443");
  EXPECT_EQ(authority("http://[::1]:8080/r/a"), "[::1]:8080");
  EXPECT_EQ(authority("http://[::1]/r/a"), "[::1]");
}

}  // namespace
}  // namespace parley::room
