// What the writers write, the readers read; and what is cut, too long or of the wrong form is
// nothing.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "sctp/wire/crc32c.h"
#include "sctp/wire/data_chunk.h"
#include "sctp/wire/error_cause.h"
#include "sctp/wire/forward_tsn.h"
#include "sctp/wire/init.h"
#include "sctp/wire/reconfig.h"
#include "sctp/wire/sack.h"

namespace parley::sctp {
namespace {

constexpr CommonHeader kHeader{5000, 5001, VerificationTag{0x01020304}};

struct Written {
  std::array<std::uint8_t, 1200> room{};
  PacketWriter writer{room, kHeader};

  ChunkView only() {
    const std::size_t n = writer.finish(Checksum::Crc32c);
    const auto packet = PacketView::parse(ConstBytes(room).first(n), AcceptZeroChecksum::No);
    EXPECT_TRUE(packet.ok());
    ChunkIterator it = packet->chunks();
    const auto chunk = it.next();
    EXPECT_TRUE(chunk.has_value());
    EXPECT_FALSE(it.next().has_value());
    EXPECT_FALSE(it.malformed());
    return *chunk;
  }
};

TEST(Serial, wrapsInOrder) {
  EXPECT_LT(Tsn{0xffffffff}, Tsn{0});
  EXPECT_GT(Tsn{5}, Tsn{0xfffffff0});
  EXPECT_EQ(Tsn{0xffffffff}.next(), Tsn{0});
  EXPECT_EQ(Tsn{3} - Tsn{0xffffffff}, 4u);
  EXPECT_LT(Ssn{65535}, Ssn{0});
  EXPECT_EQ(Ssn{0}.previous(), Ssn{65535});
  EXPECT_LE(Tsn{7}, Tsn{7});
}

TEST(PacketWriter, padsCountsAndRefuses) {
  std::array<std::uint8_t, 12 + 8 + 12> room{};
  room.fill(0xee);
  PacketWriter w(room, kHeader);
  EXPECT_TRUE(w.empty());
  EXPECT_EQ(w.spaceLeft(), 20u);
  const Bytes body = w.chunk(ChunkType::Pad, 0, 1);
  ASSERT_EQ(body.size(), 1u);
  body[0] = 0x55;
  EXPECT_EQ(w.spaceLeft(), 12u);
  EXPECT_FALSE(w.chunk(ChunkType::Pad, 0, 9).data() != nullptr);
  EXPECT_TRUE(w.fits(12));
  EXPECT_FALSE(w.fits(13));
  EXPECT_NE(w.chunk(ChunkType::CookieAck, 0, std::size_t{0}).data(), nullptr);
  EXPECT_EQ(w.finish(Checksum::Crc32c), 24u);
  EXPECT_EQ(room[16], 0x55);
  EXPECT_EQ(room[17] | room[18] | room[19], 0);
  EXPECT_EQ(room[24], 0xee);
}

TEST(PacketWriter, nothingWrittenIsNoPacket) {
  std::array<std::uint8_t, 100> room{};
  PacketWriter w(room, kHeader);
  EXPECT_EQ(w.finish(Checksum::Zero), 0u);
  PacketWriter tooSmall(Bytes(room).first(10), kHeader);
  EXPECT_EQ(tooSmall.spaceLeft(), 0u);
  EXPECT_EQ(tooSmall.chunk(ChunkType::CookieAck, 0, std::size_t{0}).data(), nullptr);
  EXPECT_EQ(tooSmall.finish(Checksum::Zero), 0u);
}

TEST(PacketView, checksumMustHoldUnlessZeroIsAgreed) {
  std::array<std::uint8_t, 100> room{};
  PacketWriter w(room, kHeader);
  w.chunk(ChunkType::CookieAck, 0, ConstBytes{});
  std::size_t n = w.finish(Checksum::Crc32c);
  const Bytes packet = Bytes(room).first(n);
  const auto view = PacketView::parse(packet, AcceptZeroChecksum::Yes);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->header().sourcePort, 5000);
  EXPECT_EQ(view->header().destinationPort, 5001);
  EXPECT_EQ(view->header().tag, kHeader.tag);
  packet[9] ^= 1;
  EXPECT_FALSE(PacketView::parse(packet, AcceptZeroChecksum::Yes).ok());
  n = w.finish(Checksum::Zero);
  EXPECT_TRUE(PacketView::parse(packet, AcceptZeroChecksum::Yes).ok());
  EXPECT_FALSE(PacketView::parse(packet, AcceptZeroChecksum::No).ok());
  EXPECT_FALSE(PacketView::parse(packet.first(15), AcceptZeroChecksum::Yes).ok());
}

TEST(ChunkIterator, stopsAtWhatCannotBe) {
  const std::vector<std::uint8_t> shortLength = {11, 0, 0, 3};
  ChunkIterator a(shortLength);
  EXPECT_FALSE(a.next().has_value());
  EXPECT_TRUE(a.malformed());
  const std::vector<std::uint8_t> pastEnd = {11, 0, 0, 4, 11, 0, 0, 5};
  ChunkIterator b(pastEnd);
  EXPECT_TRUE(b.next().has_value());
  EXPECT_FALSE(b.next().has_value());
  EXPECT_TRUE(b.malformed());
  // The last chunk without its padding.
  const std::vector<std::uint8_t> unpadded = {132, 0, 0, 5, 1};
  ChunkIterator c(unpadded);
  EXPECT_TRUE(c.next().has_value());
  EXPECT_FALSE(c.next().has_value());
  EXPECT_FALSE(c.malformed());
}

TEST(DataChunk, roundTripsAsDataAndIData) {
  for (const Interleaving i : {Interleaving::Off, Interleaving::On}) {
    for (const bool begin : {true, false}) {
      Written out;
      DataHeader d;
      d.tsn = Tsn{0xfffffffe};
      d.stream = StreamId{77};
      d.flags = data_flag::kEnd | data_flag::kImmediateSack;
      if (begin) d.flags |= data_flag::kBegin;
      d.mid = Mid{i == Interleaving::On ? 0x12345678u : 0x5678u};
      d.fsn = i == Interleaving::On && !begin ? 9 : 0;
      d.ppid = Ppid{i == Interleaving::On && !begin ? 0u : 51u};
      const Bytes payload = writeData(out.writer, i, d, 3);
      ASSERT_EQ(payload.size(), 3u);
      std::memcpy(payload.data(), "abc", 3);
      const ChunkView chunk = out.only();
      const auto r = i == Interleaving::On ? readIData(chunk) : readData(chunk);
      ASSERT_TRUE(r.has_value());
      EXPECT_EQ(r->tsn, d.tsn);
      EXPECT_EQ(r->stream, d.stream);
      EXPECT_EQ(r->flags, d.flags);
      EXPECT_EQ(r->mid, d.mid);
      EXPECT_EQ(r->fsn, d.fsn);
      EXPECT_EQ(r->ppid, d.ppid);
      EXPECT_EQ(asText(r->payload), "abc");
    }
  }
}

TEST(DataChunk, withoutUserDataIsNone) {
  std::array<std::uint8_t, 64> bytes{};
  ChunkView chunk{ChunkType::Data, 3, ConstBytes(bytes).first(12)};
  EXPECT_FALSE(readData(chunk).has_value());
  chunk.value = ConstBytes(bytes).first(13);
  EXPECT_TRUE(readData(chunk).has_value());
  chunk.value = ConstBytes(bytes).first(16);
  EXPECT_FALSE(readIData(chunk).has_value());
  chunk.value = ConstBytes(bytes).first(17);
  EXPECT_TRUE(readIData(chunk).has_value());
}

TEST(Sack, roundTrips) {
  Written out;
  const std::array<GapBlock, 2> gaps = {GapBlock{2, 3}, GapBlock{5, 9}};
  const std::array<Tsn, 1> duplicates = {Tsn{99}};
  ASSERT_TRUE(writeSack(out.writer, {Tsn{1000}, 0x12345, gaps, duplicates}));
  const auto s = SackView::read(out.only());
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->cumulativeTsn(), Tsn{1000});
  EXPECT_EQ(s->advertisedWindow(), 0x12345u);
  ASSERT_EQ(s->gapCount(), 2u);
  EXPECT_EQ(s->gap(1).start, 5);
  EXPECT_EQ(s->gap(1).end, 9);
  ASSERT_EQ(s->duplicateCount(), 1u);
  EXPECT_EQ(s->duplicate(0), Tsn{99});
}

TEST(Sack, keepsToItsRoom) {
  std::array<std::uint8_t, 12 + 16 + 8> room{};
  PacketWriter w(room, kHeader);
  const std::array<GapBlock, 3> gaps = {GapBlock{2, 2}, GapBlock{4, 4}, GapBlock{6, 6}};
  ASSERT_TRUE(writeSack(w, {Tsn{1}, 1, gaps, {}}));
  EXPECT_EQ(w.spaceLeft(), 0u);
  const std::size_t n = w.finish(Checksum::Crc32c);
  const auto packet = PacketView::parse(ConstBytes(room).first(n), AcceptZeroChecksum::No);
  ChunkIterator it = packet->chunks();
  const auto s = SackView::read(*it.next());
  ASSERT_TRUE(s.has_value());
  EXPECT_EQ(s->gapCount(), 2u);
}

TEST(Sack, countsPastItsEndAreNone) {
  std::array<std::uint8_t, 16> value{};
  storeBe16(value.data() + 8, 1);
  EXPECT_TRUE(SackView::read({ChunkType::Sack, 0, value}).has_value());
  storeBe16(value.data() + 10, 1);
  EXPECT_FALSE(SackView::read({ChunkType::Sack, 0, value}).has_value());
  EXPECT_FALSE(SackView::read({ChunkType::Sack, 0, ConstBytes(value).first(11)}).has_value());
}

TEST(ForwardTsn, roundTripsBothForms) {
  for (const Interleaving i : {Interleaving::Off, Interleaving::On}) {
    Written out;
    const std::array<SkippedStream, 2> skipped = {
        SkippedStream{StreamId{1}, false, Mid{10}},
        SkippedStream{StreamId{2}, i == Interleaving::On, Mid{70'000}}};
    ASSERT_TRUE(writeForwardTsn(out.writer, i, Tsn{123}, skipped));
    const auto f = ForwardTsnView::read(out.only());
    ASSERT_TRUE(f.has_value());
    EXPECT_EQ(f->newCumulativeTsn(), Tsn{123});
    ASSERT_EQ(f->skippedCount(), 2u);
    EXPECT_EQ(f->skipped(0).stream, StreamId{1});
    EXPECT_EQ(f->skipped(0).mid, Mid{10});
    EXPECT_EQ(f->skipped(1).unordered, i == Interleaving::On);
    EXPECT_EQ(f->skipped(1).mid, Mid{i == Interleaving::On ? 70'000u : 70'000u & 0xffff});
  }
  const std::array<std::uint8_t, 7> odd{};
  EXPECT_FALSE(ForwardTsnView::read({ChunkType::ForwardTsn, 0, odd}).has_value());
}

TEST(Init, roundTripsWithEverything) {
  Written out;
  InitFields f;
  f.initiateTag = VerificationTag{7};
  f.advertisedWindow = 1 << 20;
  f.outboundStreams = 65'535;
  f.inboundStreams = 1024;
  f.initialTsn = Tsn{42};
  f.extensions = {true, true, true, true};
  f.cookie = asBytes("cookie!");
  ASSERT_TRUE(writeInit(out.writer, ChunkType::InitAck, f));
  const ChunkView chunk = out.only();
  EXPECT_EQ(chunk.type, ChunkType::InitAck);
  const auto r = readInit(chunk);
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(r->initiateTag, f.initiateTag);
  EXPECT_EQ(r->advertisedWindow, f.advertisedWindow);
  EXPECT_EQ(r->outboundStreams, f.outboundStreams);
  EXPECT_EQ(r->inboundStreams, f.inboundStreams);
  EXPECT_EQ(r->initialTsn, f.initialTsn);
  EXPECT_EQ(r->extensions, f.extensions);
  EXPECT_EQ(asText(r->cookie), "cookie!");
}

TEST(Init, unknownParametersByTheirTwoBits) {
  std::vector<std::uint8_t> value(64);
  ByteWriter out(value);
  for (const std::uint32_t v : {1u, 2u, 0x00010001u, 3u})
    out.u32(v);
  writeParameter(out, std::uint16_t{0x8123}, asBytes("skip"));
  writeParameter(out, std::uint16_t{0xC123}, asBytes("tell"));
  writeParameter(out, ParameterType::ForwardTsnSupported, {});
  writeParameter(out, std::uint16_t{0x4123}, asBytes("last"));
  writeParameter(out, ParameterType::StateCookie, asBytes("none"));
  value.resize(out.size());
  const auto r = readInit({ChunkType::InitAck, 0, value});
  ASSERT_TRUE(r.has_value());
  EXPECT_TRUE(r->stoppedAtUnknown);
  EXPECT_TRUE(r->extensions.forwardTsn);
  EXPECT_TRUE(r->cookie.empty());
  std::string reported;
  r->forEachUnknown([&](const ParameterView& p) { reported += asText(p.value); });
  EXPECT_EQ(reported, "telllast");
}

TEST(Init, parametersPastTheEndAreNone) {
  std::vector<std::uint8_t> value(24);
  storeBe16(value.data() + 16, 0x8008);
  storeBe16(value.data() + 18, 9);
  EXPECT_FALSE(readInit({ChunkType::Init, 0, value}).has_value());
  EXPECT_FALSE(readInit({ChunkType::Init, 0, ConstBytes(value).first(15)}).has_value());
}

TEST(Reconfig, roundTrips) {
  const std::array<StreamId, 3> streams = {StreamId{1}, StreamId{2}, StreamId{65'534}};
  const auto only = [](Written& out) {
    const ChunkView chunk = out.only();
    EXPECT_EQ(chunk.type, ChunkType::ReConfig);
    ParameterIterator it(chunk.value);
    return *it.next();
  };
  Written a;
  ASSERT_TRUE(writeOutgoingReset(a.writer, ReconfigSn{5}, ReconfigSn{6}, Tsn{7}, streams));
  const auto outgoing = readOutgoingReset(only(a));
  ASSERT_TRUE(outgoing.has_value());
  EXPECT_EQ(outgoing->request, ReconfigSn{5});
  EXPECT_EQ(outgoing->answersRequest, ReconfigSn{6});
  EXPECT_EQ(outgoing->lastTsn, Tsn{7});
  ASSERT_EQ(outgoing->streams.size(), 3u);
  EXPECT_EQ(outgoing->streams[2], StreamId{65'534});
  Written b;
  ASSERT_TRUE(writeIncomingReset(b.writer, ReconfigSn{8}, streams));
  const auto incoming = readIncomingReset(only(b));
  ASSERT_TRUE(incoming.has_value());
  EXPECT_EQ(incoming->streams[1], StreamId{2});
  Written c;
  ASSERT_TRUE(writeAddStreams(c.writer, ParameterType::AddOutgoingStreams, ReconfigSn{9}, 16));
  const auto add = readAddStreams(only(c));
  ASSERT_TRUE(add.has_value());
  EXPECT_EQ(add->count, 16);
  Written d;
  ASSERT_TRUE(writeReconfigResponse(d.writer, ReconfigSn{5}, ReconfigResult::InProgress));
  const auto response = readReconfigResponse(only(d));
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->request, ReconfigSn{5});
  EXPECT_EQ(response->result, ReconfigResult::InProgress);
}

TEST(ErrorCause, abortCarriesItsReasonCutToTheRoom) {
  std::array<std::uint8_t, 12 + 4 + 4 + 8> room{};
  PacketWriter w(room, kHeader);
  ASSERT_TRUE(
      writeAbort(w, kReflectedTag, CauseCode::UserInitiatedAbort, asBytes("too long a text")));
  const std::size_t n = w.finish(Checksum::Crc32c);
  EXPECT_EQ(n, room.size());
  const auto packet = PacketView::parse(room, AcceptZeroChecksum::No);
  ASSERT_TRUE(packet.ok());
  ChunkIterator it = packet->chunks();
  const ChunkView chunk = *it.next();
  EXPECT_EQ(chunk.flags, kReflectedTag);
  const CauseView cause = firstCause(chunk.value);
  EXPECT_EQ(cause.code, CauseCode::UserInitiatedAbort);
  EXPECT_EQ(asText(cause.value), "too long");
  EXPECT_STREQ(name(cause.code), "user-initiated abort");
  EXPECT_EQ(firstCause({}).code, CauseCode::None);
}

}  // namespace
}  // namespace parley::sctp
