#include <gtest/gtest.h>

#include <array>

#include "ice/mdns_message.h"
#include "ice/mdns_service.h"

namespace parley::ice {
namespace {

constexpr const char* kName = "1f4712db-ea17-4bcf-a596-105139dfd8bf.local";
const IpAddress kAddress = IpAddress::v4(192, 168, 1, 7);

std::vector<std::uint8_t> query(std::string_view name, bool unicast) {
  std::vector<std::uint8_t> room(1024);
  room.resize(writeMdnsQuery(room, name, unicast));
  return room;
}
std::vector<std::uint8_t> response(std::string_view name, std::vector<IpAddress> addresses,
                                   std::uint32_t ttl = 120) {
  std::vector<std::uint8_t> room(1024);
  room.resize(writeMdnsResponse(room, name, addresses, ttl, nullptr));
  return room;
}

TEST(MdnsMessage, aQuestionIsReadAsWritten) {
  const auto message = parseMdns(query(kName, true));
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(message->response);
  ASSERT_EQ(message->questions.size(), 2u);
  EXPECT_EQ(message->questions[0].name, kName);
  EXPECT_EQ(message->questions[0].type, 1);
  EXPECT_EQ(message->questions[1].type, 28);
  EXPECT_TRUE(message->questions[0].unicastResponse);
  EXPECT_FALSE(parseMdns(query(kName, false))->questions[0].unicastResponse);
}

TEST(MdnsMessage, anAnswerIsReadAsWritten) {
  const IpAddress v6 = *IpAddress::parse("2001:db8::7");
  const auto message = parseMdns(response(kName, {kAddress, v6}));
  ASSERT_TRUE(message.ok());
  EXPECT_TRUE(message->response);
  ASSERT_EQ(message->answers.size(), 2u);
  EXPECT_EQ(message->answers[0].name, kName);
  EXPECT_EQ(message->answers[0].address, kAddress);
  EXPECT_EQ(message->answers[0].ttl, 120u);
  EXPECT_EQ(message->answers[1].address, v6);
}

// As Avahi answers: the question repeated, the name in the record a pointer to it.
TEST(MdnsMessage, compressedNamesAreFollowed) {
  std::vector<std::uint8_t> bytes = {
      0, 0, 0x84, 0, 0, 1,    0,  1, 0, 0,    0, 0, 3, 'F', 'o', 'o', 5, 'l', 'o', 'c', 'a', 'l',
      0, 0, 1,    0, 1, 0xC0, 12, 0, 1, 0x80, 1, 0, 0, 0,   120, 0,   4, 10,  1,   2,   3};
  const auto message = parseMdns(bytes);
  ASSERT_TRUE(message.ok());
  ASSERT_EQ(message->answers.size(), 1u);
  EXPECT_EQ(message->answers[0].name, "foo.local");
  EXPECT_EQ(message->answers[0].address, IpAddress::v4(10, 1, 2, 3));
}

TEST(MdnsMessage, pointersThatDoNotGoBackAreRefused) {
  for (const std::uint8_t target : {std::uint8_t{12}, std::uint8_t{14}, std::uint8_t{40}}) {
    const std::vector<std::uint8_t> bytes = {0, 0, 0, 0,    0,      1, 0, 0, 0,
                                             0, 0, 0, 0xC0, target, 0, 1, 0, 1};
    EXPECT_FALSE(parseMdns(bytes).ok()) << int{target};
  }
}

TEST(MdnsMessage, everyTruncationIsRefusedOrShorter) {
  const auto whole = response(kName, {kAddress});
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(parseMdns(ConstBytes(whole).first(n)).ok()) << n;
}

TEST(MdnsMessage, namesOfTheWrongFormAreNotWritten) {
  for (const std::string& bad : {std::string{}, std::string{"a..local"},
                                 std::string(64, 'a') + ".local", std::string{".local"}}) {
    EXPECT_TRUE(query(bad, false).empty()) << bad;
  }
  std::array<std::uint8_t, 20> small{};
  EXPECT_EQ(writeMdnsQuery(small, kName, false), 0u);
}

TEST(MdnsMessage, countsAreBounded) {
  std::vector<std::uint8_t> bytes = {0, 0, 0x80, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0};
  for (int i = 0; i < 100; ++i)
    bytes.insert(bytes.end(), {1, 'a', 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4});
  const auto message = parseMdns(bytes);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->answers.size(), MdnsMessage::kMaxAnswers);
}

// ---- the service ----

class MdnsServiceTest : public testing::Test {
 protected:
  struct Sent {
    Path path;
    MdnsMessage message;
  };
  MdnsServiceTest() { EXPECT_TRUE(service.addLink(kLink, *Address::parse("192.168.1.7:5353"))); }
  std::vector<Sent> drainAll() {
    std::vector<Sent> sent;
    std::vector<std::uint8_t> arena(65'536);
    std::vector<Transmit> items(8);
    TransmitBatch batch{arena, items};
    drain(
        service, batch, now,
        [&](const TransmitBatch& full) {
          for (const Transmit& t : full.trains()) {
            const Train train{t.path, full.bytes(t), t.segmentSize};
            for (std::size_t i = 0; i < train.size(); ++i)
              sent.push_back({t.path, parseMdns(train[i]).value()});
          }
        },
        [&](MdnsService::Event& e) { events.push_back(e); });
    return sent;
  }
  std::vector<Sent> give(const char* from, std::vector<std::uint8_t> bytes) {
    const Path path{kLink, Transport::Udp, *Address::parse("192.168.1.7:5353"),
                    *Address::parse(from)};
    service.handleDatagrams(Train{path, bytes}, now);
    return drainAll();
  }
  static constexpr LinkId kLink{1};
  MdnsService service;
  Time now = Time{} + 10s;
  std::vector<MdnsService::Event> events;
};

TEST_F(MdnsServiceTest, asksTheGroupAndHearsTheAnswer) {
  ASSERT_TRUE(service.resolve(kName, now));
  const auto sent = drainAll();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].path.remote, *Address::parse("224.0.0.251:5353"));
  EXPECT_TRUE(sent[0].message.questions[0].unicastResponse);
  give("192.168.1.9:5353", response(kName, {kAddress}));
  ASSERT_EQ(events.size(), 1u);
  const auto* resolved = std::get_if<MdnsResolved>(&events[0]);
  ASSERT_NE(resolved, nullptr);
  EXPECT_EQ(resolved->name, kName);
  EXPECT_EQ(resolved->address, kAddress);
  EXPECT_EQ(service.nextTimeout(), kNever);
}

TEST_F(MdnsServiceTest, asksThreeTimesThenGivesUp) {
  const Time start = now;
  ASSERT_TRUE(service.resolve(kName, now));
  std::vector<Duration> asked;
  for (;;) {
    for (const Sent& s : drainAll()) {
      asked.push_back(now - start);
      EXPECT_EQ(s.message.questions[0].unicastResponse, asked.size() == 1);
    }
    if (service.nextTimeout() == kNever) break;
    now = service.nextTimeout();
    service.handleTimeout(now);
  }
  EXPECT_EQ(asked, (std::vector<Duration>{0s, 1s, 3s}));
  EXPECT_EQ(now - start, 5s);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<MdnsFailed>(events[0]));
}

TEST_F(MdnsServiceTest, answersThatNobodyAskedForOrThatAreForgedAreNone) {
  ASSERT_TRUE(service.resolve(kName, now));
  drainAll();
  give("192.168.1.9:5353", response("other.local", {kAddress}));
  give("192.168.1.9:40000", response(kName, {kAddress}));
  give("192.168.1.9:5353", response(kName, {kAddress}, 0));
  EXPECT_TRUE(events.empty());
}

TEST_F(MdnsServiceTest, answersForItsOwnNamesOnly) {
  ASSERT_TRUE(service.publish(kName, kAddress));
  EXPECT_TRUE(give("192.168.1.9:5353", query("other.local", false)).empty());
  const auto sent = give("192.168.1.9:5353", query(kName, false));
  ASSERT_EQ(sent.size(), 1u) << "to A, not to AAAA";
  EXPECT_EQ(sent[0].path.remote, MdnsService::group(Family::V4));
  EXPECT_TRUE(sent[0].message.response);
  EXPECT_EQ(sent[0].message.answers.at(0).address, kAddress);
  service.withdraw(kName);
  EXPECT_TRUE(give("192.168.1.9:5353", query(kName, true)).empty());
}

TEST_F(MdnsServiceTest, answersStraightWhoWantsItAndOrdinaryDnsWithItsQuestion) {
  ASSERT_TRUE(service.publish(kName, kAddress));
  const auto straight = give("192.168.1.9:5353", query(kName, true));
  ASSERT_EQ(straight.size(), 1u);
  EXPECT_EQ(straight[0].path.remote, *Address::parse("192.168.1.9:5353"));
  auto legacy = query(kName, false);
  legacy[1] = 77;
  const auto echoed = give("192.168.1.9:40000", legacy);
  ASSERT_EQ(echoed.size(), 1u);
  EXPECT_EQ(echoed[0].path.remote, *Address::parse("192.168.1.9:40000"));
  EXPECT_EQ(echoed[0].message.id, 77);
  EXPECT_EQ(echoed[0].message.questions.size(), 1u);
  EXPECT_LE(echoed[0].message.answers.at(0).ttl, 10u);
}

TEST_F(MdnsServiceTest, tellsTheGroupOnceASecond) {
  ASSERT_TRUE(service.publish(kName, kAddress));
  EXPECT_EQ(give("192.168.1.9:5353", query(kName, false)).size(), 1u);
  now += 999ms;
  EXPECT_EQ(give("192.168.1.10:5353", query(kName, false)).size(), 0u);
  now += 1ms;
  EXPECT_EQ(give("192.168.1.10:5353", query(kName, false)).size(), 1u);
}

TEST_F(MdnsServiceTest, itsOwnNamesAreKnownWithoutAsking) {
  ASSERT_TRUE(service.publish(kName, kAddress));
  ASSERT_TRUE(service.resolve(kName, now));
  EXPECT_TRUE(drainAll().empty());
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<MdnsResolved>(events[0]).address, kAddress);
}

TEST_F(MdnsServiceTest, tablesAreBounded) {
  for (std::size_t i = 0; i < MdnsService::kMaxPublished; ++i)
    ASSERT_TRUE(service.publish("p" + std::to_string(i) + ".local", kAddress));
  EXPECT_FALSE(service.publish("more.local", kAddress));
  EXPECT_TRUE(service.publish("p1.local", kAddress)) << "the same again";
  for (std::size_t i = 0; i < MdnsService::kMaxPending; ++i)
    ASSERT_TRUE(service.resolve("q" + std::to_string(i) + ".local", now));
  EXPECT_FALSE(service.resolve("more.local", now));
  EXPECT_FALSE(service.resolve("not a name", now));
  service.cancel("q1.local");
  EXPECT_TRUE(service.resolve("more.local", now));
}

}  // namespace
}  // namespace parley::ice
