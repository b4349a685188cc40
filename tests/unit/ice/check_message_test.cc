#include "ice/check_message.h"

#include <gtest/gtest.h>

#include <vector>

#include "stun/attributes.h"
#include "stun/message_writer.h"

namespace parley::ice {
namespace {

const stun::TransactionId kId{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};

crypto::HmacKey key(std::string_view password = "password") {
  return {crypto::HmacAlgorithm::Sha1, asBytes(password)};
}

std::vector<std::uint8_t> request(const CheckFields& fields) {
  std::vector<std::uint8_t> room(1024);
  auto k = key();
  room.resize(writeCheck(room, kId, fields, k));
  return room;
}

TEST(CheckMessage, aRequestSaysWhatItWasGiven) {
  for (const Role role : {Role::Controlling, Role::Controlled}) {
    const auto bytes = request({"them:us", 12345, role, 0x0123456789abcdefu, true});
    const auto message = stun::Message::parse(bytes);
    ASSERT_TRUE(message.ok());
    EXPECT_TRUE(message->hasFingerprint());
    auto k = key();
    EXPECT_TRUE(message->verify(k));
    auto wrong = key("passwore");
    EXPECT_FALSE(message->verify(wrong));
    const auto check = readCheck(*message);
    ASSERT_TRUE(check.has_value());
    EXPECT_EQ(check->id, kId);
    EXPECT_EQ(check->localUfrag, "them");
    EXPECT_EQ(check->remoteUfrag, "us");
    EXPECT_EQ(check->priority, 12345u);
    EXPECT_EQ(check->role, role);
    EXPECT_EQ(check->tieBreaker, 0x0123456789abcdefu);
    EXPECT_TRUE(check->useCandidate);
  }
  const auto plain = request({"a:b", 1, Role::Controlling, 1, false});
  EXPECT_FALSE(readCheck(stun::Message::parse(plain).value())->useCandidate);
}

TEST(CheckMessage, fitsTheLongestUfrags) {
  const std::string username = std::string(256, 'a') + ":" + std::string(256, 'b');
  const auto bytes = request({username, 1, Role::Controlled, 1, true});
  ASSERT_FALSE(bytes.empty());
  EXPECT_LE(bytes.size(), 768u);  // Outbox::kMaxMessage
}

TEST(CheckMessage, incompleteRequestsAreNoChecks) {
  std::vector<std::uint8_t> room(512);
  auto k = key();
  const auto read = [&](stun::MessageWriter& w) {
    const std::size_t n = w.finish();
    return readCheck(stun::Message::parse(ConstBytes(room).first(n)).value()).has_value();
  };
  {
    stun::MessageWriter w(room, stun::Method::Binding, stun::Class::Request, kId);
    w.text(stun::attr::kUsername, "a:b");
    EXPECT_FALSE(read(w)) << "no integrity";
  }
  {
    stun::MessageWriter w(room, stun::Method::Binding, stun::Class::Request, kId);
    w.integrity(k);
    EXPECT_FALSE(read(w)) << "no username";
  }
  {
    stun::MessageWriter w(room, stun::Method::Binding, stun::Class::Request, kId);
    w.text(stun::attr::kUsername, "ab");
    w.integrity(k);
    EXPECT_FALSE(read(w)) << "one fragment only";
  }
  {
    stun::MessageWriter w(room, stun::Method::Binding, stun::Class::Request, kId);
    w.text(stun::attr::kUsername, "a:b");
    w.u32(stun::attr::kIceControlling, 1);
    w.integrity(k);
    EXPECT_FALSE(read(w)) << "a tie-breaker of four bytes";
  }
}

TEST(CheckMessage, answersAreNotLargerThanRequests) {
  std::vector<std::uint8_t> room(512);
  auto k = key();
  const auto smallest = request({"abcd:efgh", 1, Role::Controlled, 1, false});
  const Address v6 = *Address::parse("[2001:db8::1]:5");
  EXPECT_LE(writeCheckSuccess(room, kId, v6, k), smallest.size());
  EXPECT_LE(writeCheckError(room, kId, 487, {}, &k), smallest.size());
  EXPECT_LE(writeCheckError(room, kId, 401, {}, nullptr), 64u);
}

TEST(CheckMessage, errorsCarryTheirCode) {
  std::vector<std::uint8_t> room(512);
  auto k = key();
  const stun::AttributeType unknown[] = {0x7abc};
  const std::size_t n = writeCheckError(room, kId, 420, unknown, &k);
  const auto message = stun::Message::parse(ConstBytes(room).first(n)).value();
  EXPECT_EQ(stun::decodeErrorCode(*message.find(stun::attr::kErrorCode))->code, 420);
  EXPECT_TRUE(message.has(stun::attr::kUnknownAttributes));
  EXPECT_TRUE(message.verify(k));
}

}  // namespace
}  // namespace parley::ice
