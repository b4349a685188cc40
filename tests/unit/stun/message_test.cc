#include "stun/message.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "stun/message_writer.h"

namespace parley::stun {
namespace {

const TransactionId kId{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};

crypto::HmacKey sha1Key() {
  return {crypto::HmacAlgorithm::Sha1, asBytes("secret")};
}
crypto::HmacKey sha256Key() {
  return {crypto::HmacAlgorithm::Sha256, asBytes("secret")};
}

class MessageTest : public testing::Test {
 protected:
  // Builds a Binding request with `fill`.
  template <class Fill>
  std::vector<std::uint8_t> build(Fill fill) {
    std::vector<std::uint8_t> out(2048);
    MessageWriter w(out, Method::Binding, Class::Request, kId);
    fill(w);
    out.resize(w.finish());
    return out;
  }
  static bool parses(std::vector<std::uint8_t> bytes) { return Message::parse(bytes).ok(); }
};

TEST(MessageType, mixesClassIntoMethod) {
  EXPECT_EQ(encodeType(Method::Binding, Class::Request), 0x0001);
  EXPECT_EQ(encodeType(Method::Binding, Class::Success), 0x0101);
  EXPECT_EQ(encodeType(Method::Allocate, Class::Error), 0x0113);
  EXPECT_EQ(encodeType(Method::Send, Class::Indication), 0x0016);
  EXPECT_EQ(encodeType(Method::Data, Class::Indication), 0x0017);
  for (unsigned method = 0; method < 0x1000; ++method) {
    for (const Class c : {Class::Request, Class::Indication, Class::Success, Class::Error}) {
      const std::uint16_t type = encodeType(static_cast<Method>(method), c);
      ASSERT_LT(type, 0x4000);
      ASSERT_EQ(static_cast<unsigned>(methodOf(type)), method);
      ASSERT_EQ(classOf(type), c);
    }
  }
}

TEST_F(MessageTest, readsAnEmptyRequest) {
  const auto bytes = build([](MessageWriter&) {});
  const auto m = Message::parse(bytes);
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(m->transactionId(), kId);
  EXPECT_FALSE(m->has(attr::kUsername));
  EXPECT_EQ(m->integrity(), Integrity::None);
}

TEST_F(MessageTest, refusesWhatIsNoStun) {
  auto good = build([](MessageWriter& w) { w.text(attr::kUsername, "abcd"); });
  ASSERT_TRUE(parses(good));
  EXPECT_FALSE(parses({}));
  for (std::size_t n = 1; n < good.size(); ++n) {
    EXPECT_FALSE(parses({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)})) << n;
  }
  auto channel = good;
  channel[0] = 0x40;
  EXPECT_FALSE(parses(channel));
  auto cookie = good;
  cookie[4] ^= 1;  // an RFC 3489 message
  EXPECT_FALSE(parses(cookie));
  auto longer = good;
  longer.push_back(0);
  EXPECT_FALSE(parses(longer));
  auto odd = good;
  odd[3] = 7;
  EXPECT_FALSE(parses(odd));
  auto more = good;
  more[3] = 12;  // more than there is
  EXPECT_FALSE(parses(more));
}

TEST_F(MessageTest, refusesAttributesThatReachBeyondTheEnd) {
  auto bytes = build([](MessageWriter& w) { w.text(attr::kUsername, "abcd"); });
  for (const int length : {5, 8, 9, 0xff}) {
    bytes[23] = static_cast<std::uint8_t>(length);
    EXPECT_FALSE(parses(bytes)) << length;
  }
  bytes[22] = 0xff;
  bytes[23] = 0xff;
  EXPECT_FALSE(parses(bytes));
  bytes[22] = 0;
  bytes[23] = 3;  // shorter, with one byte of padding
  EXPECT_TRUE(parses(bytes));
}

TEST_F(MessageTest, theFirstOfSeveralCounts) {
  const auto bytes = build([](MessageWriter& w) {
    w.text(attr::kUsername, "one");
    w.text(attr::kUsername, "two");
  });
  EXPECT_EQ(asText(*Message::parse(bytes)->find(attr::kUsername)), "one");
}

TEST_F(MessageTest, whatFollowsIntegrityIsNotShown) {
  auto key = sha1Key();
  auto key256 = sha256Key();
  const auto bytes = build([&](MessageWriter& w) {
    w.text(attr::kUsername, "user");
    w.integrity(key);
    w.text(attr::kRealm, "injected");
    w.integrity(key256);
    w.text(attr::kNonce, "injected too");
    w.fingerprint();
  });
  const auto m = Message::parse(bytes);
  ASSERT_TRUE(m.ok());
  EXPECT_TRUE(m->has(attr::kUsername));
  EXPECT_FALSE(m->has(attr::kRealm));
  EXPECT_FALSE(m->has(attr::kNonce));
  EXPECT_TRUE(m->hasFingerprint());
  EXPECT_EQ(m->integrity(), Integrity::Sha256);
  EXPECT_TRUE(m->verify(key));
  EXPECT_TRUE(m->verify(key256));
  std::size_t shown = 0;
  for ([[maybe_unused]] const Attribute a : m->attributes())
    ++shown;
  EXPECT_EQ(shown, 1u);
}

// RFC 8489 section 14.6: behind MESSAGE-INTEGRITY-SHA256, MESSAGE-INTEGRITY is to be ignored.
TEST_F(MessageTest, ignoresSha1IntegrityBehindSha256) {
  auto key = sha1Key();
  auto key256 = sha256Key();
  const auto bytes = build([&](MessageWriter& w) {
    w.integrity(key256);
    w.integrity(key);
  });
  const auto m = Message::parse(bytes);
  ASSERT_TRUE(m.ok());
  EXPECT_FALSE(m->hasMessageIntegrity());
  EXPECT_FALSE(m->verify(key));
  EXPECT_TRUE(m->verify(key256));
}

TEST_F(MessageTest, anyChangedBitBreaksIntegrity) {
  auto key = sha256Key();
  const auto good = build([&](MessageWriter& w) {
    w.text(attr::kUsername, "user");
    w.integrity(key);
  });
  ASSERT_TRUE(Message::parse(good)->verify(key));
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    auto bad = good;
    bad[i / 8] = static_cast<std::uint8_t>(bad[i / 8] ^ (1u << (i % 8)));
    const auto m = Message::parse(bad);
    EXPECT_FALSE(m.ok() && m->verify(key)) << "bit " << i;
  }
}

TEST_F(MessageTest, takesTruncatedSha256TagsOfSixteenBytesOrMore) {
  auto key = sha256Key();
  std::vector<std::uint8_t> out(256);
  for (const std::size_t size : {std::size_t{12}, std::size_t{16}, std::size_t{20}}) {
    MessageWriter w(out, Method::Binding, Class::Request, kId);
    const std::size_t covered = kHeaderSize;
    storeBe16(out.data() + 2, static_cast<std::uint16_t>(4 + size));
    std::array<std::uint8_t, 32> tag{};
    key.sign(ConstBytes(out).first(covered), {}, tag);
    w.attribute(attr::kMessageIntegritySha256, ConstBytes(tag).first(size));
    const auto m = Message::parse(ConstBytes(out).first(w.finish()));
    EXPECT_EQ(m.ok() && m->verify(key), size >= 16) << size;
  }
}

TEST_F(MessageTest, refusesIntegrityOfTheWrongSize) {
  EXPECT_FALSE(parses(build([](MessageWriter& w) { w.text(attr::kMessageIntegrity, "short"); })));
  EXPECT_FALSE(parses(build(
      [](MessageWriter& w) { w.text(attr::kMessageIntegritySha256, std::string(36, 'x')); })));
  EXPECT_FALSE(parses(build(
      [](MessageWriter& w) { w.text(attr::kMessageIntegritySha256, std::string(18, 'x')); })));
}

TEST_F(MessageTest, fingerprintIsLastAndRight) {
  const auto good = build([](MessageWriter& w) {
    w.text(attr::kUsername, "user");
    w.fingerprint();
  });
  EXPECT_TRUE(parses(good));
  auto wrong = good;
  wrong.back() ^= 1;
  EXPECT_FALSE(parses(wrong));
  auto changed = good;
  changed[24] ^= 1;
  EXPECT_FALSE(parses(changed));
  EXPECT_FALSE(parses(build([](MessageWriter& w) {
    w.fingerprint();
    w.text(attr::kUsername, "user");
  })));
  EXPECT_FALSE(parses(build([](MessageWriter& w) { w.u64(attr::kFingerprint, 0); })));
}

TEST_F(MessageTest, withoutItsKeyNothingVerifies) {
  auto key = sha1Key();
  auto key256 = sha256Key();
  const auto bytes = build([&](MessageWriter& w) { w.integrity(key); });
  EXPECT_FALSE(Message::parse(bytes)->verify(key256));
  EXPECT_FALSE(Message::parse(build([](MessageWriter&) {}))->verify(key));
}

TEST_F(MessageTest, listsUnknownRequiredAttributesOnce) {
  const auto bytes = build([](MessageWriter& w) {
    w.flag(0x7001);
    w.flag(0x8fff);  // optional: ignored
    w.flag(0x7001);
    w.flag(0x7002);
    w.text(attr::kUsername, "known");
    w.flag(0x7003);
  });
  const auto m = Message::parse(bytes);
  std::array<AttributeType, 8> found{};
  const auto known = [](AttributeType t) { return t == attr::kUsername; };
  ASSERT_EQ(m->unknownRequired(found, known), 3u);
  EXPECT_EQ(found[0], 0x7001);
  EXPECT_EQ(found[2], 0x7003);
  EXPECT_EQ(m->unknownRequired(std::span(found).first(2), known), 2u);
}

TEST_F(MessageTest, holdsTheLongestMessage) {
  std::vector<std::uint8_t> out(70'000);
  MessageWriter w(out, Method::Send, Class::Indication, kId);
  w.attribute(attr::kData, std::vector<std::uint8_t>(65'000, 7));
  const std::size_t size = w.finish();
  ASSERT_NE(size, 0u);
  const auto m = Message::parse(ConstBytes(out).first(size));
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(m->find(attr::kData)->size(), 65'000u);
}

}  // namespace
}  // namespace parley::stun
