// The opening handshake of RFC 6455 section 4.1, seen by a client.
#include "websocket_server.h"

namespace parley::room::test {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

const Events kNoWebSocket{"closed:1006:0:not the answer of a WebSocket server"};

TEST(WebSocketHandshakeTest, AsksAsTheStandardSays) {
  const Client client;
  EXPECT_TRUE(client.request.starts_with("GET /signal HTTP/1.1\r\nHost: example.org:8443\r\n"));
  EXPECT_TRUE(client.request.ends_with("\r\n\r\n"));
  for (const char* line : {"\r\nUpgrade: websocket\r\n", "\r\nConnection: Upgrade\r\n",
                           "\r\nSec-WebSocket-Version: 13\r\n"})
    EXPECT_NE(client.request.find(line), std::string::npos) << line;
  SeededRandom random(2);
  WebSocket other("example.org:8443", "/signal", random);
  EXPECT_NE(other.takeOutput(), client.request) << "a key of its own for each";
}

// Section 1.3 has this key and its answer; the nonce is "the sample nonce".
TEST(WebSocketHandshakeTest, TheSampleOfTheStandard) {
  struct Sample final : RandomSource {
    void fill(Bytes out) override {
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>("the sample nonce"[i]);
    }
  } random;
  WebSocket socket("server.example.com", "/chat", random);
  EXPECT_NE(socket.takeOutput().find("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
            std::string::npos);
  socket.feed(
      asBytes("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
              "Connection: Upgrade\r\n"
              "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
  EXPECT_EQ(events(socket), Events{"opened"});
}

TEST(WebSocketHandshakeTest, IsAcceptedHoweverItIsCut) {
  const std::string after = frame(kFin | kText, "at once");
  const std::string answer = answerTo(Client().request) + after;
  for (std::size_t cut = 0; cut <= answer.size(); ++cut) {
    Client client;
    client.feed(answer.substr(0, cut));
    EXPECT_EQ(client.fed(answer.substr(cut)), (Events{"opened", "text:at once"})) << cut;
  }
}

TEST(WebSocketHandshakeTest, NamesAndTokensHaveNoCase) {
  Client client;
  EXPECT_EQ(client.fed("HTTP/1.1 101 \r\nX-Other: 1\r\nUPGRADE:\tWebSocket \r\n"
                       "connection: keep-alive, uPgrade\r\nsec-websocket-accept:" +
                       acceptOf(client.request) + "\r\n\r\n"),
            Events{"opened"});
}

TEST(WebSocketHandshakeTest, WhatIsNoAnswerIsRefused) {
  const struct {
    std::string what, by;
  } changes[] = {
      {"Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: A"},
      {"Sec-WebSocket-Accept", "X-Accept"},
      {"Upgrade: websocket\r\n", ""},
      {"Upgrade: websocket", "Upgrade: h2c"},
      {"Connection: Upgrade\r\n", ""},
      {"Connection: Upgrade", "Connection: close"},
      {"Connection: Upgrade", "Connection: Upgraded"},
      {"\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"},
      {"\r\n\r\n", "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"},
      {"HTTP/1.1", "HTTP/1.0"},
  };
  for (const auto& change : changes) {
    Client client;
    EXPECT_EQ(client.fed(replaced(answerTo(client.request), change.what, change.by)), kNoWebSocket)
        << change.what << " -> " << change.by;
    EXPECT_EQ(client.fed(answerTo(client.request)), Events{}) << "nothing after the end";
    EXPECT_EQ(client.socket.takeOutput(), "");
  }
}

// The key of another handshake gives another answer.
TEST(WebSocketHandshakeTest, AnAnswerToSomebodyElseIsRefused) {
  SeededRandom random(7);
  WebSocket other("example.org:8443", "/signal", random);
  Client client;
  EXPECT_EQ(client.fed(answerTo(other.takeOutput())), kNoWebSocket);
}

TEST(WebSocketHandshakeTest, ARefusalHasItsHttpStatus) {
  const auto refused = [](const std::string& head) { return Client().fed(head + "\r\n\r\n"); };
  EXPECT_EQ(refused("HTTP/1.1 403 Forbidden\r\nContent-Length: 0"),
            Events{"closed:1006:403:HTTP/1.1 403 Forbidden"});
  EXPECT_EQ(refused("HTTP/1.1 200 OK"), Events{"closed:1006:200:HTTP/1.1 200 OK"});
  EXPECT_EQ(refused("HTTP/1.0 503 Busy"), Events{"closed:1006:503:HTTP/1.0 503 Busy"});
  EXPECT_EQ(refused("HTTP/1.1 429"), Events{"closed:1006:429:HTTP/1.1 429"});
}

TEST(WebSocketHandshakeTest, WhatIsNoStatusLineHasNone) {
  for (const std::string line :
       {"SSH-2.0-OpenSSH_9.2", "HTTP/2 403 no", "HTTP/1.1 40", "HTTP/1.1 4035 x", "HTTP/1.1 -10 x",
        "HTTP/1.1 099 x", "HTTP/1.1 1x1 x", "HTTP/1.1  101", "HTTP/1.1 101x", "HTTP/1.1 ", ""})
    EXPECT_EQ(Client().fed(line + "\r\n\r\n"), Events{"closed:1006:0:" + line});
}

// These words are shown to people, in terminals.
TEST(WebSocketHandshakeTest, ARefusalsWordsAreCleanAndShort) {
  EXPECT_EQ(Client().fed("HTTP/1.1 404 \x1b[2Jg\xc3\xb6ne\xff\xc2\x9b\n\r\n\r\n"),
            Events{"closed:1006:404:HTTP/1.1 404 ?[2Jg\xc3\xb6ne???"});
  const Events long_ = Client().fed("HTTP/1.1 404 " + std::string(5000, 'x') + "\r\n\r\n");
  ASSERT_EQ(long_.size(), 1u);
  EXPECT_EQ(long_[0].size(), std::string("closed:1006:404:").size() + 200);
}

TEST(WebSocketHandshakeTest, AHeadIsBounded) {
  const auto padded = [](const Client& client, std::size_t head) {
    const std::string answer = answerTo(client.request);
    const std::string name = "\r\nX-Pad: ";
    return replaced(answer, "\r\n\r\n",
                    name + std::string(head - (answer.size() - 4) - name.size(), 'x') + "\r\n\r\n");
  };
  Client fits;
  EXPECT_EQ(fits.fed(padded(fits, WebSocket::kMaxHead)), Events{"opened"});
  Client large;
  EXPECT_EQ(large.fed(padded(large, WebSocket::kMaxHead + 1)),
            Events{"closed:1006:0:the server does not speak HTTP"});
  // Without an end, it is not waited for.
  Client endless;
  const std::string some(1024, 'x');
  for (std::size_t fed = 0; fed < WebSocket::kMaxHead; fed += some.size())
    EXPECT_EQ(endless.fed(some), Events{});
  EXPECT_EQ(endless.fed("x"), Events{"closed:1006:0:the server does not speak HTTP"});
}

TEST(WebSocketHandshakeTest, NothingIsSaidBeforeItIsOpen) {
  Client client;
  client.socket.sendText("early");
  client.socket.close(1000);
  EXPECT_EQ(client.socket.takeOutput(), "");
}

}  // namespace
}  // namespace parley::room::test
