// Channels' lives and the rules of createDataChannel (webrtc-pc section 6.1).
#include "pair.h"

namespace parley::test {
namespace {

TEST(ChannelsTest, RefusalsHaveTheW3cNames) {
  auto pc = PeerConnection::create(loopback()).value();
  const auto nameOf = [&](std::string_view label, const DataChannelInit& init) {
    const auto channel = pc.createDataChannel(label, init);
    return channel ? std::string_view{} : toString(channel.error().name);
  };
  DataChannelInit both;
  both.maxRetransmits = 1;
  both.maxPacketLifeTime = 1;
  EXPECT_EQ(nameOf("x", both), "TypeError");
  EXPECT_EQ(nameOf(std::string(65'536, 'x'), {}), "TypeError");
  EXPECT_EQ(nameOf("x", {.protocol = std::string(65'536, 'x')}), "TypeError");
  EXPECT_EQ(nameOf("x", {.negotiated = true}), "TypeError");
  EXPECT_EQ(nameOf("x", {.negotiated = true, .id = 65'535}), "TypeError");
  EXPECT_EQ(nameOf("x", {.negotiated = true, .id = 3}), "");
  EXPECT_EQ(nameOf("y", {.negotiated = true, .id = 3}), "OperationError");
  // An id without `negotiated` is ignored.
  const auto channel = pc.createDataChannel("z", {.id = 3});
  ASSERT_TRUE(channel);
  EXPECT_FALSE((*channel).id());
  pc.close();
  EXPECT_EQ(nameOf("x", {}), "InvalidStateError");
}

TEST(ChannelsTest, SendingBeforeOpenIsRefused) {
  auto pc = PeerConnection::create(loopback()).value();
  auto channel = pc.createDataChannel("x").value();
  EXPECT_EQ(channel.readyState(), DataChannelState::Connecting);
  const SendResult result = channel.send("x");
  EXPECT_EQ(result.status(), SendStatus::NotOpen);
  EXPECT_EQ(result.error().name, ErrorName::InvalidStateError);
}

TEST(ChannelsTest, NegotiatedOnesOpenOnBothSidesWithoutAnnouncement) {
  Pair pair;
  Gate opened;
  Gate got;
  pair.b.ondatachannel([](DataChannel) { ADD_FAILURE() << "announced"; });
  const DataChannelInit init{.negotiated = true, .id = 7};
  DataChannel a = pair.a.createDataChannel("n", init).value();
  DataChannel b = pair.b.createDataChannel("n", init).value();
  a.onopen([&] { opened.up(); });
  b.onopen([&] { opened.up(); });
  b.onmessage([&](const Message&) { got.up(); });
  pair.negotiate();
  ASSERT_TRUE(opened.wait(2));
  EXPECT_EQ(a.id(), std::optional<std::uint16_t>(7));
  EXPECT_TRUE(a.send("x"));
  ASSERT_TRUE(got.wait());
}

TEST(ChannelsTest, AnnouncedOnesAreOpenInTheirEvent) {
  Pair pair;
  Gate got;
  pair.takeB = [](DataChannel channel) {
    EXPECT_EQ(channel.readyState(), DataChannelState::Open);
    EXPECT_TRUE(channel.send("from the event"));
  };
  Gate both;
  pair.b.ondatachannel([&](DataChannel channel) { pair.takeB(channel); });
  pair.onA = pair.a.createDataChannel("x").value();
  pair.onA.onmessage([&](const Message& m) {
    EXPECT_EQ(m.text(), "from the event");
    got.up();
  });
  pair.negotiate();
  ASSERT_TRUE(got.wait());
}

TEST(ChannelsTest, ClosingTellsBothSidesInOrder) {
  Pair pair;
  Record story;
  Gate closed;
  pair.takeB = [&](DataChannel channel) {
    channel.onclosing([&] { story.add("b closing"); });
    channel.onclose([&] {
      story.add("b closed");
      closed.up();
    });
  };
  pair.open();
  pair.onA.onclosing([&] { story.add("a closing"); });  // only of the other side's doing
  pair.onA.onclose([&] { closed.up(); });
  pair.onA.close();
  EXPECT_NE(pair.onA.readyState(), DataChannelState::Open);
  EXPECT_EQ(pair.onA.send("x").status(), SendStatus::NotOpen);
  ASSERT_TRUE(closed.wait(2));
  EXPECT_EQ(story.all(), (std::vector<std::string>{"b closing", "b closed"}));
  EXPECT_EQ(pair.onA.readyState(), DataChannelState::Closed);
  EXPECT_EQ(pair.onB.readyState(), DataChannelState::Closed);
}

TEST(ChannelsTest, WhatWasBufferedIsSentBeforeTheClose) {
  Pair pair;
  std::atomic<std::size_t> bytes{0};
  Gate closed;
  pair.takeB = [&](DataChannel channel) {
    channel.onmessage([&](const Message& m) { bytes += m.data.size(); });
    channel.onclose([&] { closed.up(); });
  };
  pair.open();
  const auto message = pattern(100'000);
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(pair.onA.send(message));
  pair.onA.close();
  ASSERT_TRUE(closed.wait());
  EXPECT_EQ(bytes, 20u * 100'000u);
}

TEST(ChannelsTest, IdsAreFreeAgainAfterClosing) {
  Pair pair;
  pair.open();
  for (int i = 0; i < 20; ++i) {
    Gate closed;
    const auto id = pair.onA.id();
    ASSERT_TRUE(id);
    pair.onA.onclose([&] { closed.up(); });
    pair.onB.onclose([&] { closed.up(); });
    pair.onB.close();
    ASSERT_TRUE(closed.wait(2));
    pair.open({}, "again");
  }
}

TEST(ChannelsTest, CallbacksSetLateAreCalledAllTheSame) {
  Pair pair;
  Gate opened;
  Gate closed;
  Gate got;
  pair.open();
  DataChannel late = pair.a.createDataChannel("late").value();
  // Until the other side's word on it is here, it is certainly open.
  pair.b.ondatachannel([&](DataChannel channel) {
    EXPECT_TRUE(channel.send("first"));
    EXPECT_TRUE(channel.send("second"));
    channel.onmessage([](const Message&) {});
    got.up();
  });
  DataChannel again = pair.a.createDataChannel("again").value();
  ASSERT_TRUE(got.wait());
  Gate message;
  again.onopen([&] { opened.up(); });
  again.onmessage([&](const Message&) { message.up(); });
  ASSERT_TRUE(opened.wait());
  ASSERT_TRUE(message.wait(2));
  again.onclosing([&] { closed.up(); });
  again.close();
  Gate over;
  again.onclose([&] { over.up(); });
  ASSERT_TRUE(over.wait());
}

TEST(ChannelsTest, ALostConnectionClosesThem) {
  Pair pair;
  Gate closed;
  pair.takeB = [&](DataChannel channel) { channel.onclose([&] { closed.up(); }); };
  pair.open();
  pair.a.close();
  ASSERT_TRUE(closed.wait());
  EXPECT_EQ(pair.onA.readyState(), DataChannelState::Closed);
}

}  // namespace
}  // namespace parley::test
