// The sample messages of RFC 5769 and of RFC 8489 appendix B.1, read, verified and written again.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/base64.h"
#include "stun/attributes.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/message_writer.h"

namespace parley::stun {
namespace {

constexpr const char* kPassword = "VOkJxbRl1RmTxUk/WvJxBt";
constexpr const char* kMatrix = "\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9";

std::vector<std::uint8_t> vectorFile(const std::string& name) {
  std::ifstream in(std::string(PARLEY_SOURCE_DIR) + "/tests/vectors/stun/" + name + ".hex");
  EXPECT_TRUE(in.good()) << name;
  std::string hex;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind('#', 0) == 0) continue;
    for (const char c : line) {
      if (c != ' ') hex += c;
    }
  }
  const auto bytes = hexDecode(hex);
  EXPECT_TRUE(bytes) << name;
  return *bytes;
}

crypto::HmacKey shortTerm() {
  return {crypto::HmacAlgorithm::Sha1, asBytes(kPassword)};
}

// Writes the message again, attribute by attribute. Padding is ours (zero), so that only vectors
// padded with zeros come out equal.
std::vector<std::uint8_t> rewrite(const Message& m, crypto::HmacKey& key) {
  std::vector<std::uint8_t> out(1024);
  MessageWriter w(out, m.type(), m.transactionId());
  for (const Attribute a : m.attributes())
    w.attribute(a.type, a.value);
  w.integrity(key);
  if (m.hasFingerprint()) w.fingerprint();
  out.resize(w.finish());
  return out;
}

TEST(Rfc5769, request) {
  const auto bytes = vectorFile("rfc5769_2_1_request");
  const auto m = Message::parse(bytes);
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(m->method(), Method::Binding);
  EXPECT_EQ(m->messageClass(), Class::Request);
  EXPECT_EQ(asText(*m->find(attr::kUsername)), "evtj:h6vY");
  EXPECT_EQ(asText(*m->find(attr::kSoftware)), "STUN test client");
  EXPECT_EQ(decodeU32(*m->find(attr::kPriority)), 0x6e0001ffu);
  EXPECT_EQ(decodeU64(*m->find(attr::kIceControlled)), 0x932ff9b151263b36u);
  EXPECT_TRUE(m->hasFingerprint());
  auto key = shortTerm();
  EXPECT_TRUE(m->verify(key));
  crypto::HmacKey other(crypto::HmacAlgorithm::Sha1, asBytes("another"));
  EXPECT_FALSE(m->verify(other));
}

TEST(Rfc5769, responses) {
  const std::pair<const char*, const char*> cases[] = {
      {"rfc5769_2_2_ipv4_response", "192.0.2.1:32853"},
      {"rfc5769_2_3_ipv6_response", "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
  };
  for (const auto& [name, address] : cases) {
    const auto bytes = vectorFile(name);
    const auto m = Message::parse(bytes);
    ASSERT_TRUE(m.ok()) << name;
    EXPECT_EQ(m->messageClass(), Class::Success);
    const auto mapped = decodeXorAddress(*m->find(attr::kXorMappedAddress), m->transactionId());
    ASSERT_TRUE(mapped);
    EXPECT_EQ(mapped->toString(), address);
    auto key = shortTerm();
    EXPECT_TRUE(m->verify(key));
  }
}

TEST(Rfc5769, longTermRequest) {
  const auto bytes = vectorFile("rfc5769_2_4_long_term");
  const auto m = Message::parse(bytes);
  ASSERT_TRUE(m.ok());
  EXPECT_EQ(asText(*m->find(attr::kUsername)), kMatrix);
  const LongTermKey longTerm(PasswordAlgorithm::Md5, kMatrix, "example.org", "TheMatrIX");
  crypto::HmacKey key(crypto::HmacAlgorithm::Sha1, longTerm.bytes());
  EXPECT_TRUE(m->verify(key));
  EXPECT_EQ(rewrite(*m, key), bytes);
}

TEST(Rfc8489, sha256RequestWithUserhash) {
  const auto bytes = vectorFile("rfc8489_b_1_sha256");
  const auto m = Message::parse(bytes);
  ASSERT_TRUE(m.ok());
  const auto hash = userhash(kMatrix, "example.org");
  EXPECT_EQ(hexEncode(*m->find(attr::kUserhash)), hexEncode(hash));
  EXPECT_EQ(decodePasswordAlgorithm(*m->find(attr::kPasswordAlgorithm)), 2);
  EXPECT_EQ(m->integrity(), Integrity::Sha256);
  const LongTermKey longTerm(PasswordAlgorithm::Sha256, kMatrix, "example.org", "TheMatrIX");
  crypto::HmacKey key(crypto::HmacAlgorithm::Sha256, longTerm.bytes());
  EXPECT_TRUE(m->verify(key));
  EXPECT_EQ(rewrite(*m, key), bytes);
}

// RFC 8489 section 9.2.2 gives this one in words.
TEST(LongTermKey, holdsTheExampleOfTheRfc) {
  const LongTermKey key(PasswordAlgorithm::Md5, "user", "realm", "pass");
  EXPECT_EQ(hexEncode(key.bytes()), "8493fbc53ba582fb4c044c456bdc40eb");
}

}  // namespace
}  // namespace parley::stun
