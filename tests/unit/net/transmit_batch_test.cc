#include "net/transmit_batch.h"

#include <gtest/gtest.h>

#include <vector>

namespace parley {
namespace {

class TransmitBatchTest : public testing::Test {
 protected:
  void send(const Path& path, std::size_t size) {
    ASSERT_FALSE(batch.reserve(size).empty() && size != 0);
    batch.commit(path, size);
  }

  std::vector<std::uint8_t> arena = std::vector<std::uint8_t>(256 * 1024);
  std::vector<Transmit> items = std::vector<Transmit>(8);
  TransmitBatch batch{arena, items};
  Path a{LinkId{1}, Transport::Udp, {}, Address{IpAddress::v4(10, 0, 0, 1), 1}};
  Path b{LinkId{1}, Transport::Udp, {}, Address{IpAddress::v4(10, 0, 0, 2), 1}};
};

TEST_F(TransmitBatchTest, joinsEqualDatagramsOfOnePath) {
  for (int i = 0; i < 5; ++i)
    send(a, 1200);
  send(a, 300);  // a shorter one ends the train
  send(a, 300);
  ASSERT_EQ(batch.trains().size(), 2u);
  EXPECT_EQ(batch.trains()[0].segments, 6u);
  EXPECT_EQ(batch.trains()[0].length, 5u * 1200 + 300);
  EXPECT_EQ(batch.trains()[1].segmentSize, 300u);
}

TEST_F(TransmitBatchTest, splitsAtPathSegmentsAndBytes) {
  send(a, 100);
  send(b, 100);
  for (std::uint32_t i = 0; i < TransmitBatch::kMaxSegments; ++i)
    send(b, 100);
  ASSERT_EQ(batch.trains().size(), 3u);
  EXPECT_EQ(batch.trains()[1].segments, TransmitBatch::kMaxSegments);
  batch.clear();
  for (int i = 0; i < 46; ++i)
    send(a, 1450);
  EXPECT_EQ(batch.trains()[0].segments, TransmitBatch::kMaxTrainBytes / 1450);
}

TEST_F(TransmitBatchTest, neverJoinsStreamMessages) {
  Path stream = a;
  stream.transport = Transport::Tcp;
  send(stream, 100);
  send(stream, 100);
  EXPECT_EQ(batch.trains().size(), 2u);
}

TEST_F(TransmitBatchTest, saysWhenItIsFull) {
  for (std::size_t i = 0; i < items.size(); ++i)
    send(i % 2 == 0 ? a : b, 10);
  EXPECT_TRUE(batch.reserve(1).empty());
  batch.clear();
  EXPECT_TRUE(batch.reserve(arena.size() + 1).empty());
  EXPECT_EQ(batch.reserve(arena.size()).size(), arena.size());
}

TEST(Train, walksItsDatagrams) {
  std::vector<std::uint8_t> bytes(250);
  const Train t({}, bytes, 100);
  ASSERT_EQ(t.size(), 3u);
  EXPECT_EQ(t[0].size(), 100u);
  EXPECT_EQ(t[2].size(), 50u);
  EXPECT_EQ(t.first(2).bytes().size(), 200u);
  EXPECT_EQ(t.from(2)[0].size(), 50u);
  EXPECT_EQ(Train({}, {}).size(), 1u);
}

}  // namespace
}  // namespace parley
