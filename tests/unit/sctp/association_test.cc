// Two associations over a pipe: the handshake in all its orders, messages, resets, ends.
#include <gtest/gtest.h>

#include <algorithm>

#include "sctp/wire/crc32c.h"
#include "sctp/wire/data_chunk.h"
#include "tests/unit/sctp/pipe.h"

namespace parley::sctp {
namespace {

using test::End;
using test::pattern;
using test::Pipe;
using test::Weather;

AssociationConfig config() {
  AssociationConfig c;
  c.maxSentMessage = 16 << 20;
  return c;
}

bool connected(End& e) {
  return e.association.state() == AssociationState::Connected;
}
bool ended(End& e) {
  return e.association.state() == AssociationState::Ended;
}

struct Fixture {
  explicit Fixture(const Weather& w = {}, const AssociationConfig& a = config(),
                   const AssociationConfig& b = config(), std::uint64_t seed = 1)
      : pipe(seed, w, a, b) {}
  void connect() {
    pipe.connect();
    ASSERT_TRUE(pipe.runUntil([&] { return connected(pipe.a()) && connected(pipe.b()); }));
  }
  Pipe pipe;
};

TEST(Handshake, bothConnectAtOnce) {
  Fixture f;
  f.connect();
  EXPECT_EQ(f.pipe.a().count<event::Connected>(), 1);
  EXPECT_EQ(f.pipe.b().count<event::Connected>(), 1);
  const auto* c = f.pipe.a().last<event::Connected>();
  EXPECT_EQ(c->outboundStreams, 65'535);
  EXPECT_TRUE(c->extensions.interleaving && c->extensions.forwardTsn && c->extensions.reconfig &&
              c->extensions.zeroChecksum);
  // INIT, INIT ACK, COOKIE ECHO: one round trip and a half.
  EXPECT_LE(f.pipe.now() - Time{1s}, 30ms);
}

TEST(Handshake, oneConnects) {
  Fixture f;
  f.pipe.a().association.connect(f.pipe.now());
  f.pipe.a().drain();
  EXPECT_TRUE(f.pipe.runUntil([&] { return connected(f.pipe.a()) && connected(f.pipe.b()); }));
  EXPECT_LE(f.pipe.now() - Time{1s}, 40ms);
}

TEST(Handshake, theOtherConnectsWhileItIsUnderWay) {
  for (int ms = 0; ms < 50; ms += 3) {
    Fixture f;
    f.pipe.a().association.connect(f.pipe.now());
    f.pipe.a().drain();
    f.pipe.runFor(std::chrono::milliseconds{ms});
    f.pipe.b().association.connect(f.pipe.now());
    f.pipe.b().drain();
    ASSERT_TRUE(f.pipe.runUntil([&] { return connected(f.pipe.a()) && connected(f.pipe.b()); }));
    f.pipe.runFor(1s);
    EXPECT_EQ(f.pipe.a().count<event::Connected>(), 1) << ms;
    EXPECT_EQ(f.pipe.b().count<event::Connected>(), 1) << ms;
    EXPECT_EQ(f.pipe.a().count<event::Restarted>(), 0) << ms;
    EXPECT_EQ(f.pipe.b().count<event::Restarted>(), 0) << ms;
  }
}

TEST(Handshake, messagesSentBeforeLeaveWithTheCookie) {
  Fixture f;
  const auto message = pattern(7, 500);
  ASSERT_TRUE(f.pipe.send(f.pipe.a(), 3, message));
  f.pipe.connect();
  ASSERT_TRUE(f.pipe.runUntil([&] { return !f.pipe.b().heard.empty(); }));
  EXPECT_EQ(f.pipe.b().heard[0].data, message);
  EXPECT_EQ(f.pipe.b().heard[0].stream, StreamId{3});
  EXPECT_EQ(f.pipe.now() - Time{1s}, 30ms);  // one and a half round trips after the first INIT
}

TEST(Handshake, survivesLossOfAnyPacket) {
  for (int lost = 0; lost < 8; ++lost) {
    Fixture f;
    int n = 0;
    f.pipe.filter = [&](int, ConstBytes) { return n++ != lost; };
    f.pipe.connect();
    ASSERT_TRUE(f.pipe.runUntil([&] { return connected(f.pipe.a()) && connected(f.pipe.b()); }))
        << lost;
    EXPECT_LE(f.pipe.now() - Time{1s}, 600ms) << lost;
  }
}

TEST(Handshake, aRoundTripHintMakesTheFirstTimerShort) {
  AssociationConfig c = config();
  c.rttHint = 20ms;
  Fixture f({}, c, c);
  f.pipe.filter = [&](int, ConstBytes) { return f.pipe.now() > Time{1s}; };  // both INITs are lost
  f.pipe.connect();
  ASSERT_TRUE(f.pipe.runUntil([&] { return connected(f.pipe.a()) && connected(f.pipe.b()); }));
  EXPECT_LE(f.pipe.now() - Time{1s}, 100ms);
}

TEST(Handshake, givesUpAfterItsRetries) {
  Fixture f;
  f.pipe.filter = [](int, ConstBytes) { return false; };
  f.pipe.connect();
  ASSERT_TRUE(f.pipe.runUntil([&] { return ended(f.pipe.a()) && ended(f.pipe.b()); }));
  EXPECT_EQ(f.pipe.a().last<event::Ended>()->reason, event::EndReason::HandshakeTimedOut);
  EXPECT_GE(f.pipe.now() - Time{1s}, 20s);
  EXPECT_EQ(f.pipe.packets, 18u);  // each its INIT and eight more
  EXPECT_EQ(f.pipe.a().association.nextTimeout(), kNever);
}

TEST(Handshake, whatOneCannotIsNotUsed) {
  for (unsigned bits = 0; bits < 16; ++bits) {
    AssociationConfig a = config();
    a.extensions = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
    Fixture f({}, a, config());
    f.connect();
    EXPECT_EQ(f.pipe.a().last<event::Connected>()->extensions, a.extensions);
    EXPECT_EQ(f.pipe.b().last<event::Connected>()->extensions, a.extensions);
    const auto message = pattern(1, 5000);
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 1, message));
    ASSERT_TRUE(f.pipe.send(f.pipe.b(), 1, message));
    ASSERT_TRUE(
        f.pipe.runUntil([&] { return f.pipe.a().heard.size() + f.pipe.b().heard.size() == 2; }));
    EXPECT_EQ(f.pipe.b().heard[0].data, message);
  }
}

TEST(Handshake, streamsAreTheLesserOfBoth) {
  AssociationConfig a = config();
  a.outboundStreams = 100;
  a.inboundStreams = 7;
  Fixture f({}, a, config());
  f.connect();
  EXPECT_EQ(f.pipe.a().last<event::Connected>()->outboundStreams, 100);
  EXPECT_EQ(f.pipe.b().last<event::Connected>()->outboundStreams, 7);
  EXPECT_FALSE(f.pipe.send(f.pipe.b(), 7, pattern(1, 10)));
  EXPECT_TRUE(f.pipe.send(f.pipe.b(), 6, pattern(1, 10)));
  f.pipe.b().association.addOutgoingStreams(5, f.pipe.now());
  f.pipe.b().drain();
  ASSERT_TRUE(f.pipe.runUntil([&] { return f.pipe.b().count<event::StreamsAdded>() == 1; }));
  EXPECT_EQ(f.pipe.b().last<event::StreamsAdded>()->outboundStreams, 12);
  EXPECT_EQ(f.pipe.a().last<event::StreamsAdded>()->inboundStreams, 12);
  EXPECT_TRUE(f.pipe.send(f.pipe.b(), 11, pattern(2, 10)));
  ASSERT_TRUE(f.pipe.runUntil([&] { return f.pipe.a().heard.size() == 2; }));
}

TEST(Handshake, checksumIsLeftOutOnlyWhereItMayBe) {
  Fixture f;
  std::size_t zero = 0;
  f.pipe.filter = [&](int, ConstBytes p) {
    const auto type = static_cast<ChunkType>(p[12]);
    const bool isZero = loadBe32(p.data() + 8) == 0;
    if (type == ChunkType::Init || type == ChunkType::InitAck || type == ChunkType::CookieEcho) {
      EXPECT_FALSE(isZero);
      EXPECT_EQ(packetChecksum(p), loadBe32(p.data() + 8));
    } else {
      EXPECT_TRUE(isZero);
      ++zero;
    }
    return true;
  };
  f.connect();
  f.pipe.send(f.pipe.a(), 0, pattern(1, 100));
  f.pipe.runFor(1s);
  EXPECT_GT(zero, 2u);
}

// ---- Messages

TEST(Messages, ofEverySize) {
  Fixture f;
  f.connect();
  std::size_t n = 0;
  for (const std::size_t size :
       {1u, 2u, 100u, 1127u, 1128u, 1129u, 1130u, 2300u, 65'536u, 1'000'000u}) {
    const auto message = pattern(n, size);
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 0, message));
    ASSERT_TRUE(f.pipe.runUntil([&] { return f.pipe.b().heard.size() == n + 1; })) << size;
    EXPECT_EQ(f.pipe.b().heard[n].data, message);
    EXPECT_EQ(f.pipe.b().heard[n].ppid, Ppid{53});
    ++n;
  }
}

TEST(Messages, of16MiB) {
  for (const bool interleaving : {true, false}) {
    AssociationConfig c = config();
    c.extensions.interleaving = interleaving;
    Fixture f({}, c, c);
    f.connect();
    const auto message = pattern(3, 16 << 20);
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 0, message));
    ASSERT_TRUE(f.pipe.send(f.pipe.b(), 0, message));
    ASSERT_TRUE(f.pipe.runUntil(
        [&] { return f.pipe.a().heard.size() == 1 && f.pipe.b().heard.size() == 1; }));
    EXPECT_EQ(f.pipe.a().heard[0].data, message);
    EXPECT_EQ(f.pipe.b().heard[0].data, message);
  }
}

TEST(Messages, tooLongForThePeerAreRefusedHere) {
  AssociationConfig c = config();
  c.maxSentMessage = 1000;
  Fixture f({}, c, config());
  f.connect();
  const auto sent =
      f.pipe.a().association.send(StreamId{0}, Ppid{53}, pattern(1, 1001), {}, f.pipe.now());
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().code(), ErrorCode::Limit);
  EXPECT_TRUE(f.pipe.send(f.pipe.a(), 0, pattern(1, 1000)));
  f.pipe.a().association.setMaxSentMessage(2000);
  EXPECT_TRUE(f.pipe.send(f.pipe.a(), 0, pattern(1, 1001)));
}

TEST(Messages, tooLongFromThePeerEndTheAssociation) {
  AssociationConfig c = config();
  c.maxReceivedMessage = 10'000;
  for (const bool interleaving : {true, false}) {
    c.extensions.interleaving = interleaving;
    Fixture f({}, config(), c);
    f.connect();
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 0, pattern(1, 10'001)));
    ASSERT_TRUE(f.pipe.runUntil([&] { return ended(f.pipe.a()) && ended(f.pipe.b()); }));
    EXPECT_EQ(f.pipe.b().last<event::Ended>()->reason, event::EndReason::MessageTooLong);
    EXPECT_EQ(f.pipe.a().last<event::Ended>()->reason, event::EndReason::AbortedByPeer);
    EXPECT_EQ(f.pipe.a().last<event::Ended>()->cause, CauseCode::OutOfResource);
  }
}

TEST(Messages, emptyOnesAreNone) {
  Fixture f;
  EXPECT_FALSE(f.pipe.send(f.pipe.a(), 0, {}));
}

// Unfinished messages of many streams at once, more than the receiver has memory for.
TEST(Messages, unfinishedOnesThatFillTheBufferEndTheAssociation) {
  AssociationConfig c = config();
  c.receiveBufferLimit = 1 << 20;
  Fixture f({}, config(), c);
  f.connect();
  for (std::uint16_t s = 0; s < 8; ++s)
    ASSERT_TRUE(f.pipe.a()
                    .association.send(StreamId{s}, Ppid{53}, pattern(s, 1 << 20), {}, f.pipe.now())
                    .ok());
  f.pipe.a().drain();
  ASSERT_TRUE(f.pipe.runUntil([&] { return ended(f.pipe.b()); }));
  EXPECT_EQ(f.pipe.b().last<event::Ended>()->reason, event::EndReason::ReceiveBufferFull);
}

TEST(Messages, shortTimesCarryTheirSackAlong) {
  Fixture f;
  f.connect();
  f.pipe.send(f.pipe.a(), 0, pattern(0, 100));
  f.pipe.runFor(1s);
  const auto before = f.pipe.packets;
  f.pipe.b().onMessage = [&](const ReceivedMessage& m) {
    if (m.data.size() != 99) return;
    ASSERT_TRUE(f.pipe.b().association.send(StreamId{0}, Ppid{53}, m.data, {}, f.pipe.now()).ok());
  };
  for (int i = 0; i < 10; ++i) {
    f.pipe.send(f.pipe.a(), 0, pattern(0, 99));
    const std::size_t n = f.pipe.a().heard.size();
    ASSERT_TRUE(f.pipe.runUntil([&] { return f.pipe.a().heard.size() == n + 1; }));
  }
  f.pipe.runFor(1s);
  // Ping and pong with their SACKs inside; the last pong alone has a SACK of its own.
  EXPECT_LE(f.pipe.packets - before, 22u);
}

TEST(Messages, bulkCostsFewSacks) {
  Weather w;
  w.bitsPerSecond = 1e9;
  Fixture f(w);
  f.connect();
  f.pipe.b().keepsData = false;
  f.pipe.a().keepsData = false;
  for (int i = 0; i < 25; ++i)
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 0, pattern(0, 1 << 20)));
  ASSERT_TRUE(f.pipe.runUntil([&] { return f.pipe.a().association.bufferedAmount() == 0; }));
  f.pipe.runFor(1s);
  const auto s = f.pipe.b().association.stats();
  EXPECT_EQ(s.messagesReceived, 25u);
  EXPECT_GT(s.sacksSent, 0u);
}

// The side that only answers and only receives has no acknowledgement to measure a round trip by.
TEST(Messages, theWindowOfferedGrowsWithTheBandwidthDelayProduct) {
  Weather w;
  w.delay = 50ms;
  w.bitsPerSecond = 1e9;
  w.queue = 12'500'000;
  Fixture f(w);
  f.pipe.a().association.connect(f.pipe.now());
  f.pipe.a().drain();
  ASSERT_TRUE(f.pipe.runUntil([&] { return connected(f.pipe.a()) && connected(f.pipe.b()); }));
  EXPECT_EQ(f.pipe.b().association.stats().receiveWindow, 1u << 20);
  f.pipe.b().keepsData = false;
  std::uint64_t received = 0;
  f.pipe.b().onMessage = [&](const ReceivedMessage& m) { received += m.data.size(); };
  const auto message = pattern(1, 1 << 20);
  const Time end = f.pipe.now() + 4s;
  while (f.pipe.now() < end) {
    while (f.pipe.a().association.bufferedAmount() < (16 << 20))
      ASSERT_TRUE(f.pipe.send(f.pipe.a(), 0, message));
    ASSERT_TRUE(f.pipe.step());
  }
  EXPECT_GT(f.pipe.b().association.stats().receiveWindow, 20u << 20);
  EXPECT_GT(received, 250u << 20);  // of 477 MiB that the link carries in four seconds
}

// ---- Stream reset

TEST(Reset, tellsBothSidesAndStartsAnew) {
  for (const bool interleaving : {true, false}) {
    AssociationConfig c = config();
    c.extensions.interleaving = interleaving;
    Fixture f({}, c, c);
    f.connect();
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 4, pattern(1, 30'000)));
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 6, pattern(2, 10)));
    f.pipe.a().association.resetStream(StreamId{4}, f.pipe.now());
    f.pipe.a().drain();
    EXPECT_FALSE(f.pipe.send(f.pipe.a(), 4, pattern(3, 10)));  // it is closing
    ASSERT_TRUE(
        f.pipe.runUntil([&] { return f.pipe.a().count<event::OutgoingStreamReset>() == 1; }));
    EXPECT_TRUE(f.pipe.a().last<event::OutgoingStreamReset>()->performed);
    EXPECT_EQ(f.pipe.a().last<event::OutgoingStreamReset>()->stream, StreamId{4});
    ASSERT_EQ(f.pipe.b().count<event::IncomingStreamReset>(), 1);
    EXPECT_EQ(f.pipe.b().last<event::IncomingStreamReset>()->stream, StreamId{4});
    EXPECT_EQ(f.pipe.b().heard.size(), 2u);  // before the reset
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 4, pattern(4, 10)));
    ASSERT_TRUE(f.pipe.send(f.pipe.a(), 6, pattern(5, 10)));
    ASSERT_TRUE(f.pipe.runUntil([&] { return f.pipe.b().heard.size() == 4; }));
  }
}

TEST(Reset, thousandStreamsAtOnce) {
  Fixture f;
  f.connect();
  for (std::uint16_t s = 0; s < 1000; ++s) {
    ASSERT_TRUE(
        f.pipe.a().association.send(StreamId{s}, Ppid{53}, pattern(s, 20), {}, f.pipe.now()).ok());
    f.pipe.a().association.resetStream(StreamId{s}, f.pipe.now());
  }
  f.pipe.a().drain();
  ASSERT_TRUE(
      f.pipe.runUntil([&] { return f.pipe.a().count<event::OutgoingStreamReset>() == 1000; }));
  EXPECT_EQ(f.pipe.b().count<event::IncomingStreamReset>(), 1000);
  EXPECT_EQ(f.pipe.b().heard.size(), 1000u);
}

TEST(Reset, survivesLossOfRequestAndAnswer) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Weather w;
    w.loss = 0.2;
    Fixture f(w, config(), config(), seed);
    f.connect();
    for (int round = 0; round < 3; ++round) {
      f.pipe.send(f.pipe.a(), 2, pattern(1, 3000));
      f.pipe.a().association.resetStream(StreamId{2}, f.pipe.now());
      f.pipe.a().drain();
      ASSERT_TRUE(f.pipe.runUntil([&] {
        return f.pipe.a().count<event::OutgoingStreamReset>() == round + 1;
      })) << seed;
      ASSERT_EQ(f.pipe.b().count<event::IncomingStreamReset>(), round + 1) << seed;
      ASSERT_EQ(f.pipe.b().heard.size(), static_cast<std::size_t>(round) + 1) << seed;
    }
  }
}

TEST(Reset, withoutTheExtensionIsDenied) {
  AssociationConfig c = config();
  c.extensions.reconfig = false;
  Fixture f({}, c, config());
  f.connect();
  f.pipe.b().association.resetStream(StreamId{1}, f.pipe.now());
  f.pipe.b().drain();
  ASSERT_TRUE(f.pipe.runUntil([&] { return f.pipe.b().count<event::OutgoingStreamReset>() == 1; }));
  EXPECT_FALSE(f.pipe.b().last<event::OutgoingStreamReset>()->performed);
}

// ---- The end

TEST(End, shutdownLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Weather w;
    w.loss = 0.2;
    Fixture f(w, config(), config(), seed);
    f.connect();
    for (std::uint64_t i = 0; i < 20; ++i)
      f.pipe.send(f.pipe.a(), static_cast<std::uint16_t>(i % 3), pattern(i, 4000));
    f.pipe.send(f.pipe.b(), 1, pattern(99, 9000));
    f.pipe.a().association.shutdown(f.pipe.now());
    f.pipe.a().drain();
    EXPECT_FALSE(f.pipe.send(f.pipe.a(), 0, pattern(1, 1)));
    ASSERT_TRUE(f.pipe.runUntil([&] { return ended(f.pipe.a()) && ended(f.pipe.b()); })) << seed;
    EXPECT_EQ(f.pipe.b().heard.size(), 20u) << seed;
    EXPECT_EQ(f.pipe.a().heard.size(), 1u) << seed;
    EXPECT_EQ(f.pipe.a().last<event::Ended>()->reason, event::EndReason::Shutdown) << seed;
    EXPECT_EQ(f.pipe.b().last<event::Ended>()->reason, event::EndReason::Shutdown) << seed;
  }
}

TEST(End, bothShutDownAtOnce) {
  Fixture f;
  f.connect();
  f.pipe.a().association.shutdown(f.pipe.now());
  f.pipe.b().association.shutdown(f.pipe.now());
  f.pipe.a().drain();
  f.pipe.b().drain();
  ASSERT_TRUE(f.pipe.runUntil([&] { return ended(f.pipe.a()) && ended(f.pipe.b()); }));
  EXPECT_EQ(f.pipe.a().last<event::Ended>()->reason, event::EndReason::Shutdown);
  EXPECT_LE(f.pipe.now() - Time{1s}, 100ms);
}

TEST(End, abortCarriesItsReason) {
  Fixture f;
  f.connect();
  f.pipe.a().association.abort("enough", f.pipe.now());
  f.pipe.a().drain();
  ASSERT_TRUE(f.pipe.runUntil([&] { return ended(f.pipe.b()); }));
  const auto* e = f.pipe.b().last<event::Ended>();
  EXPECT_EQ(e->reason, event::EndReason::AbortedByPeer);
  EXPECT_EQ(e->cause, CauseCode::UserInitiatedAbort);
  EXPECT_EQ(e->text, "enough");
  EXPECT_EQ(f.pipe.a().last<event::Ended>()->reason, event::EndReason::AbortedByUs);
  EXPECT_FALSE(f.pipe.send(f.pipe.b(), 0, pattern(1, 1)));
  EXPECT_EQ(f.pipe.b().association.nextTimeout(), kNever);
}

TEST(End, aPeerThatFallsSilentIsGivenUp) {
  Fixture f;
  f.connect();
  f.pipe.filter = [](int, ConstBytes) { return false; };
  f.pipe.send(f.pipe.a(), 0, pattern(1, 100));
  ASSERT_TRUE(f.pipe.runUntil([&] { return ended(f.pipe.a()); }, 600s));
  EXPECT_EQ(f.pipe.a().last<event::Ended>()->reason, event::EndReason::PeerUnreachable);
}

TEST(End, heartbeatsFindASilentPeerWhenAskedFor) {
  AssociationConfig c = config();
  c.heartbeatInterval = 5s;
  Fixture f({}, c, config());
  f.connect();
  f.pipe.runFor(100s);
  EXPECT_FALSE(ended(f.pipe.a()));
  f.pipe.filter = [](int, ConstBytes) { return false; };
  f.pipe.runFor(200s);
  ASSERT_TRUE(ended(f.pipe.a()));
  EXPECT_EQ(f.pipe.a().last<event::Ended>()->reason, event::EndReason::PeerUnreachable);
}

TEST(End, idleNothingHappens) {
  Fixture f;
  f.connect();
  f.pipe.send(f.pipe.a(), 0, pattern(1, 100));
  f.pipe.runFor(20s);
  const auto before = f.pipe.packets;
  f.pipe.runFor(3600s);
  EXPECT_EQ(f.pipe.packets, before);
  EXPECT_EQ(f.pipe.a().association.nextTimeout(), kNever);
  EXPECT_EQ(f.pipe.b().association.nextTimeout(), kNever);
}

// ---- Restart

TEST(Restart, ofThePeerIsSeenAndWorks) {
  Fixture f;
  f.connect();
  f.pipe.send(f.pipe.a(), 5, pattern(1, 100));
  f.pipe.send(f.pipe.b(), 5, pattern(1, 100));
  f.pipe.runFor(1s);
  SeededRandom random(77);
  f.pipe.b().association = Association(config(), random);
  f.pipe.b().events.clear();
  f.pipe.b().association.connect(f.pipe.now());
  f.pipe.b().drain();
  ASSERT_TRUE(f.pipe.runUntil([&] { return connected(f.pipe.b()); }));
  EXPECT_EQ(f.pipe.a().count<event::Restarted>(), 1);
  EXPECT_TRUE(connected(f.pipe.a()));
  const std::size_t a = f.pipe.a().heard.size();
  const std::size_t b = f.pipe.b().heard.size();
  f.pipe.send(f.pipe.a(), 5, pattern(2, 5000));
  f.pipe.send(f.pipe.b(), 5, pattern(3, 5000));
  ASSERT_TRUE(f.pipe.runUntil(
      [&] { return f.pipe.a().heard.size() == a + 1 && f.pipe.b().heard.size() == b + 1; }));
}

}  // namespace
}  // namespace parley::sctp
