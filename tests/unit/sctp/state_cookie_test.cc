#include "sctp/association/state_cookie.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "sctp/association/association.h"
#include "sctp/association/stream_reset.h"
#include "sctp/wire/crc32c.h"
#include "sctp/wire/error_cause.h"

namespace parley::sctp {
namespace {

SipHash::Key keyOf(std::uint8_t first) {
  SipHash::Key key{};
  for (std::size_t i = 0; i < key.size(); ++i)
    key[i] = static_cast<std::uint8_t>(first + i);
  return key;
}

// The reference implementation's vectors: key 00 01 ... 0f, input 00 01 ... of each length.
TEST(SipHash, vectorsOfTheReference) {
  std::vector<std::uint8_t> in(16);
  for (std::size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(SipHash::of(keyOf(0), {}), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(SipHash::of(keyOf(0), ConstBytes(in).first(1)), 0x74f839c593dc67fdu);
  EXPECT_EQ(SipHash::of(keyOf(0), ConstBytes(in).first(8)), 0x93f5f5799a932462u);
  EXPECT_EQ(SipHash::of(keyOf(0), ConstBytes(in).first(15)), 0xa129ca6149be45e5u);
}

TEST(StateCookie, comesBackWholeOrNotAtAll) {
  StateCookie c;
  c.localTag = VerificationTag{1};
  c.peerTag = VerificationTag{2};
  c.localInitialTsn = Tsn{3};
  c.peerInitialTsn = Tsn{4};
  c.peerWindow = 5;
  c.peerOutboundStreams = 6;
  c.peerInboundStreams = 7;
  c.peerExtensions = {true, false, true, true};
  c.localTieTag = VerificationTag{8};
  c.peerTieTag = VerificationTag{9};
  c.made = Time{123s};
  const StateCookie::Wire wire = c.write(keyOf(1));
  const auto r = StateCookie::read(wire, keyOf(1));
  ASSERT_TRUE(r.has_value());
  EXPECT_EQ(r->localTag, c.localTag);
  EXPECT_EQ(r->peerTag, c.peerTag);
  EXPECT_EQ(r->localInitialTsn, c.localInitialTsn);
  EXPECT_EQ(r->peerInitialTsn, c.peerInitialTsn);
  EXPECT_EQ(r->peerWindow, c.peerWindow);
  EXPECT_EQ(r->peerOutboundStreams, c.peerOutboundStreams);
  EXPECT_EQ(r->peerInboundStreams, c.peerInboundStreams);
  EXPECT_EQ(r->peerExtensions, c.peerExtensions);
  EXPECT_EQ(r->localTieTag, c.localTieTag);
  EXPECT_EQ(r->peerTieTag, c.peerTieTag);
  EXPECT_EQ(r->made, c.made);
  for (std::size_t i = 0; i < wire.size(); ++i) {
    StateCookie::Wire bad = wire;
    bad[i] ^= 0x40;
    EXPECT_FALSE(StateCookie::read(bad, keyOf(1)).has_value()) << i;
  }
  EXPECT_FALSE(StateCookie::read(wire, keyOf(2)).has_value());
  EXPECT_FALSE(StateCookie::read(ConstBytes(wire).first(wire.size() - 1), keyOf(1)).has_value());
}

// An association that only answers, spoken to by bytes.
class Answerer : public testing::Test {
 protected:
  static constexpr std::uint32_t kPeerTag = 77;

  // The cookie of the INIT ACK to an INIT of ours.
  std::vector<std::uint8_t> cookie() {
    std::array<std::uint8_t, 200> out{};
    PacketWriter w(out, {5000, 5000, VerificationTag{}});
    EXPECT_TRUE(writeInit(w, ChunkType::Init,
                          {VerificationTag{kPeerTag}, 100'000, 10, 10, Tsn{1}, {}, {}, {}}));
    a_.handlePacket(ConstBytes(out).first(w.finish(Checksum::Crc32c)), now_);
    const std::size_t n = a_.pollPacket(room_, now_);
    ChunkIterator it(ConstBytes(room_).first(n).subspan(kCommonHeaderSize));
    const auto ack = readInit(*it.next());
    tag_ = ack->initiateTag;
    return {ack->cookie.begin(), ack->cookie.end()};
  }
  // What is answered to a COOKIE ECHO: the type of the first chunk, or nothing.
  std::optional<ChunkView> echo(ConstBytes cookie, VerificationTag tag) {
    std::array<std::uint8_t, 200> out{};
    PacketWriter w(out, {5000, 5000, tag});
    EXPECT_TRUE(w.chunk(ChunkType::CookieEcho, 0, cookie));
    a_.handlePacket(ConstBytes(out).first(w.finish(Checksum::Crc32c)), now_);
    const std::size_t n = a_.pollPacket(room_, now_);
    if (n == 0) return std::nullopt;
    return ChunkIterator(ConstBytes(room_).first(n).subspan(kCommonHeaderSize)).next();
  }

  SeededRandom random_{1};
  Association a_{{}, random_};
  Time now_{1s};
  VerificationTag tag_;
  std::array<std::uint8_t, 1200> room_{};
};

TEST_F(Answerer, standsByTheCookieAlone) {
  const auto c = cookie();
  EXPECT_EQ(a_.state(), AssociationState::New);
  const auto answer = echo(c, tag_);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->type, ChunkType::CookieAck);
  EXPECT_EQ(a_.state(), AssociationState::Connected);
  // COOKIE ACK was lost: again, and no second Connected.
  EXPECT_EQ(echo(c, tag_)->type, ChunkType::CookieAck);
  int connected = 0;
  while (const auto e = a_.pollEvent())
    connected += std::holds_alternative<event::Connected>(*e) ? 1 : 0;
  EXPECT_EQ(connected, 1);
}

TEST_F(Answerer, forgedOrForAnotherTagIsNothing) {
  auto c = cookie();
  EXPECT_FALSE(echo(c, VerificationTag{tag_.value() + 1}).has_value());
  c[3] ^= 1;
  EXPECT_FALSE(echo(c, tag_).has_value());
  EXPECT_EQ(a_.state(), AssociationState::New);
  EXPECT_EQ(a_.stats().packetsDropped, 2u);
}

TEST_F(Answerer, tooOldIsSaidAloudAndWithoutAnAssociation) {
  const auto c = cookie();
  now_ += StateCookie::kLife + 1s;
  const auto error = echo(c, tag_);
  ASSERT_TRUE(error.has_value());
  ASSERT_EQ(error->type, ChunkType::Error);
  EXPECT_EQ(firstCause(error->value).code, CauseCode::StaleCookie);
  EXPECT_EQ(loadBe32(firstCause(error->value).value.data()), 1'000'000u);  // microseconds
  EXPECT_EQ(loadBe32(room_.data() + 4), kPeerTag);
  EXPECT_EQ(a_.state(), AssociationState::New);
}

// ---- Stream reset, what two well-behaved associations never do to each other

struct Answered {
  ReconfigOrders orders;
  std::optional<ReconfigResult> result;
};

class Reconfig : public testing::Test {
 protected:
  Reconfig() { reset_.start(Tsn{1000}, Tsn{500}); }

  Answered ask(std::uint32_t request, std::uint32_t lastTsn, std::uint32_t cumulative) {
    std::array<std::uint8_t, 200> out{};
    PacketWriter w(out, {});
    const StreamId streams[] = {StreamId{3}};
    EXPECT_TRUE(writeOutgoingReset(w, ReconfigSn{request}, {}, Tsn{lastTsn}, streams));
    bytes_.assign(out.begin() + 16, out.end());
    ParameterIterator it(ConstBytes(bytes_).first(18));
    return {reset_.handle(*it.next(), Tsn{cumulative}, 1s, now_), answer()};
  }
  std::optional<ReconfigResult> answer() {
    std::array<std::uint8_t, 200> out{};
    PacketWriter w(out, {});
    reset_.write(w);
    if (w.empty()) return std::nullopt;
    ChunkIterator it(ConstBytes(out).subspan(12, w.size() - 12));
    ParameterIterator p(it.next()->value);
    const auto r = readReconfigResponse(*p.next());
    return r ? std::optional(r->result) : std::nullopt;
  }
  void respond(std::uint32_t request, ReconfigResult result) {
    std::array<std::uint8_t, 100> out{};
    PacketWriter w(out, {});
    EXPECT_TRUE(writeReconfigResponse(w, ReconfigSn{request}, result));
    ParameterIterator it(ConstBytes(out).subspan(16, 12));
    last_ = reset_.handle(*it.next(), Tsn{0}, 1s, now_);
  }

  StreamReset reset_;
  Time now_{1s};
  std::vector<std::uint8_t> bytes_;
  ReconfigOrders last_;
};

TEST_F(Reconfig, eachRequestIsCarriedOutOnce) {
  Answered a = ask(500, 10, 10);
  EXPECT_EQ(a.result, ReconfigResult::Performed);
  EXPECT_EQ(a.orders.resetIncoming.size(), 1u);
  a = ask(500, 10, 10);
  EXPECT_EQ(a.result, ReconfigResult::Performed);
  EXPECT_TRUE(a.orders.resetIncoming.empty());
  EXPECT_EQ(ask(502, 10, 10).result, ReconfigResult::BadSequenceNumber);
  EXPECT_EQ(ask(499, 10, 10).result, ReconfigResult::BadSequenceNumber);
  EXPECT_EQ(ask(501, 10, 10).orders.resetIncoming.size(), 1u);
}

TEST_F(Reconfig, aRequestAheadOfItsDataWaits) {
  EXPECT_EQ(ask(500, 10, 9).result, ReconfigResult::InProgress);
  EXPECT_EQ(ask(500, 10, 9).result, ReconfigResult::InProgress);
  const Answered a = ask(500, 10, 10);
  EXPECT_EQ(a.result, ReconfigResult::Performed);
  EXPECT_EQ(a.orders.resetIncoming.size(), 1u);
  EXPECT_TRUE(ask(500, 10, 10).orders.resetIncoming.empty());
}

TEST_F(Reconfig, oursWaitForTheAcknowledgementAndAreAskedAgain) {
  const auto wants = [&] {
    std::array<std::uint8_t, 200> out{};
    PacketWriter w(out, {});
    reset_.write(w);
    return !w.empty();
  };
  reset_.streamDrained(StreamId{4}, Tsn{1005});
  reset_.acknowledged(Tsn{1004}, 1s, now_);
  EXPECT_FALSE(wants());
  reset_.acknowledged(Tsn{1005}, 1s, now_);
  EXPECT_TRUE(wants());
  EXPECT_FALSE(wants());
  now_ += 1s;
  reset_.handleTimeout(now_);
  EXPECT_TRUE(wants());
  respond(1000, ReconfigResult::InProgress);
  EXPECT_TRUE(last_.resetOutgoing.empty());
  EXPECT_FALSE(reset_.idle());
  respond(1000, ReconfigResult::Denied);
  ASSERT_EQ(last_.resetOutgoing.size(), 1u);
  EXPECT_FALSE(last_.performed);
  EXPECT_TRUE(reset_.idle());
  respond(1000, ReconfigResult::Performed);  // nobody asked
  EXPECT_TRUE(last_.resetOutgoing.empty());
}

}  // namespace
}  // namespace parley::sctp
