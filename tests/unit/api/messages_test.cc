// Messages between two connections on loopback.
#include "pair.h"

namespace parley::test {
namespace {

TEST(MessagesTest, TextBinaryAndEmptyOnesArriveAsTheyWereSent) {
  Pair pair;
  Record heard;
  Gate all;
  pair.takeB = [&](DataChannel channel) {
    channel.onmessage([&](const Message& m) {
      heard.add((m.isText ? "text:" : "binary:") + std::string(m.text()));
      all.up();
    });
  };
  pair.open();
  const std::array<std::byte, 3> bytes{std::byte{'a'}, std::byte{0}, std::byte{'b'}};
  EXPECT_TRUE(pair.onA.send("hello"));
  EXPECT_TRUE(pair.onA.send(bytes));
  EXPECT_TRUE(pair.onA.send(""));
  EXPECT_TRUE(pair.onA.send(std::span<const std::byte>{}));
  ASSERT_TRUE(all.wait(4));
  EXPECT_EQ(heard.all(), (std::vector<std::string>{"text:hello", std::string("binary:a\0b", 10),
                                                   "text:", "binary:"}));
}

TEST(MessagesTest, SixteenMebibytesInOneMessage) {
  Pair pair;
  Gate got;
  bool same = false;
  const auto sent = pattern(std::size_t{16} << 20);
  pair.takeB = [&](DataChannel channel) {
    channel.onmessage([&](const Message& m) {
      same = std::equal(m.data.begin(), m.data.end(), sent.begin(), sent.end());
      got.up();
    });
  };
  pair.open();
  EXPECT_EQ(pair.onA.maxMessageSize(), std::size_t{16} << 20);
  EXPECT_TRUE(pair.onA.send(sent));
  ASSERT_TRUE(got.wait());
  EXPECT_TRUE(same);
}

TEST(MessagesTest, OneThatIsTooLongIsRefusedBeforeAByteIsSent) {
  Configuration small = loopback();
  small.maxMessageSize = 1000;
  Pair pair(loopback(), small);
  pair.open();
  const SendResult result = pair.onA.send(pattern(1001));
  EXPECT_EQ(result.status(), SendStatus::TooLarge);
  EXPECT_EQ(result.error().name, ErrorName::TypeError);
  EXPECT_EQ(pair.onA.bufferedAmount(), 0u);
  EXPECT_TRUE(pair.onA.send(pattern(1000)));
  EXPECT_EQ(pair.a.sctp()->maxMessageSize, 1000u);
}

TEST(MessagesTest, UnorderedAndWithoutRetransmission) {
  Pair pair;
  Gate got;
  pair.takeB = [&](DataChannel channel) {
    EXPECT_FALSE(channel.ordered());
    EXPECT_EQ(channel.maxRetransmits(), std::optional<std::uint16_t>(0));
    EXPECT_EQ(channel.protocol(), "p");
    channel.onmessage([&](const Message&) { got.up(); });
  };
  DataChannelInit init;
  init.ordered = false;
  init.maxRetransmits = 0;
  init.protocol = "p";
  pair.open(init);
  for (int i = 0; i < 100; ++i)
    EXPECT_TRUE(pair.onA.send("x"));
  ASSERT_TRUE(got.wait(100));  // loopback loses nothing
}

TEST(MessagesTest, AFullBufferSaysSoAndSaysWhenThereIsRoom) {
  Pair pair;
  std::atomic<std::size_t> got{0};
  Gate low;
  Gate done;
  constexpr std::size_t kSize = 64 * 1024;
  constexpr std::size_t kCount = 400;
  pair.takeB = [&](DataChannel channel) {
    channel.onmessage([&](const Message& m) {
      if (got += m.data.size(); got == kSize * kCount) done.up();
    });
  };
  pair.open();
  pair.onA.setBufferedAmountLimit(4 * kSize);
  pair.onA.setBufferedAmountLowThreshold(kSize);
  pair.onA.onbufferedamountlow([&] { low.up(); });
  const auto message = pattern(kSize);
  std::size_t sent = 0;
  int full = 0;
  while (sent < kCount) {
    const SendResult result = pair.onA.send(message);
    if (result) {
      ++sent;
      ASSERT_LE(pair.onA.bufferedAmount(), 5 * kSize);
      continue;
    }
    ASSERT_EQ(result.status(), SendStatus::Full);
    ASSERT_TRUE(low.wait(++full));
  }
  ASSERT_TRUE(done.wait());
  EXPECT_GT(full, 0);
}

TEST(MessagesTest, SendAsyncWaitsForRoomAndKeepsTheOrder) {
  Pair pair;
  Record heard;
  Gate done;
  constexpr int kCount = 60;
  pair.takeB = [&](DataChannel channel) {
    channel.onmessage([&](const Message& m) {
      heard.add(std::string(m.text().substr(0, m.text().find(' '))));
      done.up();
    });
  };
  pair.open();
  pair.onA.setBufferedAmountLimit(1);
  std::vector<Async<SendResult>> waiting;
  for (int i = 0; i < kCount; ++i)
    waiting.push_back(pair.onA.sendAsync(std::to_string(i) + " " + std::string(50'000, 'x')));
  for (auto& w : waiting)
    EXPECT_TRUE(w.get().value());
  ASSERT_TRUE(done.wait(kCount));
  std::vector<std::string> expected;
  for (int i = 0; i < kCount; ++i)
    expected.push_back(std::to_string(i));
  EXPECT_EQ(heard.all(), expected);
  // The other side may have it before we are told that it is sent.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (pair.onA.bufferedAmount() != 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  EXPECT_EQ(pair.onA.bufferedAmount(), 0u);
}

TEST(MessagesTest, ManySmallOnesFromSeveralThreads) {
  Pair pair;
  Gate done;
  std::atomic<int> got{0};
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  pair.takeB = [&](DataChannel channel) {
    channel.onmessage([&](const Message&) {
      if (++got == kThreads * kEach) done.up();
    });
  };
  pair.open();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        while (!pair.onA.send("12345678"))
          std::this_thread::yield();
      }
    });
  }
  for (auto& t : threads)
    t.join();
  ASSERT_TRUE(done.wait());
}

TEST(MessagesTest, StatisticsCountThem) {
  Pair pair;
  Gate got;
  pair.takeB = [&](DataChannel channel) { channel.onmessage([&](const Message&) { got.up(); }); };
  pair.open();
  EXPECT_TRUE(pair.onA.send("12345"));
  EXPECT_TRUE(pair.onA.send("12345"));
  ASSERT_TRUE(got.wait(2));
  const StatsReport report = pair.b.getStats().get().value();
  const auto* channel = report.first<DataChannelStats>();
  ASSERT_NE(channel, nullptr);
  EXPECT_EQ(channel->messagesReceived, 2u);
  EXPECT_EQ(channel->bytesReceived, 10u);
  EXPECT_EQ(channel->label, "test");
  const auto* transport = report.first<TransportStats>();
  ASSERT_NE(transport, nullptr);
  EXPECT_EQ(transport->dtlsState, DtlsTransportState::Connected);
  EXPECT_GT(transport->bytesReceived, 0u);
  EXPECT_NE(report.find(transport->selectedCandidatePairId), nullptr);
  EXPECT_NE(report.first<PeerConnectionStats>(), nullptr);
  EXPECT_NE(report.first<CertificateStats>(), nullptr);
  const ConnectionReport story = pair.b.report().get().value();
  EXPECT_EQ(story.cause, "none");
  EXPECT_FALSE(story.log.empty());
}

}  // namespace
}  // namespace parley::test
