#include "driver/stream_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace parley::driver {
namespace {

std::string text(const StreamQueue& q) {
  return std::string(asText(q.front()));
}

void media(StreamQueue& q, std::string_view s) {
  EXPECT_TRUE(q.push({}, asBytes(s), 0, Priority::Media));
}

TEST(StreamQueue, JoinsHeaderPayloadAndPadding) {
  StreamQueue q(100, 200);
  EXPECT_TRUE(q.push(asBytes("head"), asBytes("body"), 3, Priority::Media));
  EXPECT_EQ(text(q), std::string("headbody\0\0\0", 11));
}

TEST(StreamQueue, OldMediaGivesWayToNew) {
  StreamQueue q(40, 100);
  media(q, "aaaaaaaaaa");
  media(q, "bbbbbbbbbb");
  media(q, "cccccccccc");
  media(q, "dddddddddd");
  media(q, "eeeeeeeeee");  // over: down to the half first
  EXPECT_EQ(text(q), "ccccccccccddddddddddeeeeeeeeee");
  EXPECT_EQ(q.dropped(), 2u);
}

TEST(StreamQueue, AMessageHalfWrittenAndControlStay) {
  StreamQueue q(30, 100);
  media(q, "aaaaaaaaaa");
  q.pop(4);
  EXPECT_TRUE(q.push({}, asBytes("CONTROL"), 0, Priority::Control));
  media(q, "bbbbbbbbbb");
  media(q, "cccccccccc");
  EXPECT_EQ(text(q), "aaaaaaCONTROLcccccccccc");
  EXPECT_EQ(q.dropped(), 1u);
}

TEST(StreamQueue, MediaThatFindsNoRoomIsDropped) {
  StreamQueue q(10, 100);
  EXPECT_TRUE(q.push({}, asBytes("0123456789abcdef"), 0, Priority::Control));
  media(q, "late");
  EXPECT_EQ(text(q), "0123456789abcdef");
  EXPECT_EQ(q.dropped(), 1u);
}

TEST(StreamQueue, ControlIsRefusedOnlyAtTheHardLimit) {
  StreamQueue q(10, 20);
  EXPECT_TRUE(q.push({}, asBytes("0123456789"), 0, Priority::Control));
  EXPECT_TRUE(q.push({}, asBytes("0123456789"), 0, Priority::Control));
  EXPECT_FALSE(q.push({}, asBytes("x"), 0, Priority::Control));
  q.pop(1);
  EXPECT_TRUE(q.push({}, asBytes("x"), 0, Priority::Control));
}

}  // namespace
}  // namespace parley::driver
