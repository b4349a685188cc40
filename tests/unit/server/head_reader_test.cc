#include "server/http/head_reader.h"

#include <gtest/gtest.h>

namespace parley::server {
namespace {

using State = HeadReader::State;

State feed(HeadReader& reader, std::string_view text) {
  return reader.feed(asBytes(text));
}

constexpr std::string_view kUpgrade =
    "GET /signal HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive, Upgrade\r\n"
    "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://localhost:8080\r\n"
    "Sec-Fetch-Site: same-origin\r\nX-Forwarded-For: 1.1.1.1\r\nx-forwarded-for: 2.2.2.2\r\n\r\n";

TEST(HeadReader, ReadsAnUpgradeByteByByte) {
  HeadReader reader;
  for (std::size_t i = 0; i + 1 < kUpgrade.size(); ++i)
    ASSERT_EQ(feed(reader, kUpgrade.substr(i, 1)), State::NeedMore) << i;
  ASSERT_EQ(feed(reader, "\n"), State::Done);
  const RequestHead& head = reader.head();
  EXPECT_EQ(head.method, "GET");
  EXPECT_EQ(head.target, "/signal");
  EXPECT_EQ(head.host, "localhost:8080");
  EXPECT_EQ(head.hostCount, 1u);
  EXPECT_EQ(head.origin, "http://localhost:8080");
  EXPECT_TRUE(head.upgradeWebSocket);
  EXPECT_TRUE(head.webSocketVersion13);
  EXPECT_EQ(head.webSocketKey, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_TRUE(head.secFetch);
  EXPECT_EQ(head.forwardedFor, "1.1.1.1, 2.2.2.2");
  EXPECT_FALSE(head.hasBody);
}

TEST(HeadReader, KeepsWhatComesAfter) {
  HeadReader reader;
  EXPECT_EQ(feed(reader, "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next"), State::Done);
  EXPECT_EQ(reader.rest(), "GET /next");
}

TEST(HeadReader, SeesBodies) {
  for (const char* field : {"Content-Length: 5", "Transfer-Encoding: chunked"}) {
    HeadReader reader;
    ASSERT_EQ(feed(reader, std::string("POST / HTTP/1.1\r\nHost: a\r\n") + field + "\r\n\r\n"),
              State::Done);
    EXPECT_TRUE(reader.head().hasBody) << field;
  }
  HeadReader none;
  ASSERT_EQ(feed(none, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"), State::Done);
  EXPECT_FALSE(none.head().hasBody);
}

TEST(HeadReader, RefusesWhatIsNotHttp) {
  for (const char* text :
       {"RUBBISH\r\n\r\n", "\x16\x03\x01\x02", "GET / HTTP/1.1\r\nHost a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n"
        "\r\n",
        "GET /\r\n\r\n"}) {
    HeadReader reader;
    EXPECT_EQ(feed(reader, text), State::Bad) << text;
    EXPECT_EQ(reader.badStatus(), 400u) << text;
  }
  HeadReader version;
  EXPECT_EQ(feed(version, "GET / HTTP/7.3\r\nHost: a\r\n\r\n"), State::Bad);
  EXPECT_EQ(version.badStatus(), 505u);
}

TEST(HeadReader, RefusesHeadsOverTheLimit) {
  HeadReader atOnce;
  EXPECT_EQ(feed(atOnce, "GET / HTTP/1.1\r\nX: " + std::string(HeadReader::kMaxHead, 'a')),
            State::Bad);
  EXPECT_EQ(atOnce.badStatus(), 431u);
  HeadReader slowly;
  State state = feed(slowly, "GET / HTTP/1.1\r\n");
  for (std::size_t sent = 0; state == State::NeedMore; sent += 20) {
    ASSERT_LE(sent, HeadReader::kMaxHead + 20);
    state = feed(slowly, "X-Many: aaaaaaaaaa\r\n");
  }
  EXPECT_EQ(state, State::Bad);
  EXPECT_EQ(slowly.badStatus(), 431u);
}

}  // namespace
}  // namespace parley::server
