// Channels over two real associations.
#include "datachannel/channels.h"

#include <gtest/gtest.h>

#include "channels_harness.h"

namespace parley::datachannel {
namespace {

using test::End;
using test::Octets;
using test::Pair;
using Story = std::vector<std::string>;

bool send(Pair& p, End& from, ChannelId id, const std::string& text,
          MessageKind kind = MessageKind::Text) {
  const bool ok = from.channels.send(id, kind, asBytes(text), p.now).ok();
  p.settle();
  return ok;
}

TEST(Channels, opensAnnouncesAndCarriesBothWays) {
  Pair p;
  ChannelInit init;
  init.protocol = "proto";
  init.ordered = false;
  init.maxRetransmits = 3;
  init.priority = 512;
  const ChannelId mine = p.a.create("chat", init);
  EXPECT_EQ(p.a.channels.state(mine), ChannelState::Connecting);
  p.start();
  ASSERT_TRUE(p.run([&] { return Pair::has(p.b, p.b.announced("chat"), "opened"); }));
  const ChannelId theirs = p.b.announced("chat");
  const auto& announced = p.b.announcements.at("chat").init;
  EXPECT_EQ(announced.protocol, "proto");
  EXPECT_FALSE(announced.ordered);
  EXPECT_EQ(announced.maxRetransmits, 3);
  EXPECT_FALSE(announced.maxPacketLifeTime.has_value());
  EXPECT_EQ(announced.priority, 512);
  EXPECT_EQ(announced.id, 0);
  EXPECT_FALSE(announced.negotiated);

  ASSERT_TRUE(p.run([&] { return p.a.channels.state(mine) == ChannelState::Open; }));
  EXPECT_TRUE(send(p, p.a, mine, "text"));
  EXPECT_TRUE(send(p, p.a, mine, "bytes", MessageKind::Binary));
  EXPECT_TRUE(send(p, p.a, mine, ""));
  EXPECT_TRUE(send(p, p.a, mine, "", MessageKind::Binary));
  EXPECT_TRUE(send(p, p.b, theirs, "back"));
  ASSERT_TRUE(p.run([&] { return p.b.received.size() == 4 && p.a.received.size() == 1; }));
  EXPECT_EQ(p.b.received, (std::vector<test::Received>{{theirs, MessageKind::Text, "text"},
                                                       {theirs, MessageKind::Binary, "bytes"},
                                                       {theirs, MessageKind::Text, ""},
                                                       {theirs, MessageKind::Binary, ""}}));
  EXPECT_EQ(p.b.of(theirs),
            (Story{"announced", "opened", "message", "message", "message", "message"}));
  EXPECT_EQ(p.a.of(mine), (Story{"opened", "message"}));
  EXPECT_EQ(p.b.channels.stats(theirs).messagesReceived, 4u);
  EXPECT_EQ(p.b.channels.stats(theirs).bytesReceived, 9u);
  EXPECT_EQ(p.a.channels.stats(mine).bytesSent, 9u);
}

TEST(Channels, theClientsIdentifiersAreEvenTheServersOdd) {
  Pair p;
  std::vector<ChannelId> a;
  std::vector<ChannelId> b;
  for (int i = 0; i < 3; ++i) {
    a.push_back(p.a.create("a" + std::to_string(i)));
    b.push_back(p.b.create("b" + std::to_string(i)));
  }
  p.start();
  ASSERT_TRUE(
      p.run([&] { return p.a.announcements.size() == 3 && p.b.announcements.size() == 3; }));
  for (std::uint16_t i = 0; i < 3; ++i) {
    EXPECT_EQ(p.a.channels.stream(a[i]), sctp::StreamId(static_cast<std::uint16_t>(2 * i)));
    EXPECT_EQ(p.b.channels.stream(b[i]), sctp::StreamId(static_cast<std::uint16_t>(2 * i + 1)));
  }
  const ChannelId later = p.a.create("later", {}, p.now);
  EXPECT_EQ(p.a.channels.stream(later), sctp::StreamId(6));
  EXPECT_EQ(p.a.channels.state(later), ChannelState::Open) << "nothing is waited for";
}

TEST(Channels, negotiatedOnesNeedNoMessage) {
  Pair p;
  ChannelInit init;
  init.negotiated = true;
  init.id = 7;
  const ChannelId mine = p.a.create("same", init);
  const ChannelId theirs = p.b.create("same", init);
  p.start();
  ASSERT_TRUE(p.run([&] {
    return p.a.channels.state(mine) == ChannelState::Open &&
           p.b.channels.state(theirs) == ChannelState::Open;
  }));
  EXPECT_TRUE(p.a.announcements.empty());
  EXPECT_TRUE(send(p, p.a, mine, "hello"));
  ASSERT_TRUE(p.run([&] { return p.b.received.size() == 1; }));
  EXPECT_EQ(p.b.received[0].channel, theirs);
  init.id = 6;
  EXPECT_TRUE(p.a.channels.create(init, p.now).ok());
  EXPECT_EQ(p.a.channels.create(init, p.now).error().code(), ErrorCode::InUse);
  const ChannelId next = p.a.create("next", {}, p.now);
  EXPECT_EQ(p.a.channels.stream(next), sctp::StreamId(0));
}

TEST(Channels, refusesWhatHasNoMeaning) {
  Channels c;
  const auto codeOf = [&c](const ChannelInit& init) {
    const auto r = c.create(init, Time{});
    return r.ok() ? std::optional<ErrorCode>{} : r.error().code();
  };
  ChannelInit both;
  both.maxRetransmits = 1;
  both.maxPacketLifeTime = 1;
  EXPECT_EQ(codeOf(both), ErrorCode::Invalid);
  ChannelInit noId;
  noId.negotiated = true;
  EXPECT_EQ(codeOf(noId), ErrorCode::Invalid);
  ChannelInit idAlone;
  idAlone.id = 1;
  EXPECT_EQ(codeOf(idAlone), ErrorCode::Invalid);
  ChannelInit last;
  last.negotiated = true;
  last.id = 65'535;
  EXPECT_EQ(codeOf(last), ErrorCode::Invalid);
  last.id = 65'534;
  EXPECT_EQ(codeOf(last), std::nullopt);
  EXPECT_EQ(codeOf(last), ErrorCode::InUse);
  ChannelInit longLabel;
  longLabel.label.assign(DcepOpen::kMaxName + 1, 'x');
  EXPECT_EQ(codeOf(longLabel), ErrorCode::Invalid);
}

TEST(Channels, closingDeliversWhatWaitsAndFreesTheIdentifier) {
  Pair p;
  const ChannelId mine = p.a.create("first");
  p.start();
  ASSERT_TRUE(p.run([&] { return p.a.channels.state(mine) == ChannelState::Open; }));
  const std::string large(200'000, 'x');
  ASSERT_TRUE(send(p, p.a, mine, large));
  ASSERT_TRUE(send(p, p.a, mine, "last"));
  p.a.channels.close(mine, p.now);
  EXPECT_EQ(p.a.channels.state(mine), ChannelState::Closing);
  EXPECT_EQ(p.a.channels.send(mine, MessageKind::Text, asBytes("x"), p.now).error().code(),
            ErrorCode::Closed);
  ASSERT_TRUE(p.run([&] { return Pair::has(p.a, mine, "closed"); }));
  const ChannelId theirs = p.b.announced("first");
  ASSERT_TRUE(p.run([&] { return Pair::has(p.b, theirs, "closed"); }));
  EXPECT_EQ(p.a.of(mine), (Story{"opened", "closed"}));
  EXPECT_EQ(p.b.of(theirs),
            (Story{"announced", "opened", "message", "message", "closing", "closed"}));
  EXPECT_EQ(p.b.texts(theirs), (Story{large, "last"}));
  EXPECT_EQ(p.a.channels.size() + p.b.channels.size(), 0u);
  EXPECT_EQ(p.a.channels.state(mine), ChannelState::Closed);

  const ChannelId second = p.a.create("second", {}, p.now);
  EXPECT_EQ(p.a.channels.stream(second), sctp::StreamId(0)) << "reused";
  EXPECT_TRUE(send(p, p.a, second, "anew"));
  ASSERT_TRUE(p.run([&] { return p.b.texts(p.b.announced("second")).size() == 1; }));
}

TEST(Channels, bothSidesCloseAtOnce) {
  Pair p;
  const ChannelId mine = p.a.create("c");
  p.start();
  ASSERT_TRUE(p.run([&] { return Pair::has(p.b, p.b.announced("c"), "opened"); }));
  const ChannelId theirs = p.b.announced("c");
  ASSERT_TRUE(send(p, p.b, theirs, "bye"));
  p.a.channels.close(mine, p.now);
  p.b.channels.close(theirs, p.now);
  ASSERT_TRUE(
      p.run([&] { return Pair::has(p.a, mine, "closed") && Pair::has(p.b, theirs, "closed"); }));
  EXPECT_EQ(p.b.of(theirs), (Story{"announced", "opened", "closed"}));
}

TEST(Channels, closingBeforeThereIsAnAssociation) {
  Pair p;
  const ChannelId never = p.a.create("never");
  p.a.channels.close(never, p.now);
  p.a.drainChannels();
  EXPECT_EQ(p.a.of(never), (Story{"closed"}));
  const ChannelId brief = p.a.create("brief");
  p.a.start(p.now);
  p.a.channels.close(brief, p.now);
  p.b.start(p.now);
  p.a.association.connect(p.now);
  ASSERT_TRUE(p.run([&] { return p.a.channels.size() + p.b.channels.size() == 0; }));
  p.idle(1s);
  EXPECT_EQ(p.a.of(brief), (Story{"closed"}));
  EXPECT_EQ(p.b.of(p.b.announced("brief")), (Story{"announced", "opened", "closing", "closed"}));
}

TEST(Channels, theBufferedAmountFallsToItsThreshold) {
  Pair p;
  const ChannelId mine = p.a.create("c");
  p.a.channels.setLowThreshold(mine, 1000);
  p.start();
  ASSERT_TRUE(p.run([&] { return p.a.channels.state(mine) == ChannelState::Open; }));
  EXPECT_EQ(p.a.channels.bufferedAmount(mine), 0u);
  p.idle(1s);
  EXPECT_EQ(p.a.lows[mine], 0) << "DCEP's own bytes are not the application's";
  ASSERT_TRUE(p.a.channels.send(mine, MessageKind::Binary, Octets(100'000), p.now).ok());
  ASSERT_TRUE(p.a.channels.send(mine, MessageKind::Binary, Octets(100'000), p.now).ok());
  EXPECT_EQ(p.a.channels.bufferedAmount(mine), 200'000u);
  ASSERT_TRUE(p.run([&] { return p.a.lows[mine] == 1; }));
  EXPECT_LE(p.a.channels.bufferedAmount(mine), 1000u);
}

TEST(Channels, aMessageAboveTheLimitIsAnErrorAndNothingIsSent) {
  Pair p;
  const ChannelId mine = p.a.create("c");
  p.start();
  ASSERT_TRUE(p.run([&] { return p.a.channels.state(mine) == ChannelState::Open; }));
  p.idle(1s);
  p.a.association.setMaxSentMessage(1000);
  EXPECT_EQ(p.a.channels.send(mine, MessageKind::Binary, Octets(1001), p.now).error().code(),
            ErrorCode::Limit);
  EXPECT_EQ(p.a.channels.bufferedAmount(mine), 0u);
  EXPECT_EQ(p.a.channels.stats(mine).messagesSent, 0u);
}

TEST(Channels, noMoreThanSoMany) {
  ChannelsConfig config;
  config.maxChannels = 3;
  Pair p(1, {}, config);
  for (int i = 0; i < 2; ++i)
    p.a.create("a" + std::to_string(i));
  for (int i = 0; i < 2; ++i)
    p.b.create("b" + std::to_string(i));
  p.start();
  p.idle(5s);
  // Each side has two of its own, one of the other's, and refuses one.
  EXPECT_EQ(p.a.channels.size(), 2u + p.a.announcements.size() - 1u);
  EXPECT_EQ(p.a.announcements.size(), 1u);
  EXPECT_EQ(p.b.announcements.size(), 1u);
  Channels alone(config);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(alone.create({}, Time{}).ok());
  EXPECT_EQ(alone.create({}, Time{}).error().code(), ErrorCode::Limit);
}

TEST(Channels, namesOfTheOtherSideAreBounded) {
  ChannelsConfig config;
  config.maxRemoteNames = 100'000;
  Pair p(1, {}, config);
  const std::string large(60'000, 'n');
  const ChannelId one = p.a.create(large);
  const ChannelId two = p.a.create(large + "2");
  p.start();
  ASSERT_TRUE(p.run([&] { return Pair::has(p.a, two, "closed"); }));
  EXPECT_EQ(p.a.channels.state(one), ChannelState::Open);
  EXPECT_EQ(p.b.announcements.size(), 1u);
  p.a.channels.close(one, p.now);
  ASSERT_TRUE(p.run([&] { return Pair::has(p.b, p.b.announced(large), "closed"); }));
  p.idle(1s);
  p.a.create(large + "3", {}, p.now);
  ASSERT_TRUE(p.run([&] { return p.b.announced(large + "3").value() != 0; }))
      << "what a closed channel held is free";
}

TEST(Channels, theEndOfTheAssociationClosesAll) {
  Pair p;
  const ChannelId one = p.a.create("one");
  const ChannelId two = p.a.create("two");
  p.start();
  ASSERT_TRUE(p.run([&] { return p.b.announcements.size() == 2; }));
  p.a.association.abort("gone", p.now);
  ASSERT_TRUE(p.run([&] { return p.b.channels.size() == 0; }));
  EXPECT_EQ(p.a.of(one), (Story{"opened", "closed"}));
  EXPECT_EQ(p.a.of(two), (Story{"opened", "closed"}));
  EXPECT_EQ(p.b.of(p.b.announced("one")).back().substr(0, 7), "closed:");
  EXPECT_EQ(p.a.channels.create({}, p.now).error().code(), ErrorCode::Closed);
}

class ChannelsOverLoss : public testing::TestWithParam<int> {};

// Open, talk, close and open again on both sides, through loss: every message once and in order.
TEST_P(ChannelsOverLoss, keepEveryPromise) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  Pair p(seed);
  p.loss = 0.02 * static_cast<double>(seed % 8);
  SeededRandom random(seed);
  struct Sent {
    std::string label;
    Story texts;
  };
  std::vector<Sent> sentByA;
  std::vector<Sent> sentByB;
  p.start();
  for (int round = 0; round < 5; ++round) {
    for (End* end : {&p.a, &p.b}) {
      Sent s{(end == &p.a ? "a" : "b") + std::to_string(round), {}};
      const ChannelId id = end->create(s.label, {}, p.now);
      ASSERT_TRUE(p.run([&] { return end->channels.state(id) == ChannelState::Open; }));
      for (int i = 0; i < 5; ++i) {
        s.texts.push_back(std::string(random.below(5000), 'x') + std::to_string(i));
        EXPECT_TRUE(end->channels.send(id, MessageKind::Text, asBytes(s.texts.back()), p.now).ok());
      }
      end->channels.close(id, p.now);
      if (random.below(2) == 0) {
        ASSERT_TRUE(p.run([&] { return Pair::has(*end, id, "closed"); })) << "seed " << seed;
      }
      (end == &p.a ? sentByA : sentByB).push_back(std::move(s));
    }
  }
  ASSERT_TRUE(p.run([&] { return p.a.channels.size() + p.b.channels.size() == 0; }, 300s))
      << "seed " << seed;
  for (const Sent& s : sentByA)
    EXPECT_EQ(p.b.texts(p.b.announced(s.label)), s.texts) << s.label << " seed " << seed;
  for (const Sent& s : sentByB)
    EXPECT_EQ(p.a.texts(p.a.announced(s.label)), s.texts) << s.label << " seed " << seed;
  EXPECT_EQ(p.a.channels.stats().malformed + p.b.channels.stats().malformed, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChannelsOverLoss, testing::Range(1, 41));

}  // namespace
}  // namespace parley::datachannel
