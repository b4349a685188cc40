// Frames of RFC 6455 section 5, seen by a client: what is read, what is refused and what is said.
#include "websocket_server.h"

namespace parley::room::test {
namespace {

// The end that a client makes: this code to the server, these words to the owner.
void expectRefused(std::string_view bytes, std::uint16_t code, const std::string& why) {
  OpenClient client;
  EXPECT_EQ(client.fed(bytes), Events{"closed:" + std::to_string(code) + ":0:" + why});
  EXPECT_EQ(client.said(), (Frames{{kFin | kClose, be(code, 2)}})) << why;
  EXPECT_EQ(client.fed(frame(kFin | kText, "later")), Events{}) << why;
  client.socket.sendText("later");
  client.socket.close(1000);
  EXPECT_EQ(client.said(), Frames{}) << why;
}

TEST(WebSocketTest, FramesAreReadHoweverTheyAreCut) {
  const std::string medium(300, 'm');
  const std::string stream = frame(kFin | kText, "one") + frame(kText, "tw") +
                             frame(kFin | kPing, "still there") + frame(kContinuation, "") +
                             frame(kFin | kPong, "unasked") + frame(kFin | kContinuation, "o") +
                             frame(kFin | kText, "") + frame(kFin | kText, medium) +
                             frame(kFin | kClose, be(1001, 2) + "bye");
  const Events expected{"text:one", "text:two", "text:", "text:" + medium, "closed:1001:0:bye"};
  const Frames answers{{kFin | kPong, "still there"}, {kFin | kClose, be(1001, 2)}};
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    OpenClient client;
    client.feed(std::string_view(stream).substr(0, cut));
    EXPECT_EQ(client.fed(std::string_view(stream).substr(cut)), expected) << cut;
    EXPECT_EQ(client.said(), answers) << cut;
  }
  OpenClient client;
  for (const char& c : stream)
    client.feed({&c, 1});
  EXPECT_EQ(events(client.socket), expected);
}

TEST(WebSocketTest, LengthsHaveTheirForms) {
  for (const std::size_t size : {125u, 126u, 127u, 65'535u, 65'536u, 262'144u}) {
    const std::string text(size, 'x');
    OpenClient client;
    EXPECT_EQ(client.fed(frame(kFin | kText, text)), Events{"text:" + text}) << size;
    client.socket.sendText(text);
    EXPECT_EQ(client.said(), (Frames{{kFin | kText, text}})) << size;
  }
}

TEST(WebSocketTest, LengthsNotInTheirShortestFormAreRefused) {
  expectRefused("\x81\x7e" + be(125, 2) + std::string(125, 'x'), 1002, "frame");
  expectRefused("\x81\x7f" + be(65'535, 8), 1002, "frame");
  expectRefused("\x81\x7e" + be(0, 2), 1002, "frame");
}

// Refused by the head alone: nothing of such a message is waited for.
TEST(WebSocketTest, MessagesAreBounded) {
  const std::string why = "message too long";
  expectRefused("\x81\x7f" + be(WebSocket::kMaxMessage + 1, 8), 1009, why);
  expectRefused("\x81\x7f" + be(UINT64_MAX, 8), 1009, why);
  expectRefused("\x81\x7f" + be(std::uint64_t{1} << 63, 8), 1009, why);
  const std::string most(WebSocket::kMaxMessage - 1, 'x');
  expectRefused(frame(kText, most) + "\x80\x02", 1009, why);
  // All but wrapping the sum.
  expectRefused(frame(kText, most) + "\x80\x7f" + be(UINT64_MAX - most.size() + 1, 8), 1009, why);
  OpenClient client;
  EXPECT_EQ(client.fed(frame(kText, most) + frame(kFin | kContinuation, "y")),
            Events{"text:" + most + "y"});
}

TEST(WebSocketTest, APingWithinTheLargestMessageIsAnswered) {
  const std::string most(WebSocket::kMaxMessage, 'x');
  OpenClient client;
  EXPECT_EQ(client.fed(frame(kText, most) + frame(kFin | kPing, "p") + frame(kFin, "")),
            Events{"text:" + most});
  EXPECT_EQ(client.said(), (Frames{{kFin | kPong, "p"}}));
}

TEST(WebSocketTest, MaskedFramesOfAServerAreRefused) {
  expectRefused("\x81\x81" + be(0x01020304, 4) + "x", 1002, "frame");
  expectRefused("\x81\x80", 1002, "frame");
}

TEST(WebSocketTest, ReservedBitsAndOpcodesAreRefused) {
  for (const int bit : {0x40, 0x20, 0x10})
    expectRefused(frame(static_cast<std::uint8_t>(kFin | bit | kText), "x"), 1002, "frame");
  for (std::uint8_t opcode = 3; opcode < 8; ++opcode)
    expectRefused(frame(kFin | opcode, "x"), 1002, "frame out of place");
  for (std::uint8_t opcode = 11; opcode < 16; ++opcode)
    expectRefused(frame(kFin | opcode, "x"), 1002, "unknown control frame");
  expectRefused(frame(kFin | kBinary, "x"), 1003, "binary message");
}

TEST(WebSocketTest, FragmentsHaveTheirOrder) {
  expectRefused(frame(kFin | kContinuation, "x"), 1002, "frame out of place");
  expectRefused(frame(kContinuation, "x"), 1002, "frame out of place");
  expectRefused(frame(kText, "x") + frame(kFin | kText, "y"), 1002, "frame out of place");
}

TEST(WebSocketTest, ControlFramesAreShortAndWhole) {
  for (const std::uint8_t opcode : {kClose, kPing, kPong}) {
    expectRefused(frame(opcode, ""), 1002, "control frame");
    expectRefused(frame(kFin | opcode, std::string(126, 'x')), 1002, "control frame");
  }
  OpenClient client;
  client.feed(frame(kFin | kPing, std::string(125, 'x')));
  EXPECT_EQ(client.said(), (Frames{{kFin | kPong, std::string(125, 'x')}}));
}

TEST(WebSocketTest, TextIsUtf8) {
  OpenClient client;
  // A character may be cut by a fragment's end.
  EXPECT_EQ(client.fed(frame(kText, "\xed\x95") + frame(kFin | kContinuation, "\x9c")),
            Events{"text:\xed\x95\x9c"});
  for (const std::string bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
    expectRefused(frame(kFin | kText, bad), 1007, "text that is not UTF-8");
}

TEST(WebSocketTest, AServersCloseIsAnswered) {
  for (const int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4403, 4999}) {
    const std::string body = be(static_cast<std::uint64_t>(code), 2);
    OpenClient client;
    EXPECT_EQ(client.fed(frame(kFin | kClose, body + "room\x1b[0m") + frame(kFin | kText, "x")),
              Events{"closed:" + std::to_string(code) + ":0:room?[0m"});
    EXPECT_EQ(client.said(), (Frames{{kFin | kClose, body}}));
  }
  OpenClient client;
  EXPECT_EQ(client.fed(frame(kFin | kClose, "")), Events{"closed:1005:0:"});
  EXPECT_EQ(client.said(), (Frames{{kFin | kClose, ""}}));
}

TEST(WebSocketTest, WhatIsNoCloseIsRefused) {
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65'535})
    expectRefused(frame(kFin | kClose, be(static_cast<std::uint64_t>(code), 2)), 1002,
                  "close code");
  expectRefused(frame(kFin | kClose, "\x03"), 1002, "close code");
  expectRefused(frame(kFin | kClose, be(1000, 2) + "\xff"), 1007, "close reason that is not UTF-8");
}

TEST(WebSocketTest, OurCloseIsSaidOnceAndEndsWithTheirs) {
  OpenClient client;
  client.socket.close(4000);
  client.socket.close(4001);
  client.socket.sendText("later");
  EXPECT_EQ(client.said(), (Frames{{kFin | kClose, be(4000, 2)}}));
  // What was under way still comes; no more is said, not even to a ping.
  EXPECT_EQ(client.fed(frame(kFin | kText, "crossed") + frame(kFin | kPing, "")),
            Events{"text:crossed"});
  EXPECT_EQ(client.fed(frame(kFin | kClose, be(4000, 2))), Events{"closed:4000:0:"});
  EXPECT_EQ(client.said(), Frames{});
}

TEST(WebSocketTest, AProtocolErrorAfterOurCloseSaysNoSecondOne) {
  OpenClient client;
  client.socket.close(1000);
  EXPECT_EQ(client.said(), (Frames{{kFin | kClose, be(1000, 2)}}));
  EXPECT_EQ(client.fed("\x81\x80"), Events{"closed:1002:0:frame"});
  EXPECT_EQ(client.said(), Frames{});
}

// Section 5.3: a new mask for each frame, so that equal texts differ on the wire.
TEST(WebSocketTest, MasksAreFresh) {
  OpenClient client;
  client.socket.sendText("the same");
  const std::string first = client.socket.takeOutput();
  client.socket.sendText("the same");
  const std::string second = client.socket.takeOutput();
  EXPECT_EQ(clientFrames(first), clientFrames(second));
  EXPECT_NE(first, second);
  EXPECT_EQ(first.find("the same"), std::string::npos);
}

}  // namespace
}  // namespace parley::room::test
