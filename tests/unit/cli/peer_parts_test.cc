#include <gtest/gtest.h>

#include <set>

#include "cli/peer/main_loop.h"
#include "cli/peer/meter.h"
#include "cli/peer/output.h"
#include "cli/peer/room_link.h"
#include "signal/names.h"

namespace parley::cli {
namespace {

TEST(RoomLink, ThePinIsTakenOffAndTheTokenStays) {
  EXPECT_EQ(parseLink("https://h/r/x").url, "https://h/r/x");
  const RoomLink pinned = parseLink("https://h/r/x#pin=AB12");
  EXPECT_EQ(pinned.url, "https://h/r/x");
  EXPECT_EQ(pinned.pin, "AB12");
  const RoomLink both = parseLink("https://h/r/x#token=t.t.t&pin=AB");
  EXPECT_EQ(both.url, "https://h/r/x#token=t.t.t");
  EXPECT_EQ(both.pin, "AB");
  EXPECT_TRUE(isLink("ws://h/r/x"));
  EXPECT_FALSE(isLink("file.txt"));
  EXPECT_FALSE(isLink("httpd.conf"));
}

TEST(RoomLink, RoomsAreNamesThatTheServerTakes) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const std::string room = randomRoom();
    EXPECT_EQ(signal::foldRoom(room), room);
    seen.insert(room);
  }
  EXPECT_EQ(seen.size(), 200u);
}

TEST(Output, NumbersForPeople) {
  EXPECT_EQ(inBytes(0), "0 B");
  EXPECT_EQ(inBytes(999), "999 B");
  EXPECT_EQ(inBytes(1'500), "1.5 kB");
  EXPECT_EQ(inBytes(123'456'789), "123 MB");
  EXPECT_EQ(inBytes(4.2e9), "4.2 GB");
  EXPECT_EQ(inTime(5), "0:05");
  EXPECT_EQ(inTime(125), "2:05");
  EXPECT_EQ(inTime(3'725), "1:02:05");
}

TEST(Output, TheOtherSideCannotWriteOnOurTerminal) {
  EXPECT_EQ(shown("a\x1b[2Jb"), "a\xef\xbf\xbd[2Jb");
  EXPECT_EQ(shown("tab\there\n"), "tab\xef\xbf\xbdhere\xef\xbf\xbd");
  EXPECT_EQ(shown("\xe2\x80\xae"
                  "abc"),
            "\xef\xbf\xbd"
            "abc");
  EXPECT_EQ(shown("\xff\xfe"), "\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(shown("한글"), "한글");
}

TEST(Meter, SaysTheSpeedOfTheLastSeconds) {
  Meter meter;
  Time now{100s};
  EXPECT_FALSE(meter.speed());
  for (int i = 0; i <= 10; ++i)
    meter.add(static_cast<std::uint64_t>(i) * 1'000'000, now + i * 1s);
  EXPECT_NEAR(*meter.speed(), 1e6, 1);
  for (int i = 11; i <= 20; ++i)
    meter.add(10'000'000 + static_cast<std::uint64_t>(i - 10) * 5'000'000, now + i * 1s);
  EXPECT_NEAR(*meter.speed(), 5e6, 1);
  meter.add(0, now + 21s);  // began anew
  EXPECT_FALSE(meter.speed());
}

TEST(Meter, TheLineFitsTheTerminal) {
  Meter meter;
  meter.add(0, Time{1s});
  meter.add(45, Time{2s});
  const std::string line = progressLine("report.pdf", 45, 100, meter, "direct, UDP, 1.2 ms", 80);
  EXPECT_EQ(line.find("report.pdf  45 % █████████░"), 0u) << line;
  EXPECT_NE(line.find("45 B/s  0:01 left"), std::string::npos) << line;
  const std::string narrow = progressLine(std::string(200, 'x'), 45, 100, meter, "direct", 40);
  std::size_t columns = 0;
  for (const char c : narrow)
    columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  EXPECT_LE(columns, 39u);
}

TEST(MainLoop, RunsTasksTimersAndEnds) {
  MainLoop loop;
  std::string order;
  loop.post([&] { order += 'p'; });
  loop.after(2ms, [&] {
    order += 'b';
    loop.stop(ExitCode::Integrity);
  });
  const auto cancelled = loop.after(1ms, [&] { order += 'x'; });
  loop.after(0ms, [&] { order += 'a'; });
  loop.cancel(cancelled);
  EXPECT_EQ(loop.run(), ExitCode::Integrity);
  EXPECT_EQ(order, "pab");
}

}  // namespace
}  // namespace parley::cli
