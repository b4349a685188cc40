#include "stun/message_writer.h"

#include <gtest/gtest.h>

#include <vector>

#include "stun/attributes.h"
#include "stun/message.h"

namespace parley::stun {
namespace {

const TransactionId kId{{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}};

TEST(MessageWriter, writesWhatTheReaderReads) {
  std::vector<std::uint8_t> out(1024);
  MessageWriter w(out, Method::Allocate, Class::Success, kId);
  const Address v4 = *Address::parse("192.0.2.1:1234");
  const Address v6 = *Address::parse("[2001:db8::1]:4321");
  w.xorAddress(attr::kXorRelayedAddress, v4);
  w.xorAddress(attr::kXorMappedAddress, v6);
  w.address(attr::kAlternateServer, v6);
  w.u32(attr::kLifetime, 600);
  w.u64(attr::kReservationToken, 0x0123456789abcdef);
  w.channelNumber(0x4001);
  w.requestedTransport(kTransportUdp);
  w.family(attr::kRequestedAddressFamily, Family::V6);
  w.addressErrorCode(Family::V6, 440, "no");
  w.errorCode(438, "Stale Nonce");
  const std::size_t size = w.finish();
  ASSERT_NE(size, 0u);
  EXPECT_EQ(size % 4, 0u);
  const auto m = Message::parse(ConstBytes(out).first(size));
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(decodeXorAddress(*m->find(attr::kXorRelayedAddress), kId), v4);
  EXPECT_EQ(decodeXorAddress(*m->find(attr::kXorMappedAddress), kId), v6);
  EXPECT_EQ(decodeAddress(*m->find(attr::kAlternateServer)), v6);
  EXPECT_EQ(decodeU32(*m->find(attr::kLifetime)), 600u);
  EXPECT_EQ(decodeU64(*m->find(attr::kReservationToken)), 0x0123456789abcdefu);
  EXPECT_EQ(decodeChannelNumber(*m->find(attr::kChannelNumber)), 0x4001);
  EXPECT_EQ(decodeRequestedTransport(*m->find(attr::kRequestedTransport)), 17);
  EXPECT_EQ(decodeFamily(*m->find(attr::kRequestedAddressFamily)), RequestedFamily::V6);
  EXPECT_EQ(decodeErrorCode(*m->find(attr::kErrorCode))->code, 438);
  EXPECT_EQ(decodeErrorCode(*m->find(attr::kErrorCode))->reason, "Stale Nonce");
  const auto addressError = *m->find(attr::kAddressErrorCode);
  EXPECT_EQ(addressError[0], 2);
  EXPECT_EQ(decodeErrorCode(addressError)->code, 440);
}

TEST(MessageWriter, padsWithZeros) {
  std::vector<std::uint8_t> out(64, 0xff);
  MessageWriter w(out, Method::Binding, Class::Request, kId);
  w.text(attr::kUsername, "a");
  w.unknownAttributes(std::vector<AttributeType>{1, 2, 3});
  ASSERT_EQ(w.finish(), 20u + 8 + 12);
  EXPECT_EQ(out[25], 0);
  EXPECT_EQ(out[27], 0);
  EXPECT_EQ(out[39], 0);
  EXPECT_EQ(out[31], 6);  // UNKNOWN-ATTRIBUTES says three numbers, without the padding
}

TEST(MessageWriter, failsWholeWhenSomethingDoesNotFit) {
  for (std::size_t room = 0; room < 60; ++room) {
    std::vector<std::uint8_t> out(room);
    crypto::HmacKey key(crypto::HmacAlgorithm::Sha1, asBytes("k"));
    MessageWriter w(out, Method::Binding, Class::Success, kId);
    w.u32(attr::kLifetime, 1);
    w.integrity(key);
    w.fingerprint();
    EXPECT_EQ(w.finish(), 0u) << room;
  }
}

TEST(MessageWriter, refusesMoreThanSixteenBitsCanSay) {
  std::vector<std::uint8_t> out(200'000);
  MessageWriter one(out, Method::Binding, Class::Success, kId);
  one.attribute(attr::kData, std::vector<std::uint8_t>(65'536));
  EXPECT_EQ(one.finish(), 0u);
  MessageWriter two(out, Method::Binding, Class::Success, kId);
  two.attribute(attr::kData, std::vector<std::uint8_t>(40'000));
  two.attribute(attr::kData, std::vector<std::uint8_t>(40'000));
  EXPECT_EQ(two.finish(), 0u);
}

}  // namespace
}  // namespace parley::stun
