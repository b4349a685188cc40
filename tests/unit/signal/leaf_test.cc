// The small parts: ids, names, buckets, sources, buffers, deadlines, rooms, ICE credentials.
#include <gtest/gtest.h>

#include "signal/deadlines.h"
#include "signal/hub_config.h"
#include "signal/ice_servers.h"
#include "signal/id.h"
#include "signal/names.h"
#include "signal/resume_buffer.h"
#include "signal/room_directory.h"
#include "signal/signal_error.h"
#include "signal/source_table.h"
#include "signal/token_bucket.h"

namespace parley::signal {
namespace {

TEST(IdTest, TextGoesBothWaysAndHasOneForm) {
  SeededRandom random(1);
  for (int i = 0; i < 200; ++i) {
    const MemberId id = MemberId::random(random);
    const std::string text = id.toString();
    ASSERT_EQ(text.size(), kIdTextLength);
    EXPECT_EQ(MemberId::parse(text), id);
  }
  EXPECT_TRUE(MemberId::parse("AAAAAAAAAAAAAAAAAAAAAA"));
  EXPECT_FALSE(MemberId::parse("AAAAAAAAAAAAAAAAAAAAAB")) << "unused bits must be zero";
  EXPECT_FALSE(MemberId::parse("AAAAAAAAAAAAAAAAAAAAA"));
  EXPECT_FALSE(MemberId::parse("AAAAAAAAAAAAAAAAAAAAAAA"));
  EXPECT_FALSE(MemberId::parse("AAAAAAAAAAA+AAAAAAAAAA"));
  EXPECT_FALSE(MemberId::parse(""));
}

TEST(NamesTest, RoomsAreFoldedAndNarrow) {
  EXPECT_EQ(foldRoom("Blue-Fox-2"), "blue-fox-2");
  EXPECT_EQ(foldRoom(std::string(64, 'a')), std::string(64, 'a'));
  for (const std::string bad : {"", "-a", "a_b", "a b", "a/b", "\xc3\xa9", "a\n", "a."})
    EXPECT_FALSE(foldRoom(bad)) << bad;
  EXPECT_FALSE(foldRoom(std::string(65, 'a')));
}

TEST(NamesTest, NamesAreCleanUnicode) {
  EXPECT_EQ(cleanName("  Ada  L "), "Ada  L");
  EXPECT_EQ(cleanName("\xea\xb9\x80\xec\xb2\xa0\xec\x88\x98"),
            "\xea\xb9\x80\xec\xb2\xa0\xec\x88\x98");
  std::string longest;
  for (int i = 0; i < 64; ++i)
    longest += "\xf0\x9f\xa6\x8a";
  EXPECT_TRUE(cleanName(longest));
  EXPECT_FALSE(cleanName(longest + "x"));
  for (const std::string_view bad :
       {std::string_view(""), std::string_view("   "), std::string_view("a\nb"),
        std::string_view("a\0b", 3), std::string_view("\x7f"), std::string_view("\xc2\x85"),
        std::string_view("\xe2\x80\xae"
                         "abc"),
        std::string_view("\xe2\x81\xa6"), std::string_view("\xe2\x80\xa8"),
        std::string_view("\xef\xbb\xbf"), std::string_view("\xef\xbf\xbf"),
        std::string_view("\xff"), std::string_view("\xc0\x80"), std::string_view("\xed\xa0\x80"),
        std::string_view("\xf4\x90\x80\x80")})
    EXPECT_FALSE(cleanName(bad)) << bad;
}

TEST(TokenBucketTest, BurstThenRate) {
  Time now{10s};
  TokenBucket b(2, 4, now);
  for (int i = 0; i < 4; ++i)
    EXPECT_TRUE(b.take(1, now));
  EXPECT_FALSE(b.take(1, now));
  EXPECT_EQ(b.untilHalf(now), Duration(1s));
  EXPECT_FALSE(b.take(1, now + 499ms));
  EXPECT_TRUE(b.take(1, now + 501ms));
  EXPECT_TRUE(b.take(4, now + 100s));
  EXPECT_FALSE(b.take(1, now + 100s)) << "never more than the burst";
  EXPECT_FALSE(b.take(1, now)) << "time that steps back gives nothing";
}

TEST(SourceTableTest, HouseholdsAreOneSource) {
  const auto key = [](const char* text) { return SourceKey(*IpAddress::parse(text)); };
  EXPECT_EQ(key("192.0.2.1"), key("::ffff:192.0.2.1"));
  EXPECT_FALSE(key("192.0.2.1") == key("192.0.2.2"));
  EXPECT_EQ(key("2001:db8:1:aa00::1"), key("2001:db8:1:aaff:ffff::2"));
  EXPECT_FALSE(key("2001:db8:1:aa00::1") == key("2001:db8:1:ab00::1"));

  SourceTable table;
  table.add(key("192.0.2.1"), SourceUse::Sockets);
  table.add(key("192.0.2.1"), SourceUse::Sockets);
  table.add(key("192.0.2.1"), SourceUse::Rooms);
  EXPECT_EQ(table.count(key("192.0.2.1"), SourceUse::Sockets), 2u);
  EXPECT_EQ(table.count(key("192.0.2.1"), SourceUse::Members), 0u);
  table.remove(key("192.0.2.1"), SourceUse::Sockets);
  table.remove(key("192.0.2.1"), SourceUse::Sockets);
  EXPECT_EQ(table.size(), 1u);
  table.remove(key("192.0.2.1"), SourceUse::Rooms);
  EXPECT_EQ(table.size(), 0u) << "an entry lives while it counts something";
}

TEST(ResumeBufferTest, KeepsUntilAcknowledged) {
  ResumeBuffer b;
  EXPECT_EQ(b.next(), 1u);
  EXPECT_TRUE(b.acknowledge(0));
  EXPECT_FALSE(b.acknowledge(1)) << "never sent";
  for (int i = 1; i <= 100; ++i)
    ASSERT_TRUE(b.push(std::to_string(i), 1000));
  EXPECT_TRUE(b.acknowledge(60));
  EXPECT_TRUE(b.acknowledge(40)) << "an older one changes nothing";
  EXPECT_EQ(b.kept(), 40u);
  EXPECT_EQ(b.acknowledged(), 60u);
  EXPECT_FALSE(b.canReplayAfter(59));
  EXPECT_TRUE(b.canReplayAfter(60));
  EXPECT_TRUE(b.canReplayAfter(100));
  EXPECT_FALSE(b.canReplayAfter(101));
  int next = 61;
  b.forEach([&](const std::string& text) { EXPECT_EQ(text, std::to_string(next++)); });
  EXPECT_EQ(next, 101);
  EXPECT_TRUE(b.acknowledge(100));
  EXPECT_EQ(b.bytes(), 0u);
  EXPECT_EQ(b.next(), 101u);
}

TEST(ResumeBufferTest, TheLimitIsExact) {
  ResumeBuffer b;
  EXPECT_TRUE(b.push(std::string(60, 'a'), 100));
  EXPECT_FALSE(b.push(std::string(41, 'b'), 100));
  EXPECT_EQ(b.lastSent(), 1u) << "what was refused has no number";
  EXPECT_TRUE(b.push(std::string(40, 'b'), 100));
  EXPECT_FALSE(b.push("c", 100));
  EXPECT_TRUE(b.acknowledge(1));
  EXPECT_TRUE(b.push(std::string(60, 'c'), 100));
}

TEST(DeadlinesTest, OneEntryAKey) {
  Deadlines<int> d;
  Time a = kNever;
  Time b = kNever;
  EXPECT_EQ(d.next(), kNever);
  d.set(1, a, Time(5s));
  d.set(2, b, Time(3s));
  d.set(1, a, Time(2s));
  EXPECT_EQ(d.size(), 2u);
  EXPECT_EQ(d.next(), Time(2s));
  EXPECT_EQ(d.due(Time(1s)), std::nullopt);
  EXPECT_EQ(d.due(Time(2s)), 1);
  d.set(1, a, kNever);
  EXPECT_EQ(d.due(Time(3s)), 2);
  d.set(2, b, kNever);
  EXPECT_EQ(d.size(), 0u);
}

TEST(RoomDirectoryTest, OrderIsNeverUsedTwiceInTheLifeOfARoom) {
  MemoryRoomDirectory d;
  SeededRandom random(3);
  const MemberId a = MemberId::random(random);
  const MemberId b = MemberId::random(random);
  EXPECT_EQ(d.find("x"), nullptr);
  EXPECT_EQ(d.sit("x", a, "A", SourceKey()), 1u);
  EXPECT_EQ(d.sit("x", b, "B", SourceKey()), 2u);
  EXPECT_FALSE(d.leave("x", b));
  EXPECT_EQ(d.sit("x", b, "B", SourceKey()), 3u);
  d.setLocked("x", true);
  EXPECT_EQ(d.lockedRooms(), std::vector<std::string>{"x"});
  EXPECT_FALSE(d.leave("x", a));
  EXPECT_TRUE(d.leave("x", b)) << "the last one closes it";
  EXPECT_EQ(d.size(), 0u);
  EXPECT_EQ(d.sit("x", a, "A", SourceKey()), 1u);
  EXPECT_FALSE(d.find("x")->locked) << "the lock ends with the room";
}

TEST(IceServersTest, RestCredentialsAreWhatTurnServersCompute) {
  // printf '1790003600:user' | openssl dgst -sha1 -hmac secret -binary | base64
  const RestCredential c =
      mintRestCredential("secret", "user", wallTimeFromUnixSeconds(1'790'003'600));
  EXPECT_EQ(c.username, "1790003600:user");
  EXPECT_EQ(c.credential, "p7KJTQ7xraseMdkNTzDJDXUeY/U=");
}

TEST(SignalErrorTest, NamesAreUniqueAndFatalOnesHaveACloseCode) {
  for (std::size_t i = 0; i < kSignalErrors; ++i) {
    const auto code = static_cast<SignalError>(i);
    EXPECT_EQ(signalErrorFromName(info(code).name), code);
    EXPECT_EQ(info(code).fatal, info(code).close != 0) << info(code).name;
    EXPECT_LE(info(code).name.size(), 32u);
  }
  EXPECT_EQ(signalErrorFromName("nothing"), std::nullopt);
}

TEST(HubConfigTest, SaysWhatIsWrong) {
  HubConfig good;
  good.serverKey.assign(32, 1);
  EXPECT_TRUE(good.validate().ok());
  const auto refused = [&](auto change) {
    HubConfig c = good;
    change(c);
    return !c.validate().ok();
  };
  EXPECT_TRUE(refused([](HubConfig& c) { c.serverKey.resize(31); }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.roomMembers = 0; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.roomMembers = 257; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.messageBytes = 100; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.bufferBytes = c.messageBytes; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.maxRooms = 0; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.messagesPerSecond = 0; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.byteBurst = 10; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.resumeWithin = 0s; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.idleAfter = c.pingEvery; }));
  EXPECT_TRUE(refused([](HubConfig& c) { c.proofLife = 48h; }));
}

}  // namespace
}  // namespace parley::signal
