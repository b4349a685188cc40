// One book of channels against a bare association that says whatever the test wants.
#include <gtest/gtest.h>

#include <array>

#include "channels_harness.h"

namespace parley::datachannel {
namespace {

using sctp::Ppid;
using sctp::StreamId;
using test::Octets;
using Story = std::vector<std::string>;

constexpr Ppid kDcep{50};

class Rules : public testing::Test {
 protected:
  explicit Rules(const sctp::AssociationConfig& theirConfig = {}, const ChannelsConfig& config = {})
      : ours({}, config, Side::DtlsServer, 1), random_(2), peer(theirConfig, random_) {}

  void SetUp() override {
    ours.start(now);
    ours.association.connect(now);
    run();
    ASSERT_EQ(peer.state(), sctp::AssociationState::Connected);
  }
  // Both, until nothing more is said; timers of a second ahead fire.
  void run(Duration time = 1s) {
    const Time end = now + time;
    while (true) {
      exchange();
      const Time next = std::min(ours.association.nextTimeout(), peer.nextTimeout());
      if (next > end) break;
      now = std::max(now, next);
      ours.association.handleTimeout(now);
      peer.handleTimeout(now);
    }
    now = end;
  }
  void exchange() {
    bool busy = true;
    Octets room(2048);
    while (busy) {
      busy = false;
      while (const std::size_t n = ours.association.pollPacket(room, now)) {
        peer.handlePacket(Bytes(room).first(n), now);
        drainPeer();
        peer.endOfTrain(now);
        busy = true;
      }
      while (const std::size_t n = peer.pollPacket(room, now)) {
        ours.association.handlePacket(Bytes(room).first(n), now);
        ours.drain(now);
        ours.association.endOfTrain(now);
        busy = true;
      }
      ours.drain(now);
      drainPeer();
    }
  }
  void drainPeer() {
    while (const auto m = peer.nextMessage()) {
      heard.push_back({m->stream, m->ppid, m->unordered, std::string(asText(m->data))});
    }
    while (const auto e = peer.pollEvent()) {
      if (const auto* r = std::get_if<sctp::event::IncomingStreamReset>(&*e)) {
        resets.push_back(r->stream);
      }
    }
  }
  void say(StreamId stream, Ppid ppid, ConstBytes bytes) {
    EXPECT_TRUE(peer.send(stream, ppid, bytes, {}, now).ok());
  }
  void say(StreamId stream, std::uint32_t ppid, const std::string& text) {
    say(stream, Ppid(ppid), asBytes(text));
  }
  void sayOpen(StreamId stream, const std::string& label, bool unordered = false) {
    DcepOpen open;
    open.label = label;
    open.unordered = unordered;
    Octets bytes(open.size());
    writeDcepOpen(bytes, open);
    say(stream, kDcep, bytes);
  }
  void ack(StreamId stream) { say(stream, kDcep, std::array<std::uint8_t, 1>{kDcepAck}); }
  int acksHeard() const {
    return static_cast<int>(std::count_if(heard.begin(), heard.end(), [](const Heard& h) {
      return h.ppid == kDcep && h.text == std::string(1, '\x02');
    }));
  }

  struct Heard {
    StreamId stream;
    Ppid ppid;
    bool unordered;
    std::string text;
  };
  Time now{};
  test::End ours;
  SeededRandom random_;
  sctp::Association peer;
  std::vector<Heard> heard;
  std::vector<StreamId> resets;
};

TEST_F(Rules, anOpenIsAcknowledgedOnce) {
  sayOpen(StreamId(4), "c");
  run();
  EXPECT_EQ(acksHeard(), 1);
  EXPECT_EQ(ours.of(ours.announced("c")), (Story{"announced", "opened"}));
  EXPECT_TRUE(resets.empty());
}

TEST_F(Rules, anOpenOfTheWrongParityIsRefused) {
  sayOpen(StreamId(3), "c");
  run();
  EXPECT_EQ(acksHeard(), 0);
  EXPECT_EQ(resets, (std::vector<StreamId>{StreamId(3)}));
  EXPECT_EQ(ours.channels.size(), 0u);
  EXPECT_EQ(ours.channels.stats().malformed, 1u);
}

TEST_F(Rules, aRefusedIdentifierIsFreeOnceTheOtherSideResetsIt) {
  sayOpen(StreamId(3), "c");
  run();
  ChannelInit init;
  init.negotiated = true;
  init.id = 3;
  EXPECT_EQ(ours.channels.create(init, now).error().code(), ErrorCode::InUse);
  peer.resetStream(StreamId(3), now);
  run();
  EXPECT_TRUE(ours.channels.create(init, now).ok());
}

TEST_F(Rules, anOpenOnAUsedStreamClosesItsChannel) {
  sayOpen(StreamId(4), "first");
  run();
  sayOpen(StreamId(4), "second");
  run();
  const ChannelId first = ours.announced("first");
  EXPECT_EQ(ours.announced("second").value(), 0u);
  EXPECT_EQ(ours.of(first), (Story{"announced", "opened", "closing"}));
  EXPECT_EQ(resets, (std::vector<StreamId>{StreamId(4)}));
  peer.resetStream(StreamId(4), now);
  run();
  EXPECT_EQ(ours.of(first).back(), "closed: data channel: the other side broke DCEP's rules");
}

TEST_F(Rules, malformedDcepClosesTheChannel) {
  sayOpen(StreamId(4), "c");
  run();
  say(StreamId(4), kDcep, std::array<std::uint8_t, 3>{9, 9, 9});
  say(StreamId(6), kDcep, std::array<std::uint8_t, 3>{3, 0, 1});
  run();
  EXPECT_EQ(ours.channels.stats().malformed, 2u);
  EXPECT_EQ(ours.of(ours.announced("c")), (Story{"announced", "opened", "closing"}));
  EXPECT_EQ(resets.size(), 2u);
}

TEST_F(Rules, aMessageWithoutAChannelIsDropped) {
  say(StreamId(8), 51, "nobody");
  run();
  EXPECT_TRUE(ours.received.empty());
  EXPECT_EQ(ours.channels.stats().stray, 1u);
  sayOpen(StreamId(8), "c");
  say(StreamId(8), 51, "somebody");
  say(StreamId(8), 77, "unknown kind");
  run();
  EXPECT_EQ(ours.texts(ours.announced("c")), (Story{"somebody"}));
  EXPECT_EQ(ours.channels.stats().stray, 2u);
}

TEST_F(Rules, emptyMessagesHaveTheirOwnKinds) {
  sayOpen(StreamId(4), "c");
  say(StreamId(4), 56, std::string(1, '\0'));
  say(StreamId(4), 57, std::string(1, '\0'));
  run();
  const ChannelId c = ours.announced("c");
  EXPECT_EQ(ours.received, (std::vector<test::Received>{{c, MessageKind::Text, ""},
                                                        {c, MessageKind::Binary, ""}}));
  ASSERT_TRUE(ours.channels.send(c, MessageKind::Text, {}, now).ok());
  ASSERT_TRUE(ours.channels.send(c, MessageKind::Binary, {}, now).ok());
  run();
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[1].ppid, Ppid(56));
  EXPECT_EQ(heard[2].ppid, Ppid(57));
  EXPECT_EQ(heard[2].text.size(), 1u);
}

// RFC 8831 section 6.6: nobody should send these any more.
TEST_F(Rules, messagesInDeprecatedPartsAreWhole) {
  sayOpen(StreamId(4), "c");
  say(StreamId(4), 54, "one ");
  say(StreamId(4), 54, "two ");
  say(StreamId(4), 51, "three");
  say(StreamId(4), 52, "b");
  say(StreamId(4), 53, "c");
  say(StreamId(4), 53, "alone");
  run();
  const ChannelId c = ours.announced("c");
  EXPECT_EQ(ours.received, (std::vector<test::Received>{{c, MessageKind::Text, "one two three"},
                                                        {c, MessageKind::Binary, "bc"},
                                                        {c, MessageKind::Binary, "alone"}}));
}

class SmallParts : public Rules {
 protected:
  SmallParts() : Rules({}, limited()) {}
  static ChannelsConfig limited() {
    ChannelsConfig c;
    c.maxReceivedMessage = 10;
    return c;
  }
};

TEST_F(SmallParts, partsBeyondTheLimitCloseTheChannel) {
  sayOpen(StreamId(4), "c");
  say(StreamId(4), 54, "1234567890");
  say(StreamId(4), 51, "1");
  run();
  EXPECT_TRUE(ours.received.empty());
  EXPECT_EQ(ours.of(ours.announced("c")), (Story{"announced", "opened", "closing"}));
}

// RFC 8832 section 6: until the other side has said something on it.
TEST_F(Rules, anUnorderedChannelIsOrderedUntilItIsAcknowledged) {
  ChannelInit init;
  init.ordered = false;
  const ChannelId c = ours.create("c", init, now);
  ASSERT_TRUE(ours.channels.send(c, MessageKind::Text, asBytes("before"), now).ok());
  run();
  ack(StreamId(1));
  run();
  ASSERT_TRUE(ours.channels.send(c, MessageKind::Text, asBytes("after"), now).ok());
  run();
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[0].ppid, kDcep);
  EXPECT_FALSE(heard[0].unordered);
  EXPECT_EQ(heard[1].text, "before");
  EXPECT_FALSE(heard[1].unordered);
  EXPECT_EQ(heard[2].text, "after");
  EXPECT_TRUE(heard[2].unordered);
}

TEST_F(Rules, aMessageIsAsGoodAsAnAcknowledgement) {
  ChannelInit init;
  init.ordered = false;
  const ChannelId c = ours.create("c", init, now);
  run();
  say(StreamId(1), 51, "hello");
  run();
  ASSERT_TRUE(ours.channels.send(c, MessageKind::Text, asBytes("after"), now).ok());
  run();
  EXPECT_TRUE(heard.back().unordered);
}

TEST_F(Rules, anAcknowledgementOfNothingIsIgnored) {
  ack(StreamId(9));
  run();
  EXPECT_TRUE(resets.empty());
  EXPECT_EQ(ours.channels.size(), 0u);
}

TEST_F(Rules, theOtherSidesResetClosesOurChannel) {
  const ChannelId c = ours.create("c", {}, now);
  run();
  peer.resetStream(StreamId(1), now);
  run();
  EXPECT_EQ(resets, (std::vector<StreamId>{StreamId(1)}));
  EXPECT_EQ(ours.of(c), (Story{"opened", "closing", "closed"}));
}

TEST_F(Rules, messagesAfterCloseAreNotDelivered) {
  const ChannelId c = ours.create("c", {}, now);
  run();
  ours.channels.close(c, now);
  say(StreamId(1), 51, "late");
  run();
  EXPECT_TRUE(ours.received.empty());
}

class WithoutReset : public Rules {
 protected:
  WithoutReset() : Rules(config()) {}
  static sctp::AssociationConfig config() {
    sctp::AssociationConfig c;
    c.extensions.reconfig = false;
    return c;
  }
};

TEST_F(WithoutReset, closingIsLocalAndTheIdentifierIsGone) {
  const ChannelId c = ours.create("c", {}, now);
  run();
  ours.channels.close(c, now);
  run();
  EXPECT_EQ(ours.of(c), (Story{"opened", "closed"}));
  const ChannelId next = ours.create("next", {}, now);
  EXPECT_EQ(ours.channels.stream(next), StreamId(3));
}

class FewStreams : public Rules {
 protected:
  FewStreams() : Rules(config()) {}
  static sctp::AssociationConfig config() {
    sctp::AssociationConfig c;
    c.outboundStreams = c.inboundStreams = 4;
    return c;
  }
  void SetUp() override {
    for (int i = 0; i < 3; ++i)
      ids.push_back(ours.create(std::to_string(i)));
    Rules::SetUp();
  }
  std::vector<ChannelId> ids;
};

TEST_F(FewStreams, aChannelBeyondThemFails) {
  EXPECT_EQ(ours.of(ids[0]), (Story{"opened"}));
  EXPECT_EQ(ours.of(ids[1]), (Story{"opened"}));
  EXPECT_EQ(ours.of(ids[2]).back(), "closed: data channel: the other side has fewer streams");
  EXPECT_EQ(ours.channels.create({}, now).error().code(), ErrorCode::Limit);
}

}  // namespace
}  // namespace parley::datachannel
