// What other stacks put on the wire, as captured or as their sources say, read and answered.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sctp/association/association.h"
#include "sctp/wire/crc32c.h"
#include "sctp/wire/data_chunk.h"
#include "sctp/wire/sack.h"

namespace parley::sctp {
namespace {

// An INIT of usrsctp (Firefox; libdatachannel sends the like): besides what we know it offers
// ASCONF and packet drop, and carries random, HMAC and chunk list parameters of RFC 4895.
constexpr std::array<std::uint8_t, 100> kUsrsctpInit = {
    0x13, 0x88, 0x13, 0x88, 0x00, 0x00, 0x00, 0x00, 0x81, 0x46, 0x9d, 0xfc, 0x01, 0x00, 0x00,
    0x56, 0x55, 0xb9, 0x64, 0xa5, 0x00, 0x02, 0x00, 0x00, 0x04, 0x00, 0x08, 0x00, 0xe8, 0x6d,
    0x10, 0x30, 0xc0, 0x00, 0x00, 0x04, 0x80, 0x08, 0x00, 0x09, 0xc0, 0x0f, 0xc1, 0x80, 0x82,
    0x00, 0x00, 0x00, 0x80, 0x02, 0x00, 0x24, 0x9f, 0xeb, 0xbb, 0x5c, 0x50, 0xc9, 0xbf, 0x75,
    0x9c, 0xb1, 0x2c, 0x57, 0x4f, 0xa4, 0x5a, 0x51, 0xba, 0x60, 0x17, 0x78, 0x27, 0x94, 0x5c,
    0x31, 0xe6, 0x5d, 0x5b, 0x09, 0x47, 0xe2, 0x22, 0x06, 0x80, 0x04, 0x00, 0x06, 0x00, 0x01,
    0x00, 0x00, 0x80, 0x03, 0x00, 0x06, 0x80, 0xc1, 0x00, 0x00};

ChunkView firstChunk(ConstBytes packet) {
  ChunkIterator it(packet.subspan(kCommonHeaderSize));
  const auto c = it.next();
  EXPECT_TRUE(c.has_value());
  return *c;
}

TEST(WireVectors, initOfUsrsctp) {
  const auto packet = PacketView::parse(kUsrsctpInit, AcceptZeroChecksum::No);
  ASSERT_TRUE(packet.ok());
  EXPECT_EQ(packet->header().sourcePort, 5000);
  EXPECT_EQ(packet->header().tag, VerificationTag{});
  ChunkIterator it = packet->chunks();
  const auto init = readInit(*it.next());
  ASSERT_TRUE(init.has_value());
  EXPECT_TRUE(it.atEnd());
  EXPECT_EQ(init->initiateTag, VerificationTag{0x55b964a5});
  EXPECT_EQ(init->advertisedWindow, 131'072u);
  EXPECT_EQ(init->outboundStreams, 1024);
  EXPECT_EQ(init->inboundStreams, 2048);
  EXPECT_EQ(init->initialTsn, Tsn{0xe86d1030});
  EXPECT_EQ(init->extensions, (Extensions{true, true, false, false}));
  int unknown = 0;
  init->forEachUnknown([&](const ParameterView&) { ++unknown; });
  EXPECT_EQ(unknown, 0);
}

TEST(WireVectors, initOfUsrsctpIsAnsweredWithoutState) {
  SeededRandom random(1);
  Association a({}, random);
  a.handlePacket(kUsrsctpInit, Time{1s});
  std::array<std::uint8_t, 1200> room{};
  const std::size_t n = a.pollPacket(room, Time{1s});
  ASSERT_GT(n, 0u);
  EXPECT_EQ(loadBe32(room.data() + 4), 0x55b964a5u);
  const auto ack = readInit(firstChunk(ConstBytes(room).first(n)));
  ASSERT_TRUE(ack.has_value());
  EXPECT_FALSE(ack->cookie.empty());
  EXPECT_EQ(a.state(), AssociationState::New);
  EXPECT_EQ(a.nextTimeout(), kNever);
  EXPECT_EQ(a.pollPacket(room, Time{1s}), 0u);
}

// A packet with this tag, and these chunks as bytes.
std::vector<std::uint8_t> packetOf(std::uint32_t tag, const std::vector<std::uint8_t>& chunks) {
  std::vector<std::uint8_t> p(12 + chunks.size());
  storeBe32(p.data(), 0x13881388);
  storeBe32(p.data() + 4, tag);
  std::copy(chunks.begin(), chunks.end(), p.begin() + 12);
  storeBe32(p.data() + 8, packetChecksum(p));
  return p;
}

// A peer that is made of bytes: it takes our handshake as aiortc and Pion do, with the ports and
// streams of their own, without I-DATA and zero checksum.
class ByteWise : public testing::Test {
 protected:
  void SetUp() override {
    a_.connect(now_);
    const ChunkView init = poll();
    ASSERT_EQ(init.type, ChunkType::Init);
    tag_ = loadBe32(init.value.data());
    tsn_ = loadBe32(init.value.data() + 12);
    // INIT ACK: tag 7, window 128 KiB, 65,535 streams, TSN 100; extensions FORWARD-TSN and
    // RE-CONFIG; a cookie of four bytes. aiortc sends the cookie last, Pion first.
    std::vector<std::uint8_t> ack = {
        2,    0, 0, 0x28, 0,    0, 0, 7, 0,    2,    0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 100,
        0xc0, 0, 0, 4,    0x80, 8, 0, 6, 0x82, 0xc0, 0, 0, 0,    7,    0,    8,    1, 2, 3, 4};
    feed(ack);
    const ChunkView echo = poll();
    ASSERT_EQ(echo.type, ChunkType::CookieEcho);
    ASSERT_EQ(echo.value.size(), 4u);
    feed({11, 0, 0, 4});
    ASSERT_EQ(a_.state(), AssociationState::Connected);
  }
  void feed(const std::vector<std::uint8_t>& chunks) {
    const auto p = packetOf(tag_, chunks);
    a_.handlePacket(p, now_);
    while (const auto m = a_.nextMessage())
      heard_.emplace_back(m->data.begin(), m->data.end());
    a_.endOfTrain(now_);
  }
  // The first chunk of the next packet.
  ChunkView poll() {
    const std::size_t n = a_.pollPacket(room_, now_);
    EXPECT_GT(n, 0u);
    return n == 0 ? ChunkView{} : firstChunk(ConstBytes(room_).first(n));
  }

  bool hasReset() {
    bool found = false;
    while (const auto e = a_.pollEvent())
      found = found || std::holds_alternative<event::IncomingStreamReset>(*e);
    return found;
  }

  SeededRandom random_{3};
  Association a_{{}, random_};
  Time now_{1s};
  std::uint32_t tag_ = 0;
  std::uint32_t tsn_ = 0;
  std::array<std::uint8_t, 1200> room_{};
  std::vector<std::vector<std::uint8_t>> heard_;
};

TEST_F(ByteWise, dcepOpenIsHeardAndAcknowledgedAtOnce) {
  // DATA, TSN 100, stream 1, SSN 0, PPID 50: what a DATA_CHANNEL_OPEN comes in.
  feed({0, 3, 0, 19, 0, 0, 0, 100, 0, 1, 0, 0, 0, 0, 0, 50, 3, 0, 9, 0});
  ASSERT_EQ(heard_.size(), 1u);
  EXPECT_EQ(heard_[0], (std::vector<std::uint8_t>{3, 0, 9}));
  const auto sack = SackView::read(poll());
  ASSERT_TRUE(sack.has_value());
  EXPECT_EQ(sack->cumulativeTsn(), Tsn{100});
}

// Pion lists every stream in its FORWARD TSN, with the last SSN given up; dcSCTP only those that
// it skips. Either way the stream goes on behind it.
TEST_F(ByteWise, forwardTsnMovesTheStreamOn) {
  feed({0, 3, 0, 17, 0, 0, 0, 103, 0, 1, 0, 3, 0, 0, 0, 53, 'x', 0, 0, 0});  // SSN 3 waits
  EXPECT_TRUE(heard_.empty());
  feed({0xc0, 0, 0, 16, 0, 0, 0, 102, 0, 1, 0, 2, 0, 9, 0, 4});
  ASSERT_EQ(heard_.size(), 1u);
  const auto sack = SackView::read(poll());
  ASSERT_TRUE(sack.has_value());
  EXPECT_EQ(sack->cumulativeTsn(), Tsn{103});
}

// usrsctp closes a channel with an outgoing reset whose last TSN may not have come yet.
TEST_F(ByteWise, resetAheadOfItsDataIsInProgressUntilItComesAgain) {
  const std::vector<std::uint8_t> request = {0x82, 0, 0, 22, 0, 13, 0, 18,  0, 0, 0, 100,
                                             0,    0, 0, 0,  0, 0,  0, 100, 0, 1, 0, 0};
  feed(request);
  ChunkView answer = poll();
  ASSERT_EQ(answer.type, ChunkType::ReConfig);
  EXPECT_EQ(loadBe32(answer.value.data() + 8), 6u);  // in progress
  EXPECT_FALSE(hasReset());
  feed({0, 3, 0, 17, 0, 0, 0, 100, 0, 1, 0, 0, 0, 0, 0, 53, 'x', 0, 0, 0});
  while (a_.pollPacket(room_, now_) != 0) {
  }
  feed(request);
  answer = poll();
  ASSERT_EQ(answer.type, ChunkType::ReConfig);
  EXPECT_EQ(loadBe32(answer.value.data() + 8), 1u);  // performed
  EXPECT_TRUE(hasReset());
  feed(request);  // the answer was lost
  answer = poll();
  EXPECT_EQ(loadBe32(answer.value.data() + 8), 1u);
  EXPECT_FALSE(hasReset());  // once
}

TEST_F(ByteWise, heartbeatComesBackAsItWent) {
  feed({4, 0, 0, 12, 0, 1, 0, 8, 0xde, 0xad, 0xbe, 0xef});
  const ChunkView ack = poll();
  EXPECT_EQ(ack.type, ChunkType::HeartbeatAck);
  ASSERT_EQ(ack.value.size(), 8u);
  EXPECT_EQ(loadBe32(ack.value.data() + 4), 0xdeadbeefu);
}

TEST_F(ByteWise, unknownChunksByTheirTwoBits) {
  feed({0x3f, 0, 0, 4, 0, 3, 0, 17, 0, 0, 0, 100, 0, 1, 0, 0, 0, 0, 0, 53, 'x', 0, 0, 0});
  EXPECT_TRUE(heard_.empty());  // 00: nothing behind it is read
  feed({0xbf, 0, 0, 4, 0, 3, 0, 17, 0, 0, 0, 100, 0, 1, 0, 0, 0, 0, 0, 53, 'x', 0, 0, 0});
  EXPECT_EQ(heard_.size(), 1u);  // 10: passed over
  while (a_.pollPacket(room_, now_) != 0) {
  }
  feed({0xff, 0, 0, 8, 1, 2, 3, 4});  // 11: reported
  const ChunkView error = poll();
  ASSERT_EQ(error.type, ChunkType::Error);
  EXPECT_EQ(loadBe16(error.value.data()), 6);
}

TEST_F(ByteWise, wrongTagOrPortIsNothing) {
  for (const bool port : {true, false}) {
    auto p = packetOf(port ? tag_ : tag_ + 1,
                      {0, 3, 0, 17, 0, 0, 0, 100, 0, 1, 0, 0, 0, 0, 0, 53, 'x', 0, 0, 0});
    if (port) p[1] ^= 1;
    storeBe32(p.data() + 8, packetChecksum(p));
    a_.handlePacket(p, now_);
    EXPECT_FALSE(a_.nextMessage().has_value());
    EXPECT_EQ(a_.pollPacket(room_, now_), 0u);
  }
  EXPECT_EQ(a_.stats().packetsDropped, 2u);
}

TEST_F(ByteWise, dataWithoutUserDataEndsTheAssociation) {
  feed({0, 3, 0, 16, 0, 0, 0, 100, 0, 1, 0, 0, 0, 0, 0, 53});
  const ChunkView abort = poll();
  EXPECT_EQ(abort.type, ChunkType::Abort);
  EXPECT_EQ(a_.state(), AssociationState::Ended);
}

}  // namespace
}  // namespace parley::sctp
